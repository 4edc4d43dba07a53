"""The factor by which the timeline of a scenario changes the rate of a source, over time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.scenario.sections.timeline_spec import EventSpec

Times = NDArray[np.float64]


class RateFactor(NamedTuple):
    """A factor on a source's rate over the run: `factors[i]` applies from `starts_s[i]` on.

    `starts_s` is ascending and begins with 0.
    """

    starts_s: tuple[float, ...] = (0.0,)
    factors: tuple[float, ...] = (1.0,)

    @property
    def is_one(self) -> bool:
        return all(factor == 1 for factor in self.factors)

    def at(self, times_s: Times) -> Times:
        """Return the factor at each of the times (>= 0)."""
        return np.asarray(self.factors)[np.searchsorted(self.starts_s, times_s, side="right") - 1]


STEADY: Final = RateFactor()


def rate_factor(timeline: Iterable[EventSpec], source_name: str) -> RateFactor:
    """Return the effect of the timeline's rate actions on one source.

    Of the actions in force at a time, the one that began last applies.
    """
    actions = [
        (event.at_s, math.inf if event.rate.for_s is None else event.at_s + event.rate.for_s, event.rate.factor)
        for event in timeline
        if event.rate is not None and event.rate.source in {None, source_name}
    ]
    actions.sort(key=lambda action: action[0])
    edges = sorted({0.0, *(begin for begin, _, _ in actions), *(end for _, end, _ in actions if end < math.inf)})
    factors = [next((factor for begin, end, factor in reversed(actions) if begin <= edge < end), 1.0) for edge in edges]
    return RateFactor(tuple(edges), tuple(factors))
