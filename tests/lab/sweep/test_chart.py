"""The chart of a sweep: its frontier, its means, and nothing cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator.lab.frontier import pareto
from simulator.lab.sweep.chart import COST, FAILING, LATENCY, LOST, draw, front_of, means
from simulator.lab.sweep.point_run import Row


def test_the_frontier_has_the_points_that_no_other_dominates() -> None:
    assert pareto([(1.0, 9.0), (2.0, 5.0), (3.0, 6.0), (4.0, 1.0), (4.0, 2.0)]) == [0, 1, 3]


def test_seeds_are_averaged_and_points_without_a_latency_left_out() -> None:
    rows: list[Row] = [
        {"n": 1, LATENCY: 0.1, LOST: 0.0, COST: 10.0},
        {"n": 1, LATENCY: 0.3, LOST: 0.5, COST: 20.0},
        {"n": 2, "error": "no"},
    ]
    assert means(rows, ["n"]) == [
        {"n": 1, LATENCY: pytest.approx(0.2), LOST: 0.25, COST: 15.0, FAILING: "error rate 25.0 %"}
    ]


@pytest.mark.case("X2")
def test_a_point_that_fails_is_on_no_frontier_even_if_it_is_cheap_and_fast() -> None:
    """As in the sweep of first-look: the cheapest point loses 12 % of its requests, and another fails a check."""
    rows: list[Row] = [
        {"n": 1, LATENCY: 0.1, LOST: 0.12, COST: 10.0},
        {"n": 2, LATENCY: 0.1, LOST: 0.01, COST: 20.0, "failed_checks": "p95 < 50 ms; status_5xx == 0"},
        {"n": 3, LATENCY: 0.2, LOST: 0.0, COST: 30.0, "failed_checks": ""},
        {"n": 4, LATENCY: 0.3, LOST: 0.0, COST: 40.0},
        {"n": 5, LATENCY: 0.1, LOST: 0.04, COST: 50.0},
    ]
    told = means(rows, ["n"])
    assert [row[FAILING] for row in told] == ["error rate 12.0 %", "p95 < 50 ms; status_5xx == 0", "", "", ""]
    assert [told[index]["n"] for index in front_of(told)] == [3, 5]


@pytest.mark.case("X2")
def test_a_check_counts_when_most_of_the_seeds_fail_it() -> None:
    rows: list[Row] = [
        {"n": 1, LATENCY: 0.1, LOST: 0.0, COST: 10.0, "failed_checks": text} for text in ("p95 < 1s", "", "")
    ]
    assert means(rows, ["n"])[0][FAILING] == ""
    assert means(rows[:2], ["n"])[0][FAILING] == ""
    assert means(rows[:1], ["n"])[0][FAILING] == "p95 < 1s"


@pytest.mark.case("X2b")
@pytest.mark.parametrize("axes", [["n"], ["n", "m"]])
def test_no_marker_and_no_label_of_a_chart_is_cut_off(axes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    figure_module = pytest.importorskip("matplotlib.figure")
    drawn: list[Any] = []
    monkeypatch.setattr(figure_module.Figure, "savefig", lambda self, *_args, **_named: drawn.append(self))
    rows: list[Row] = [
        {"n": n, "m": m, LATENCY: 0.02 + 0.4 / n, LOST: 0.1 * (n == 1), COST: 100.0 + 60 * n * m}
        for n in (1, 5, 10, 200)
        for m in (1, 2)
    ]
    draw(rows, axes, "a sweep", Path("chart.png"))
    (figure,) = drawn
    figure.canvas.draw()
    page = figure.bbox
    for panel in figure.axes:
        inside = panel.get_window_extent()
        for line in panel.lines:
            for x, y in panel.transData.transform(line.get_xydata()).tolist():
                assert inside.x0 + 3 <= x <= inside.x1 - 3
                assert inside.y0 - 1 <= y <= inside.y1 - 3
        for text in panel.texts:
            extent = text.get_window_extent()
            assert page.x0 <= extent.x0
            assert extent.x1 <= page.x1
            assert inside.y0 <= extent.y0
            assert extent.y1 <= inside.y1


@pytest.mark.parametrize("axes", [["n"], ["n", "m"]])
def test_a_chart_is_drawn_along_one_axis_and_over_two(tmp_path: Path, axes: list[str]) -> None:
    pytest.importorskip("matplotlib")
    rows: list[Row] = [{"n": n, "m": m, LATENCY: 0.1 * n, LOST: 0.0, COST: 10.0 / m} for n in (1, 2) for m in (1, 2)]
    draw(rows, axes, "a sweep", tmp_path / "chart.svg")
    assert "a sweep" in (tmp_path / "chart.svg").read_text() or (tmp_path / "chart.svg").stat().st_size > 1000
    with pytest.raises(ValueError, match="nothing to draw"):
        draw([{"n": 1, "m": 1, "error": "no"}], axes, "a sweep", tmp_path / "none.svg")
