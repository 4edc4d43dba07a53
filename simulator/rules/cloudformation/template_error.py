"""A template that cannot be used, in AWS's words."""

from __future__ import annotations


class TemplateError(ValueError):
    """The template, or the values for its parameters, are wrong. The message is that of AWS's ValidationError."""
