"""Small pieces of Markdown that generated pages are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    """`text` as it may stand in a table: on one line, and no column of its own. In code a bar needs no backslash."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") else part.replace("|", "\\|").replace("<", "&lt;") for part in parts)


def code(text: str) -> str:
    """`text` as code in a table; nothing for nothing."""
    return f"`{' '.join(text.split())}`" if text else ""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are Markdown already."""
    lines = [list(headings), ["---"] * len(headings), *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def anchor(heading: str) -> str:
    """What MkDocs makes of a heading of letters, digits and dashes."""
    return heading.lower().replace(" ", "-")
