"""Charts of a comparison as blocks."""

from __future__ import annotations

from simulator.lab.compare.comparison import Comparison, CurvePart
from simulator.lab.compare.page.charts import cost_and_latency, supply
from tests.lab.compare.comparisons import crowd, row_of


def test_points_have_the_means_and_intervals_of_the_rows_and_mark_those_that_fail(comparison: Comparison) -> None:
    case = comparison.cases[0]
    block = cost_and_latency(case)
    assert {point.series for point in block.points} >= {"configured", "knative", "cloud-run", "oracle"}
    rows = {row.candidate: row for row in case.rows}
    for point in block.points:
        cost, latency = (rows[point.series].estimates[name] for name in ("usd_per_million", "latency_p95_s"))
        assert point.x == (cost.mean, cost.low, cost.high)
        assert point.y == (latency.mean, latency.low, latency.high)
        assert point.is_failing == (bool(rows[point.series].failing) and not point.series.startswith("oracle"))
    front = [point for point in block.points if point.is_on_front]
    passing = [point for point in block.points if not point.is_failing and not point.series.startswith("oracle")]
    for point in front:
        assert not [one for one in passing if one.x[0] < point.x[0] and one.y[0] < point.y[0]]
    assert len(front) >= 1


def test_equal_candidates_are_one_point_that_says_how_many(comparison: Comparison) -> None:
    names = [point.name for point in cost_and_latency(crowd(comparison).cases[0]).points]
    assert "candidate-0 (and 1 equal)" in names
    assert "candidate-1" not in names
    assert len([name for name in names if name.startswith("candidate-")]) == 29


def test_curves_are_those_of_the_first_seed_in_the_order_of_the_objective(comparison: Comparison) -> None:
    case = comparison.cases[0]
    block = supply(case)
    assert block is not None
    assert case.answer is not None
    order = [rank.alternative for rank in case.answer.ranking]
    assert [curve.series for curve in block.curves if curve.series in order] == order
    bare = case.model_copy(update={"rows": [row_of("configured", {})]})
    assert supply(bare) is None
    curve = CurvePart(width_s=2, demand=[1, 1, 3], ready=[2, 2, 2])
    row = row_of("configured", {}).model_copy(update={"curve": curve})
    drawn = supply(bare.model_copy(update={"rows": [row]}))
    assert drawn is not None
    assert [(one.width_s, one.needed, one.ready) for one in drawn.curves] == [(2, [1, 1, 3], [2, 2, 2])]
