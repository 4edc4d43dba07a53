"""Validation: published inputs and outputs against what comes out here."""
