"""The answers of a comparison, recomputed from its raw rows with numpy and scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from simulator.lab.answer.alternatives import COMPARED, SCORE
from simulator.lab.compare.comparison import CasePart, Comparison, OverallPart, RowPart
from simulator.lab.compare.summary.answers import case_answer, overall_answer
from tests.lab.answer.made import made, traffic
from tests.lab.compare.comparisons import row_of

FIGURES = (SCORE, *COMPARED)


def row(name: str, traffic_name: str, cost: float, **more: Any) -> RowPart:
    columns = made(name, traffic(traffic_name), cost, draw=traffic_name).columns
    return row_of(name, {}, **more).model_copy(
        update={"values": {key: list(column) for key, column in columns.items()}}
    )


def case(name: str, rows: list[RowPart]) -> CasePart:
    return CasePart(name=name, scenario=name, service="web", seeds=list(range(20)), slo_s=None, rows=rows)


def test_means_and_differences_are_those_of_the_rows(comparison: Comparison) -> None:
    (whole,) = comparison.cases
    answer = whole.answer
    assert answer is not None
    values = {row.candidate: row.values for row in whole.rows}
    passing = [row.candidate for row in whole.rows if not row.failing and not row.candidate.startswith("oracle")]
    assert answer.best == min(passing, key=lambda name: np.mean(np.asarray(values[name]["score"], dtype=float)))
    seen = set()
    for part in answer.differences:
        ours, theirs = (np.asarray(values[name][part.figure], dtype=float) for name in (part.alternative, part.against))
        expected = np.mean(ours) / np.mean(theirs) - 1 if part.unit == "share" else np.mean(ours - theirs)
        assert part.mean == pytest.approx(expected, abs=1e-12)
        seen.add((part.alternative, part.figure))
    assert {(name, figure.name) for name in ("knative", "cloud-run") for figure in FIGURES} <= seen
    assert not [part for part in answer.ranking if part.alternative.startswith("oracle")]


def test_of_equal_candidates_the_baseline_or_else_the_first_is_named() -> None:
    rows = [row("base", "one", 1.0), *(row(name, "one", 2.0) for name in ("twin", "other twin"))]
    rows.append(row("as base", "one", 1.0))
    answer = case_answer(rows, [["as base", "base"], ["twin", "other twin"]], {}, "base", "score")
    assert {rank.alternative for rank in answer.ranking} == {"base", "twin"}


def test_over_all_cases_a_figure_is_the_geometric_mean_of_the_cases() -> None:
    """The interval is that of the mean logarithm of the cases' ratios, which are independent of each other."""
    cases = [
        case(name, [row("base", name, base), row("other", name, other)])
        for name, base, other in (("small", 1.0, 0.9), ("large", 500.0, 600.0))
    ]
    overall = [
        OverallPart(candidate=name, score=None, regret=None, slo_miss_ratio=None, run_usd=None)
        for name in ("base", "other")
    ]
    answer = overall_answer(cases, overall, "base", "month_usd")
    (part,) = [
        part
        for part in answer.differences
        if (part.alternative, part.against, part.figure) == ("other", "base", "month_usd")
    ]
    logs, variance = [], 0.0
    for each in cases:
        base, other = (np.asarray(row.values["month_usd"], dtype=float) for row in each.rows)
        logs.append(np.log(other.mean() / base.mean()))
        variance += float(np.var(other / other.mean() - base / base.mean(), ddof=1)) / len(base) / len(cases) ** 2
    assert part.mean == pytest.approx(np.exp(np.mean(logs)) - 1, rel=1e-9)
    assert part.low is not None
    assert part.high is not None
    t = stats.t.ppf(1 - 0.05 / answer.comparisons / 2, 19)
    half = t * np.sqrt(variance) * np.exp(np.mean(logs))
    # The cases' runs with the same place are independent up to chance: their variances add up to within a third.
    assert (part.high - part.low) / 2 == pytest.approx(half, rel=1 / 3)


def test_a_candidate_that_fails_in_one_case_is_not_the_best_of_all() -> None:
    cases = [case(name, [row("base", name, 2.0), row("cheap", name, 1.0)]) for name in ("one", "two")]
    overall = [
        OverallPart(candidate=name, score=None, regret=None, slo_miss_ratio=None, run_usd=None, failing=failing)
        for name, failing in (("cheap", ["p95 < 1 s"]), ("base", []))
    ]
    assert overall_answer(cases, overall, "base", "score").best == "base"
