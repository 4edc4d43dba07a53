"""A call that has no result."""

from __future__ import annotations


class ToolFailure(Exception):
    """A call cannot be answered. The message names the argument, its value and what is expected."""
