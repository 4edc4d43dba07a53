"""Validation: published inputs and outputs against what comes out here."""

PUBLIC_MODULES = (
    "case",
    "validate",
)
