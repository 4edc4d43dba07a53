"""Elasticity figures that depend on several rows: the speedup over the baseline, and the scores within a group."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from simulator.lab.compare.run import ServiceOutcome
from simulator.lab.elasticity.elasticity import elastic_speedup
from simulator.lab.elasticity.scores import Runs, score_columns, worst_sigma
from simulator.lab.statistics import Estimate

Outcomes = Sequence[ServiceOutcome | None]
Column = list[float | None]


def add_elasticity(
    columns: dict[str, dict[str, Column]], found: Mapping[str, Outcomes], baseline: str, oracles: Collection[str]
) -> None:
    """Add `elastic_speedup`, `pairwise` and `fractional` to `columns`, seed by seed.

    `found` maps a candidate to its runs.
    """
    groups: dict[str, dict[str, Runs]] = {}
    for label, runs in found.items():
        columns[label]["elastic_speedup"] = _eta(found[baseline], runs)
        basis = next((run.basis for run in runs if run is not None), "")
        if label not in oracles:
            groups.setdefault(basis, {})[label] = [None if run is None else run.elasticity for run in runs]
    for group in groups.values():
        for label, scores in score_columns(group).items():
            columns[label].update(scores)


def worst_case(runs: Outcomes) -> Estimate | None:
    """Return `sigma_worst`, the value of the worst run; it has no confidence interval because it is not a mean."""
    known = [run.elasticity for run in runs if run is not None]
    worst = worst_sigma(known)
    return None if worst is None else Estimate(worst, None, None, len(known))


def _eta(baseline: Outcomes, ours: Outcomes) -> Column:
    pairs = [
        (None, None) if a is None or b is None or a.basis != b.basis else (a.elasticity, b.elasticity)
        for a, b in zip(baseline, ours, strict=True)
    ]
    return [None if a is None or b is None else elastic_speedup(a, b) for a, b in pairs]
