"""Functions for the Markdown of generated pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    """Return `text` for a cell of a table: on one line, with `|` and `<` escaped, except in code."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") else part.replace("|", "\\|").replace("<", "&lt;") for part in parts)


def code(text: str) -> str:
    """Return `text` as inline code; empty for an empty text."""
    return f"`{' '.join(text.split())}`" if text else ""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. `rows`: cells in Markdown."""
    lines = [list(headings), ["---"] * len(headings), *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def anchor(heading: str) -> str:
    """Return MkDocs' anchor of a heading that consists of letters, digits, blanks and dashes."""
    return heading.lower().replace(" ", "-")
