"""The header of a CSV file. Names must be unique, because a repeated name makes the column of a value ambiguous."""

from __future__ import annotations

from collections.abc import Sequence


def repetition(names: Sequence[str]) -> str:
    """Describe a repeated name and its columns: `n is column 2 and column 3`; empty if no name repeats.

    Empty names, and names that begin like a number or a time, are ignored, because a first line of values is no header.
    """
    for second, name in enumerate(names):
        first = names.index(name)
        if first < second and name and not (name[0].isdigit() or name[0] in "+-."):
            return f"{name} is column {first + 1} and column {second + 1}"
    return ""
