"""Figures that need several rows of a comparison: which candidates are compared, and on which runs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from simulator.lab.compare.elasticity import Column, add_elasticity, worst_case
from simulator.lab.compare.run import ServiceOutcome
from simulator.lab.elasticity.elasticity import Elasticity

Outcomes = Sequence[ServiceOutcome | None]


def of(percent: float) -> Elasticity:
    """A run of which all five metrics have this value."""
    return Elasticity(percent, percent, percent, percent, percent, 0, 0)


def outcome(percent: float | None, basis: str = "same") -> ServiceOutcome:
    return ServiceOutcome({}, None if percent is None else of(percent), None, basis=basis)


def added(found: dict[str, Outcomes], baseline: str, *oracles: str) -> dict[str, dict[str, Column]]:
    columns: dict[str, dict[str, Column]] = {label: {} for label in found}
    add_elasticity(columns, found, baseline, oracles)
    return columns


def test_the_speedup_is_against_the_run_of_the_baseline_with_the_same_seed() -> None:
    columns = added({"base": [outcome(40), outcome(10)], "ours": [outcome(20), outcome(20)]}, "base")
    assert columns["base"]["elastic_speedup"] == pytest.approx([1, 1])
    assert columns["ours"]["elastic_speedup"] == pytest.approx([2, 0.5])


def test_a_run_that_failed_has_no_speedup_and_leaves_no_scores_to_the_others() -> None:
    columns = added({"base": [outcome(40), outcome(40)], "ours": [None, outcome(20)]}, "base")
    assert columns["ours"]["elastic_speedup"][0] is None
    assert columns["ours"]["elastic_speedup"][1] == pytest.approx(2)
    for label, points in (("base", 0), ("ours", 100)):
        assert columns[label]["pairwise"] == [None, points]


def test_candidates_with_another_demand_are_not_compared() -> None:
    columns = added({"base": [outcome(40)], "other": [outcome(20, basis="smaller instances")]}, "base")
    assert columns["other"]["elastic_speedup"] == [None]
    assert columns["other"]["pairwise"] == columns["base"]["pairwise"] == [None]


def test_an_oracle_gets_no_scores_and_takes_no_points_from_others() -> None:
    found: dict[str, Outcomes] = {"base": [outcome(40)], "ours": [outcome(20)], "oracle": [outcome(1)]}
    columns = added(found, "base", "oracle")
    assert columns["ours"]["pairwise"] == [100]
    assert columns["ours"]["fractional"] == [0]
    assert set(columns["oracle"]) == {"elastic_speedup"}


def test_the_worst_case_is_the_run_with_the_largest_deviation_and_no_interval() -> None:
    worst = worst_case([outcome(10), None, outcome(30), outcome(20)])
    assert worst is not None
    assert worst.mean == pytest.approx(of(30).sigma) == pytest.approx(30 * 5 ** (1 / 4))
    assert (worst.low, worst.high, worst.count) == (None, None, 3)
    assert worst_case([None, outcome(None)]) is None
