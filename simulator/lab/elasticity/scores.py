"""Scores that compare autoscalers with each other by their elasticity metrics: pairwise, fractional, worst case.

Ilyushkin et al., "An Experimental Performance Evaluation of Autoscaling Policies for Complex Workflows", ICPE 2017, doi
10.1145/3030207.3030214, and Bauer et al., "Chameleon". The metrics are the five of which lower is better: theta_U,
theta_O, tau_U, tau_O and upsilon (elasticity.py).

    pairwise    for each other autoscaler and each metric, one point for the lower value and half a point for an equal
                one; in percent of the possible points, 100 x points / ((autoscalers - 1) x metrics)
    fractional  the distance from an ideal autoscaler that has the best value of each metric: the mean over the metrics
                of (value - best) / best, in percent. 0: the best in every metric
    worst case  sigma of the worst run

ASSUMPTION: all three are from memory (facts policies 2 has no formula): that an equal value is half a point, that the
fractional differences are averaged, and that the worst is over the runs of a case; the articles would settle it.

The first two depend on the group of autoscalers. A group contains those whose demand is counted in the same instances
(`basis_of`, slo_demand.py), without the oracles, which cannot be chosen as a policy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from simulator.lab.elasticity.elasticity import LEAST_PERCENT, Elasticity

METRICS: Final = (
    "under_provisioned_amount",
    "over_provisioned_amount",
    "under_provisioned_time",
    "over_provisioned_time",
    "instability",
)
# Sums of floats differ in their last digits: metrics that are this close, in percent, count as equal.
_EQUAL_PERCENT: Final = 1e-9

Runs = Sequence[Elasticity | None]
Columns = dict[str, list[float | None]]


def pairwise_scores(runs: Sequence[Elasticity]) -> list[float]:
    """Return the points of two or more autoscalers on the same traffic, each in percent of the possible points."""
    most = (len(runs) - 1) * len(METRICS)
    return [
        100 * math.fsum(_points(ours, other) for place, other in enumerate(runs) if place != number) / most
        for number, ours in enumerate(runs)
    ]


def fractional_scores(runs: Sequence[Elasticity]) -> list[float]:
    """Return by how much each autoscaler is above the best value of every metric, on average, in percent.

    All must have the same traffic. A fraction of a best value of 0 is undefined, so LEAST_PERCENT replaces 0, as in the
    elastic speedup.
    """
    given = [[max(value, LEAST_PERCENT) for value in _values(run)] for run in runs]
    best = [min(column) for column in zip(*given, strict=True)]
    return [
        100 * math.fsum((value - least) / least for value, least in zip(values, best, strict=True)) / len(METRICS)
        for values in given
    ]


def worst_sigma(runs: Runs) -> float | None:
    """Return the auto-scaling deviation of the worst run; None if no run has one."""
    return max((run.sigma for run in runs if run is not None), default=None)


def score_columns(group: Mapping[str, Runs]) -> dict[str, Columns]:
    """Return `pairwise` and `fractional` of each autoscaler of a `group` with the same demand, run by run.

    A run without metrics of one of them has no scores, because the others would be compared within a smaller group than
    in the other runs.
    """
    columns: dict[str, Columns] = {label: {"pairwise": [], "fractional": []} for label in group}
    for of_seed in zip(*group.values(), strict=True):
        known = [run for run in of_seed if run is not None]
        compared = len(known) == len(of_seed) > 1
        scores = zip(pairwise_scores(known), fractional_scores(known), strict=True) if compared else None
        for own in columns.values():
            points, distance = (None, None) if scores is None else next(scores)
            own["pairwise"].append(points)
            own["fractional"].append(distance)
    return columns


def _values(run: Elasticity) -> list[float]:
    return [getattr(run, name) for name in METRICS]


def _points(ours: Elasticity, other: Elasticity) -> float:
    return math.fsum(
        0.5 if abs(mine - theirs) <= _EQUAL_PERCENT else float(mine < theirs)
        for mine, theirs in zip(_values(ours), _values(other), strict=True)
    )
