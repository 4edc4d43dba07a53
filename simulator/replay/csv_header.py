"""The header of a CSV file: each name once, or a row's value could be another column's."""

from __future__ import annotations

from collections.abc import Sequence


def repetition(names: Sequence[str]) -> str:
    """Which name stands twice, and where: `n is column 2 and column 3`; empty when none does.

    Names that are left out, or that begin like a number or a time, are none: a first line of values is no header.
    """
    for second, name in enumerate(names):
        first = names.index(name)
        if first < second and name and not (name[0].isdigit() or name[0] in "+-."):
            return f"{name} is column {first + 1} and column {second + 1}"
    return ""
