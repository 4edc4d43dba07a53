"""The result of each candidate over all cases of a comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simulator.lab.compare.comparison import CasePart, OverallPart, RowPart
from simulator.lab.statistics import geometric_mean


def overall_parts(cases: Sequence[CasePart], labels: Sequence[str]) -> list[OverallPart]:
    """Return the candidates by score over all cases; those that pass in every case come first."""
    parts = [_over_all(cases, label) for label in labels]
    return sorted(parts, key=lambda part: (bool(part.failing), math.inf if part.score is None else part.score))


def _over_all(cases: Sequence[CasePart], label: str) -> OverallPart:
    rows = [row for case in cases for row in case.rows if row.candidate == label]
    usd = [row.estimates.get("run_usd") for row in rows]
    misses = [_misses(row) for row in rows]
    asked = math.fsum(requests for requests, _ in misses)
    return OverallPart(
        candidate=label,
        score=_geometric(rows, "score"),
        regret=_geometric(rows, "regret"),
        slo_miss_ratio=math.fsum(missed for _, missed in misses) / asked if asked else None,
        run_usd=math.fsum(one.mean for one in usd if one is not None) if all(usd) else None,
        failing=list(dict.fromkeys(text for row in rows for text in row.failing)),
    )


def _geometric(rows: Sequence[RowPart], figure: str) -> float | None:
    means = [row.estimates[figure].mean for row in rows if figure in row.estimates]
    return geometric_mean(means) if len(means) == len(rows) else None


def _misses(row: RowPart) -> tuple[float, float]:
    """Return (requests, requests that missed the SLO), summed over all runs."""
    pairs = list(zip(row.values["requests"], row.values["slo_miss_ratio"], strict=True))
    return math.fsum(a or 0 for a, _ in pairs), math.fsum((a or 0) * (b or 0) for a, b in pairs)
