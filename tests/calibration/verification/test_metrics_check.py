"""Tests of the comparison of a model with metrics of minutes, of a service that is simulated itself."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from simulator.calibration.from_metrics.candidate_runs import MeteredService
from simulator.calibration.from_metrics.day_band import FigureBand
from simulator.calibration.model.calibrated_model import ModelRoute
from simulator.calibration.prediction.tables import WIDTH
from simulator.calibration.verification.metrics_check import (
    MetricsVerification,
    metrics_data,
    metrics_junit,
    metrics_lines,
    metrics_rows,
    verify_metrics,
)
from simulator.lab.minutes.minute_recorder import recorded_minutes
from simulator.lab.minutes.service_minutes import ServiceMinutes
from simulator.scenario.scenario import read_scenario
from tests.calibration.prediction.service_models import exponential, model_of

FIXED = MeteredService(min_size=1, max_size=1, policy="fixed")
# Each request computes 80 ms on average and waits 200 ms.
TRUTH = {"cpu": exponential(0.080), "io": exponential(0.200)}


def metrics_of(simulated: Mapping[str, Any], minutes: int, paths: tuple[str, ...] = ("/",)) -> ServiceMinutes:
    section = {"min_size": 1, "max_size": 1, "policy": "fixed", "application": {"simulated": dict(simulated)}}
    source = {"sine": {"low": "1/s", "high": "5/s", "period": "400s"}, "requests": [{"path": path} for path in paths]}
    document = {
        "version": 1,
        "name": "truth",
        "seed": 3,
        "duration": f"{60 * minutes}s",
        "services": {"shop": section},
        "traffic": [source],
    }
    return recorded_minutes(read_scenario(json.dumps(document)), requests=0)


def test_the_minutes_of_the_modelled_service_are_inside_and_those_of_another_are_not() -> None:
    minutes = metrics_of(TRUTH, 8)
    right = verify_metrics(model_of(TRUTH), minutes, FIXED, inside=0.75, draws=8)
    assert right.passed, [(band.name, band.held) for band in right.bands]
    assert [band.judged for band in right.bands] == [8, 8, 8]

    slower = verify_metrics(model_of({**TRUTH, "io": exponential(0.400)}), minutes, FIXED, inside=0.75, draws=8)
    assert [band.name for band in slower.failed] == ["latency_p50_s", "latency_p95_s"]
    cheaper = verify_metrics(model_of({**TRUTH, "cpu": exponential(0.040)}), minutes, FIXED, inside=0.75, draws=8)
    assert "cpu" in [band.name for band in cheaper.failed]


def test_bands_are_widened_by_what_the_fitted_minutes_need() -> None:
    minutes = metrics_of(TRUTH, 8)
    off = {**TRUTH, "cpu": exponential(0.095)}
    plain = verify_metrics(model_of(off), minutes, FIXED, draws=6)
    wider = verify_metrics(model_of(off), minutes, FIXED, fitted=minutes, draws=6)
    assert "cpu" in [band.name for band in plain.failed]
    (cpu,) = (band for band in wider.bands if band.name == "cpu")
    assert cpu.widened > 1.05
    assert cpu.held >= 0.75


def test_the_mix_of_the_models_routes_is_played() -> None:
    simulated = {"cpu": "10ms", "io": "20ms", "paths": {"/b": {"cpu": "150ms"}}}
    routes = [ModelRoute(name="GET /", path="/", weight=1), ModelRoute(name="GET /b", path="/b", weight=1)]
    made = verify_metrics(
        model_of(simulated, routes=routes), metrics_of(simulated, 8, ("/", "/b")), FIXED, inside=0.7, draws=8
    )
    (cpu,) = (band for band in made.bands if band.name == "cpu")
    assert cpu.held >= 0.7


MADE = MetricsVerification(
    model="shop",
    service="1 to 5 instances of 1 vCPU / 2 GB, MaxConcurrency 100",
    start_s=1_700_000_040.0,  # 2023-11-14 22:14
    minutes=100,
    inside=0.9,
    draws=20,
    seed=1,
    bands=(
        FigureBand("latency_p50_s", np.zeros(100), np.full(100, 0.2), np.where(np.arange(100) < 5, 0.3, 0.1), 1.0),
        FigureBand(
            "latency_p95_s", np.full(100, 0.1), np.ones(100), np.where(np.arange(100) % 100 >= 50, 2.0, 0.5), 1.25
        ),
        FigureBand("cpu", np.full(100, np.nan), np.full(100, np.nan), np.full(100, 0.5), 1.0),
    ),
    warnings=("the load was low",),
)


def test_the_text_has_the_result_first_and_the_hour_with_most_minutes_outside() -> None:
    lines = list(metrics_lines(MADE))
    assert lines[0] == "Failed: less than 90.0 % of the minutes are within the band: p95 50.0 %."
    assert max(map(len, lines)) <= WIDTH
    (p50,) = (line.split() for line in lines if line.startswith("p50"))
    assert p50 == ["p50", "100", "95.0", "%", "5", "0", "11-14", "22:00", "(5)", "x", "1.000", "pass"]
    (p95,) = (line.split() for line in lines if line.startswith("p95"))
    assert p95[6:] == ["11-14", "23:00", "(50)", "x", "1.250", "FAIL"]
    assert "Warning: the load was low" in lines
    passed = dataclasses.replace(MADE, bands=MADE.bands[:1])
    assert next(metrics_lines(passed)).startswith("Passed: at least 90.0 % of the minutes")
    assert not dataclasses.replace(MADE, bands=MADE.bands[2:]).passed  # nothing to judge


def test_json_rows_and_junit_have_the_same_result() -> None:
    data = json.loads(json.dumps(metrics_data(MADE)))
    assert data["passed"] is False
    assert data["figures"]["p95"] == {"minutes": 100, "inside": 0.5, "widened": 1.25, "passed": False}
    assert data["figures"]["cpu"] == {"minutes": 0, "inside": None, "widened": 1.0, "passed": None}
    rows = metrics_rows(MADE)
    assert len(rows) == 300
    assert rows[1] == {
        "time": "2023-11-14T22:14:00Z",
        "figure": "p95",
        "low": 0.1,
        "high": 1.0,
        "measured": 0.5,
        "inside": True,
    }
    assert sum(bool(row["inside"]) for row in rows if row["figure"] == "p95") == 50
    suite = ET.fromstring(metrics_junit(MADE))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


@pytest.mark.parametrize("share", [0.9, 0.95])
def test_as_many_minutes_as_needed_are_enough(share: float) -> None:
    assert dataclasses.replace(MADE, bands=MADE.bands[:1], inside=share).passed
