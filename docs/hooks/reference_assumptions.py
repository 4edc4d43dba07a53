"""The page of assumptions: each `ASSUMPTION:` of the code, with what would settle it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import simulator
from page_parts import cell, table

_PACKAGE = Path(simulator.__file__).parent
_MARK = "ASSUMPTION:"


@dataclass(frozen=True, slots=True)
class Assumption:
    """An `ASSUMPTION:` of the code."""

    file: str  # relative to the package's folder
    line: int
    text: str
    code: str  # the line of code that it is about; empty in a docstring


def assumptions_page() -> str:
    """Return the page, with a table for each package."""
    found = sorted(assumptions(), key=lambda assumption: (assumption.file, assumption.line))
    about = "What AWS or another platform has not published is a setting with a default. The code marks each with"
    parts = ["# Assumptions\n", f"{about} `{_MARK}` and says what would settle it. There are {len(found)}.\n"]
    for package in dict.fromkeys(assumption.file.partition("/")[0] for assumption in found):
        rows = [
            [
                f"`{assumption.file}:{assumption.line}`",
                f"`{cell(assumption.code)}`" if assumption.code else "",
                cell(assumption.text),
            ]
            for assumption in found
            if assumption.file.partition("/")[0] == package
        ]
        parts += [f"## {package}\n", table(["where", "what", "the assumption"], rows)]
    return "\n".join(parts)


def assumptions() -> Iterator[Assumption]:
    """Yield all assumptions of the package `simulator`."""
    for path in sorted(_PACKAGE.rglob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if _MARK in line:
                yield _assumption(path.relative_to(_PACKAGE).as_posix(), lines, number)


def _assumption(file: str, lines: list[str], number: int) -> Assumption:
    before, _, text = lines[number].partition(_MARK)
    is_comment = "#" in before
    parts, last = [text.strip()], number
    for following in lines[number + 1 :]:
        stripped = following.strip()
        continues = stripped.startswith("#") if is_comment else bool(stripped) and '"""' not in stripped
        if not continues or _MARK in stripped or (before.partition("#")[0].strip() and is_comment):
            break
        parts.append(stripped.lstrip("# "))
        last += 1
    about = before.partition("#")[0].strip() or (
        lines[last + 1].strip() if is_comment and last + 1 < len(lines) else ""
    )
    return Assumption(file, number + 1, re.sub(r'\s*"""$', "", " ".join(parts)), about.partition("  #")[0])
