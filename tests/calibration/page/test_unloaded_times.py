"""Tests of the times of requests without load, as the model has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.calibration.model.calibrated_model import CalibratedModel, UnloadedTimes
from simulator.calibration.page.unloaded_times import played_times
from tests.calibration.page.calibrations import calibrated


def model_of(simulated: dict[str, Any], *known: str) -> CalibratedModel:
    """Return a model of two routes with this application; `known`: the routes whose times were measured."""
    model = calibrated()
    measured = tuple(UnloadedTimes(route=name, count=3, cpu_s=(0.01,) * 3, rest_s=(0.05,) * 3) for name in known)
    fit = model.fit.model_copy(update={"unloaded": measured})
    return model.model_copy(update={"application": {"simulated": simulated}, "fit": fit})


def test_the_model_has_the_times_of_its_distributions_by_route() -> None:
    simulated = {"cpu": "8ms", "io": {"exponential": "20ms"}, "paths": {"/items/{id}": {"cpu": "30ms", "io": "10ms"}}}
    first, second = played_times(model_of(simulated, "GET /", "GET /items/{id}"), seed=3)
    assert (first.measured.route, second.modelled.route) == ("GET /", "GET /items/{id}")
    assert first.modelled.cpu_s == pytest.approx([0.008] * 50, abs=1e-5)
    assert np.mean(first.modelled.rest_s) == pytest.approx(0.02, abs=4 * 0.02 / np.sqrt(first.modelled.count))
    assert second.modelled.cpu_s == pytest.approx([0.03] * 50, abs=1e-5)
    assert second.modelled.rest_s == pytest.approx([0.01] * 50, abs=1e-5)


def test_what_a_quota_stops_is_no_time_of_the_application() -> None:
    simulated = {"cpu": "140ms", "io": "10ms", "cpu_quota": {}}
    (times,) = played_times(model_of(simulated, "GET /"), seed=3)
    assert times.modelled.rest_s == pytest.approx([0.01] * 50, abs=1e-5)


def test_routes_without_a_measured_cpu_time_are_left_out_and_nothing_is_played() -> None:
    assert played_times(model_of({"cpus": "not valid, so a run would fail"}), seed=3) == []
