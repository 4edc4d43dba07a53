"""Charts of a calibration."""

from __future__ import annotations

import re

import pytest

from simulator.calibration.page.charts import (
    fit_chart,
    latency_chart,
    measured,
    residual_chart,
    route_chart,
    start_chart,
)
from tests.calibration.page.calibrations import calibrated, drawn_curve

pytest.importorskip("matplotlib")


def test_measured_points_are_those_of_all_requests_with_95_percent_intervals() -> None:
    points = measured(calibrated(), "p95_s")

    assert points.rates_rps == [10, 20, 40, 60, 80, 100]
    assert points.errors[0] == pytest.approx(1.96 * 0.03 * (0.1 + 0.01 / 1.1), rel=0.001)


def test_loads_that_were_not_observed_are_shaded() -> None:
    model = calibrated()
    observed = model.observed.model_copy(update={"rate_max_rps": 200.0})
    whole = model.model_copy(update={"observed": observed})

    shades = [latency_chart(each, drawn_curve(each)).count("#80808059") for each in (model, whole)]
    assert shades[0] > shades[1]


def test_charts_without_data_are_left_out() -> None:
    model = calibrated()
    assert start_chart(model.model_copy(update={"start_up": ()})) == ""
    assert residual_chart(model.model_copy(update={"fit": type(model.fit)()})) == ""
    assert route_chart(model.model_copy(update={"routes": model.routes[:1]})) == ""


def test_routes_are_named_and_the_same_model_gives_the_same_bytes() -> None:
    model = calibrated()
    svg = route_chart(model)

    assert set(re.findall(r">(GET [^<]+)<", svg)) == {"GET /", "GET /items/{id}"}
    assert svg == route_chart(model)


def test_the_chart_of_the_fit_needs_no_runs() -> None:
    model = calibrated()
    svg = fit_chart(model)

    assert {"p50 measured", "p95 measured", "CPU measured"} <= set(re.findall(r">([^<>]+)</text>", svg))
    assert fit_chart(model.model_copy(update={"fit": type(model.fit)()})) == ""
