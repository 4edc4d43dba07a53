"""The error for a template that cannot be used, with AWS's text."""

from __future__ import annotations


class TemplateError(ValueError):
    """The template or the values of its parameters are invalid. The message is that of AWS's ValidationError."""
