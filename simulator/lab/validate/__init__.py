"""Validation: published inputs and outputs, compared with the simulator's results."""

PUBLIC_MODULES = (
    "case",
    "faas",
    "page",
    "plots",
    "summary",
    "validate",
)
