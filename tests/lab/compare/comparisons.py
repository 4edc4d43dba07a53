"""Comparisons that are constructed or modified directly, for tests of their presentation."""

from __future__ import annotations

from typing import Any

from simulator.lab.compare.comparison import (
    Comparison,
    EstimatePart,
    RowPart,
)


def row_of(name: str, estimates: dict[str, EstimatePart], **more: Any) -> RowPart:
    return RowPart(candidate=name, values={}, estimates=estimates, differences={}, curve=None, **more)


def crowd(comparison: Comparison) -> Comparison:
    """Return the comparison with thirty more candidates that fail; two of them are equal, one of which cannot act."""
    document = comparison.model_dump()
    case = document["cases"][0]
    first, other = case["rows"][0], comparison.candidates[0].model_dump()
    names = [f"candidate-{number}" for number in range(30)]
    case["rows"] += [
        first | {"candidate": name, "failing": ["error rate 7.25 %"], "cannot_act": "why" * (number == 1)}
        for number, name in enumerate(names)
    ]
    case["equal"] = [names[:2]]
    document["candidates"] += [other | {"label": name} for name in names]
    return Comparison.model_validate(document)
