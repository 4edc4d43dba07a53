"""Held against a former comparison: which figures have become worse, so that a build can fail for it.

Runs with the same seeds are compared seed by seed, others as independent ones. A figure is worse when its mean is worse
by more than `tolerance` of what it was, and when that is no chance: the whole confidence interval of the difference
lies on the bad side or, with the same seeds, every single run has become worse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.lab.compare_figures import FIGURES
from simulator.lab.comparison import CasePart, Comparison, RowPart
from simulator.lab.statistics import independent, paired
from simulator.lab.tables import number_text

# What a service is run for: fast, whole, cheap. The rest explains these.
GUARDED: Final = ("latency_p95_s", "latency_p99_s", "loss_ratio", "slo_miss_ratio", "usd_per_million", "score")
TOLERANCE: Final = 0.01
# A ratio that was 0 has no share to be worse by: this much of a ratio, of a second or of a dollar does not count.
_LEAST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Worse:
    """A figure that got worse, in its own unit."""

    case: str
    contender: str
    figure: str
    before: float
    now: float

    def __str__(self) -> str:
        figure = FIGURES[self.figure]
        before, now = (number_text(value, figure.unit) for value in (self.before, self.now))
        return f"{self.case}: {self.contender}: {figure.heading} = {now}, must not be worse than {before}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`compared`: figures that both have. `missing`: cases and contenders that only the former comparison has."""

    worse: tuple[Worse, ...]
    compared: int
    missing: tuple[str, ...]


def held_against(now: Comparison, before: Comparison, tolerance: float = TOLERANCE) -> Verdict:
    """Every guarded figure of every contender that both comparisons have."""
    ours = {(case.name, row.contender): (case, row) for case in now.cases for row in case.rows}
    worse: list[Worse] = []
    compared, missing = 0, []
    for case in before.cases:
        for row in case.rows:
            if (case.name, row.contender) not in ours:
                missing.append(f"{case.name}: {row.contender}")
                continue
            pairs = list(_figures(*ours[case.name, row.contender], case, row, tolerance))
            compared += len(pairs)
            worse += [found for found in pairs if found is not None]
    return Verdict(tuple(worse), compared, tuple(missing))


def _figures(
    our_case: CasePart, our_row: RowPart, case: CasePart, row: RowPart, tolerance: float
) -> Iterator[Worse | None]:
    for name in GUARDED:
        mine, theirs = our_row.values.get(name, []), row.values.get(name, [])
        same_runs = our_case.seeds == case.seeds
        difference = paired(mine, theirs) if same_runs else independent(mine, theirs)
        if difference is None or name not in row.estimates:
            continue
        before = row.estimates[name].mean
        is_no_chance = difference.low > 0 or (same_runs and _all_worse(mine, theirs))
        is_worse = is_no_chance and difference.mean > max(tolerance * abs(before), _LEAST)
        found = Worse(case.name, row.contender, name, before, our_row.estimates[name].mean)
        yield found if is_worse else None


def _all_worse(ours: Sequence[float | None], theirs: Sequence[float | None]) -> bool:
    return all(a > b for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None)
