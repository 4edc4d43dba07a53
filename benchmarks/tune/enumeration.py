"""The true best setting of a space, by enumeration: every setting is played, and all that could be the best go on.

Every setting is played on a day. Those that hold the SLO there, or nearly, and cost at most a quarter more than the
cheapest that holds, are played on three further days, and of these all that held on each and cost at most 5 % more than
the cheapest on 40 days in all. The best is the cheapest that held on all 40.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Final, NamedTuple

from benchmarks.tune.outcomes import Outcomes
from simulator.lab.tune.play_setting import DayFigures
from simulator.lab.tune.played import held
from simulator.lab.tune.slo import excesses

TRUE_SEEDS: Final = range(500_000, 500_040)
_FEW: Final = 4
_NEARLY: Final = 0.2  # excess of the worst part
_DEARER: Final = 1.25
_CLOSE: Final = 1.05


class TrueBest(NamedTuple):
    """The best setting and what it costs. `place` None: no setting holds on all days."""

    place: int | None
    cost: float
    runs: int


def enumerated(outcomes: Outcomes) -> TrueBest:
    """Solve the space by enumeration."""
    plan, before = outcomes.plan, outcomes.asked
    first = dict(enumerate(outcomes.of(range(len(plan.space.settings)), TRUE_SEEDS[:1])))
    holding = [cost(days) for days in first.values() if _holds(outcomes, days)]
    limit = _DEARER * min(holding, default=float("inf"))
    near = [
        place
        for place, days in first.items()
        if not days[0].error and max(excesses(plan.slo, days[0].slo)) < _NEARLY and cost(days) <= limit
    ]
    some = dict(zip(near, outcomes.of(near, TRUE_SEEDS[:_FEW]), strict=True))
    lasting = {place: days for place, days in some.items() if _holds(outcomes, days)}
    while lasting:
        limit = _CLOSE * min(map(cost, lasting.values()))
        last = [place for place, days in lasting.items() if cost(days) <= limit]
        whole = dict(zip(last, outcomes.of(last, TRUE_SEEDS), strict=True))
        best = {place: cost(days) for place, days in whole.items() if _holds(outcomes, days)}
        if best:
            place = min(best, key=best.__getitem__)
            return TrueBest(place, best[place], outcomes.asked - before)
        lasting = {place: days for place, days in lasting.items() if place not in whole}
    return TrueBest(None, float("inf"), outcomes.asked - before)


def cost(days: Sequence[DayFigures]) -> float:
    """Return the mean of what is minimised."""
    return fmean(day.objective for day in days)


def share_held(outcomes: Outcomes, place: int) -> float:
    """Return the share of the true days on which a setting holds the SLO."""
    (days,) = outcomes.of([place], TRUE_SEEDS)
    return fmean(held(outcomes.plan.slo, day) for day in days)


def _holds(outcomes: Outcomes, days: Sequence[DayFigures]) -> bool:
    return all(held(outcomes.plan.slo, day) for day in days)
