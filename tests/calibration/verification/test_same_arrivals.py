"""Tests of the model's play of measured arrivals: against recursions over the same arrivals."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from simulator.calibration.model.calibrated_model import ModelRoute
from simulator.calibration.prediction import draws
from simulator.calibration.prediction.predict import predict
from simulator.calibration.prediction.runs import RunFigures
from simulator.calibration.verification.live_load import MeasuredLoad, play_load
from simulator.calibration.verification.same_arrivals import same_arrivals
from simulator.world.random_streams import RandomStreams
from tests.calibration.prediction.service_models import figure, model_of
from tests.calibration.verification.verifications import SETTINGS, service_of

NOTHING = RunFigures(None, None, None, 0.0, None, None, 0.0, 0.0)


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "DRAWS_MIN", 8)


def test_a_queue_with_one_worker_has_the_latencies_of_lindleys_recursion_over_the_arrivals() -> None:
    model = model_of({"io": "40ms", "workers": 1})
    sent_s = np.cumsum(RandomStreams(3).stream("arrivals").exponential(1 / 21, 260)) + 1.0
    latencies_s, free_s = [], 0.0
    for at_s in sent_s:
        free_s = max(free_s, at_s) + 0.040
        latencies_s.append(free_s - at_s)
    counted = np.array(latencies_s)[sent_s >= 1 + SETTINGS.warm_up_s]
    measured = MeasuredLoad(NOTHING, 260, 0.0, sent_s=(sent_s,))
    row = same_arrivals(model, service_of(model, {}), SETTINGS, 21, [measured])
    for name, share in (("p50_s", 0.5), ("p95_s", 0.95), ("p99_s", 0.99)):
        expected = np.quantile(counted, share)
        found = figure(row, name)
        assert (found.low, found.value, found.high) == pytest.approx((expected,) * 3, rel=1e-5)  # nothing is random
    assert figure(row, "served_rps").value == len(counted) / 10


def test_the_arrivals_of_a_run_leave_less_to_chance_than_those_of_any_run() -> None:
    truth = {"io": {"lognormal": {"median": "30ms", "p95": "35ms"}}, "workers": 1}
    model = model_of(truth)
    service = service_of(model, truth)
    measured = play_load(service, SETTINGS, 28, seed=77)
    (of_any,) = predict(model, SETTINGS, [28]).rates
    same = same_arrivals(model, service, SETTINGS, 28, [measured])
    assert figure(same, "served_rps").low == figure(same, "served_rps").high == measured.figures.served_rps
    assert figure(of_any, "served_rps").low < figure(of_any, "served_rps").high
    widths = [figure(row, "p50_s").high / figure(row, "p50_s").low for row in (same, of_any)]
    assert 2 * np.log(widths[0]) < np.log(widths[1])


def test_each_route_has_its_own_arrivals_and_the_median_of_the_repeats_counts() -> None:
    routes = [ModelRoute(name="GET /", path="/", weight=1), ModelRoute(name="GET /b", path="/b", weight=1)]
    model = model_of({"io": "10ms", "paths": {"/b": {"io": "80ms"}}}, routes=routes)
    service = service_of(model, {})
    early, late = np.arange(2, 12, 0.5) + 1, np.arange(2, 12, 1.0) + 1.25

    def median_s(*repeats: tuple[np.ndarray, ...]) -> float:
        measured = [MeasuredLoad(NOTHING, 0, 0.0, sent_s=sent_s) for sent_s in repeats]
        return figure(same_arrivals(model, service, SETTINGS, 3, measured), "p50_s").value

    first, second = median_s((early, late)), median_s((late, early))
    assert (first, second) == pytest.approx((0.010, 0.080), rel=1e-3)
    assert median_s((early, late), (late, early), (late, early)) == pytest.approx(0.080, rel=1e-3)
    assert median_s((early, np.zeros(0))) == pytest.approx(0.010, rel=1e-3)


def test_a_load_without_requests_has_no_latency() -> None:
    model = model_of({"io": "10ms"})
    row = same_arrivals(
        model, service_of(model, {}), SETTINGS, 0.01, [MeasuredLoad(NOTHING, 0, 0.0, sent_s=(np.zeros(0),))]
    )
    assert row.figures["p50_s"] is None
    assert figure(row, "served_rps").value == 0


def test_a_request_that_was_sent_late_is_played_even_after_the_end_of_the_load() -> None:
    model = model_of({"io": "10ms"})
    sent_s = np.array([4.0, 5.0, 1 + SETTINGS.duration_s + 0.5])
    settings = dataclasses.replace(SETTINGS, instances=2)
    row = same_arrivals(model, service_of(model, {}), settings, 1, [MeasuredLoad(NOTHING, 3, 0.0, sent_s=(sent_s,))])
    assert figure(row, "served_rps").value == 3 / 10
