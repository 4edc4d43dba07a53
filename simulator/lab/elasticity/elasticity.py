"""SPEC's elasticity metrics: how well a supply of instances follows the demand (facts policies 2).

Herbst et al., "Ready for Rain?", SPEC-RG-2016-01; Bauer et al., Chameleon. `demand` is the fewest instances that meet
the SLO (slo_demand.py), `supply` the instances able to serve. All in percent, over [begin, end):

    theta_U  100/T x integral of max(demand - supply, 0) / demand     too few, weighted by the number missing
    theta_O  100/T x integral of max(supply - demand, 0) / demand     too many, weighted by the number in excess
    tau_U    100/T x time with supply < demand                        too few, for how long
    tau_O    100/T x time with supply > demand                        too many, for how long
    upsilon  share of steps in which supply and demand do not move the same way (instability)
    jitter   (changes of supply - changes of demand) / T, per hour; below 0 inert, above 0 nervous
    sigma    the auto-scaling deviation: the distance of the first five from the point where all are 0

A share of a demand of 0 is undefined: theta covers only the time with demand, and the supply during the other time is
counted separately as `idle_instance_s` (App Runner bills its memory).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.records.instance_time import StepFunction

# A candidate without any shortage has a theta of 0, and a quotient with 0 is undefined. This percentage, four seconds
# of an hour, replaces 0 in the elastic speedup.
LEAST_PERCENT: Final = 0.1
SIGMA_ORDER: Final = 4


@dataclass(frozen=True, slots=True)
class Elasticity:
    """The metrics of a run.

    All but the last two are in percent, and lower is better; `jitter_per_hour` is best at 0.
    """

    under_provisioned_amount: float
    over_provisioned_amount: float
    under_provisioned_time: float
    over_provisioned_time: float
    instability: float
    jitter_per_hour: float
    idle_instance_s: float

    @property
    def sigma(self) -> float:
        """The Minkowski distance from the ideal, in percent.

        ASSUMPTION: of order 4 (facts policies 2, from memory); the article on Chameleon would settle it.
        """
        parts = (
            self.under_provisioned_amount,
            self.over_provisioned_amount,
            self.under_provisioned_time,
            self.over_provisioned_time,
            self.instability,
        )
        return float(math.fsum(part**SIGMA_ORDER for part in parts) ** (1 / SIGMA_ORDER))


def elasticity(
    demand: NDArray[np.int64], supply: StepFunction, begin_s: float, end_s: float, step_s: float = 1.0
) -> Elasticity | None:
    """Return the metrics; None for a span without length or without demand.

    `demand[t]` is the demand during the second [t, t + 1) of the run; after the end of the array it is 0. `step_s`: the
    resolution of the demand, used as the step of the instability.
    """
    edges_s = _edges(len(demand), supply, begin_s, end_s)
    if len(edges_s) < 2:
        return None
    widths_s = np.diff(edges_s)
    needed, there = _needed(demand, edges_s[:-1]), _there(supply, edges_s[:-1])
    some = needed > 0
    busy_s = float(widths_s[some].sum())
    if busy_s == 0:
        return None
    gap = (there - needed)[some] / needed[some] * widths_s[some]
    total_s = end_s - begin_s
    return Elasticity(
        under_provisioned_amount=100 / busy_s * float(-gap[gap < 0].sum()),
        over_provisioned_amount=100 / busy_s * float(gap[gap > 0].sum()),
        under_provisioned_time=100 / total_s * float(widths_s[there < needed].sum()),
        over_provisioned_time=100 / total_s * float(widths_s[there > needed].sum()),
        instability=_instability(demand, supply, begin_s, end_s, step_s),
        jitter_per_hour=(_changes(there) - _changes(needed)) / total_s * 3600,
        idle_instance_s=float((there * widths_s)[~some].sum()),
    )


def elastic_speedup(baseline: Elasticity, ours: Elasticity) -> float:
    """Return the elastic speedup eta; above 1, `ours` follows the demand better (validation case 38)."""
    pairs = (
        (baseline.under_provisioned_amount, ours.under_provisioned_amount),
        (baseline.over_provisioned_amount, ours.over_provisioned_amount),
        (baseline.under_provisioned_time, ours.under_provisioned_time),
        (baseline.over_provisioned_time, ours.over_provisioned_time),
    )
    quotients = [max(theirs, LEAST_PERCENT) / max(mine, LEAST_PERCENT) for theirs, mine in pairs]
    return math.prod(quotients) ** (1 / len(quotients))


def _edges(seconds: int, supply: StepFunction, begin_s: float, end_s: float) -> NDArray[np.float64]:
    """Return the times, from `begin_s` to `end_s`, at which demand or supply may change."""
    moments = np.concatenate([np.arange(seconds + 1, dtype=np.float64), np.array(supply.times_s), [begin_s, end_s]])
    return np.unique(moments[(moments >= begin_s) & (moments <= end_s)])


def _needed(demand: NDArray[np.int64], moments_s: NDArray[np.float64]) -> NDArray[np.int64]:
    second = moments_s.astype(np.int64)
    inside = second < len(demand)
    return np.where(inside, demand[np.minimum(second, len(demand) - 1)], 0)


def _there(supply: StepFunction, moments_s: NDArray[np.float64]) -> NDArray[np.int64]:
    counts = np.array([0, *supply.counts])
    there: NDArray[np.int64] = counts[np.searchsorted(np.array(supply.times_s), moments_s, side="right")]
    return there


def _changes(counts: NDArray[np.int64]) -> int:
    return int(np.count_nonzero(np.diff(counts)))


def _instability(demand: NDArray[np.int64], supply: StepFunction, begin_s: float, end_s: float, step_s: float) -> float:
    """Return the instability: the share of whole steps in which supply and demand do not move the same way."""
    seconds = np.arange(math.ceil(begin_s / step_s) * step_s, math.floor(end_s), step_s, dtype=np.float64)
    if len(seconds) < 2:
        return 0.0
    moves = [np.sign(np.diff(counts)) for counts in (_needed(demand, seconds), _there(supply, seconds))]
    return 100 * float(np.mean(moves[0] != moves[1]))
