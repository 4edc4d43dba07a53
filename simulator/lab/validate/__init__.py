"""Validation: published inputs and outputs, compared with the simulator's results."""

PUBLIC_MODULES = (
    "case",
    "page",
    "plots",
    "summary",
    "validate",
)
