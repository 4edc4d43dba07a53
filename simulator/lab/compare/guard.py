"""Checks a comparison against an earlier one for figures that have become worse, so that a build can fail.

Runs with the same seeds are compared seed by seed, others as independent runs. A figure has become worse if its mean is
worse by more than `tolerance` times the earlier value and the difference is significant: its whole confidence interval
is on the worse side or, with the same seeds, every single run has become worse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.lab.compare.comparison import CasePart, Comparison, RowPart
from simulator.lab.compare.figures import FIGURES
from simulator.lab.statistics import Scope, independent, paired
from simulator.model.text.quantities import quantity_text

# The objectives of a service: latency, errors, cost. The other figures explain these.
GUARDED: Final = ("latency_p95_s", "latency_p99_s", "error_rate", "slo_miss_ratio", "usd_per_million", "score")
TOLERANCE: Final = 0.01
# If the earlier value is 0, a tolerance relative to it is 0 too: a smaller difference (ratio, seconds or USD) is
# ignored.
_LEAST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Worse:
    """A figure that has become worse, with both values in the figure's unit."""

    case: str
    candidate: str
    figure: str
    before: float
    now: float

    def __str__(self) -> str:
        figure = FIGURES[self.figure]
        before, now = (quantity_text(value, figure.unit) for value in (self.before, self.now))
        return f"{self.case}: {self.candidate}: {figure.heading} = {now}, must not be worse than {before}"


@dataclass(frozen=True, slots=True)
class GuardResult:
    """Result of the check. `compared` is the number of figures that both comparisons have.

    `missing`: figures that only the earlier one has. They fail the check unless that is allowed, so that removing a
    candidate cannot make a build pass.
    """

    worse: tuple[Worse, ...]
    compared: int
    missing: tuple[str, ...]

    def failed(self, *, allow_missing: bool) -> bool:
        return bool(self.worse) or (bool(self.missing) and not allow_missing)


def check_against(now: Comparison, before: Comparison, tolerance: float = TOLERANCE) -> GuardResult:
    """Check every guarded figure of every candidate that both comparisons have."""
    ours = {(case.name, row.candidate): (case, row) for case in now.cases for row in case.rows}
    cases = {case.name: case for case in now.cases}
    worse: list[Worse] = []
    missing: list[str] = []
    compared = 0
    for case in before.cases:
        if case.name in cases:
            missing += _missing_seeds(case, cases[case.name])
        for row in case.rows:
            if (case.name, row.candidate) not in ours:
                missing.append(f"{case.name}: {row.candidate} is no longer compared")
                continue
            our_case, our_row = ours[case.name, row.candidate]
            missing += _missing_figures(case, row, our_row)
            pairs = list(_figures(our_case, our_row, case, row, tolerance))
            compared += len(pairs)
            worse += [found for found in pairs if found is not None]
    return GuardResult(tuple(worse), compared, tuple(missing))


def _missing_seeds(before: CasePart, now: CasePart) -> Iterator[str]:
    gone = [seed for seed in before.seeds if seed not in now.seeds]
    if gone:
        yield (
            f"{before.name}: {len(now.seeds)} seeds ({_span(now.seeds)}) against {len(before.seeds)} "
            f"({_span(before.seeds)}) before: {len(gone)} of these are missing"
        )


def _span(seeds: Sequence[int]) -> str:
    return f"{min(seeds)} to {max(seeds)}" if seeds else "none"


def _missing_figures(case: CasePart, before: RowPart, now: RowPart) -> Iterator[str]:
    """Describe figures with fewer values than before, because more runs stopped with an error."""
    for name in GUARDED:
        was, is_now = (_known(row.values.get(name, [])) for row in (before, now))
        share_was, share_now = (
            count / max(1, len(row.values.get(name, []))) for count, row in ((was, before), (is_now, now))
        )
        if was and share_now < share_was:
            yield f"{case.name}: {before.candidate}: {FIGURES[name].heading} has values of {is_now} runs, {was} before"


def _known(values: Sequence[float | None]) -> int:
    return sum(value is not None for value in values)


def _figures(
    our_case: CasePart, our_row: RowPart, case: CasePart, row: RowPart, tolerance: float
) -> Iterator[Worse | None]:
    for name in GUARDED:
        mine, theirs = our_row.values.get(name, []), row.values.get(name, [])
        same_runs = our_case.seeds == case.seeds
        scope = Scope(FIGURES[name].least, FIGURES[name].most)
        difference = paired(mine, theirs, scope) if same_runs else independent(mine, theirs, scope)
        if difference is None or name not in row.estimates:
            continue
        before = row.estimates[name].mean
        is_no_chance = (difference.low or 0) > 0 or (same_runs and _all_worse(mine, theirs))
        is_worse = is_no_chance and difference.mean > max(tolerance * abs(before), _LEAST)
        found = Worse(case.name, row.candidate, name, before, our_row.estimates[name].mean)
        yield found if is_worse else None


def _all_worse(ours: Sequence[float | None], theirs: Sequence[float | None]) -> bool:
    return all(a > b for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None)
