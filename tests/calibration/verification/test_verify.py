from __future__ import annotations

import dataclasses
import statistics

import pytest

from simulator.calibration.model.calibrated_model import ModelRoute
from simulator.calibration.observing.observed_service import RouteLoad
from simulator.calibration.prediction import draws
from simulator.calibration.verification.live_load import load_scenario_of
from simulator.calibration.verification.verify import LoadBegan, LoadPlayed, routes_of, verify, with_mix
from simulator.records.journal import Journal
from tests.calibration.prediction.service_models import exponential, model_of
from tests.calibration.verification.verifications import SETTINGS, service_of, verified


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "DRAWS_MIN", 12)


def test_a_true_model_passes_and_another_fails_by_its_error() -> None:
    truth = {"io": exponential(0.040), "workers": 4}
    right = verified(model_of(truth), truth, (40, 60), "p50 inside, p95 inside, throughput inside")
    assert right.passed, right.failed
    assert len(right.judged) == 6

    wrong = verified(model_of({"io": "60ms"}), {"io": "40ms"}, (20,), "p50 20 %")
    ((load, figure),) = wrong.failed
    assert (load.rate_rps, figure.name) == (20, "p50")
    assert figure.error == pytest.approx(0.5, abs=0.01)


def test_the_measured_value_is_the_median_of_the_repeats_which_differ() -> None:
    truth = {"io": exponential(0.040)}
    (load,) = verified(model_of(truth), truth, repeats=3).loads
    p50 = load.figures[0]
    assert len(load.runs) == len(set(p50.values)) == 3
    assert p50.measured == statistics.median(value for value in p50.values if value is not None)


def test_several_instances_and_max_concurrency_apply_to_both_sides() -> None:
    truth = {"io": "100ms"}
    settings = dataclasses.replace(SETTINGS, instances=2, max_concurrency=1)
    (load,) = verified(model_of(truth), truth, (40,), "error_rate 8 %", settings=settings).loads
    (errors,) = (figure for figure in load.figures if figure.name == "error_rate")
    # Erlang's formula for 2 slots and a load of 4
    assert errors.measured == pytest.approx(8 / 13, abs=0.08)
    assert errors.passed

    service = load_scenario_of(service_of(model_of(truth), truth), settings, 40, 1).services["app"]
    assert (service.min_size, service.max_size, service.max_concurrency) == (2, 2, 1)


def test_the_requested_mix_is_predicted_and_a_foreign_route_is_rejected() -> None:
    model = model_of(
        {"io": "5ms"},
        routes=[
            ModelRoute(name="GET /", path="/", weight=1),
            ModelRoute(name="POST /b", method="POST", path="/b", weight=3),
        ],
    )
    assert [(route.path, route.method, route.weight) for route in routes_of(model)] == [
        ("/", "GET", 1),
        ("/b", "POST", 3),
    ]
    service = service_of(model, {"io": "5ms"})
    assert [route.weight for route in with_mix(model, service).routes] == [0.25, 0.75]
    foreign = dataclasses.replace(service, routes=(RouteLoad("/c"),))
    with pytest.raises(ValueError, match="route = GET /c, must be one of the model's: GET /, POST /b"):
        with_mix(model, foreign)


def test_each_run_is_told_before_and_after() -> None:
    journal = Journal()
    told: list[LoadBegan | LoadPlayed] = []
    journal.subscribe(LoadBegan, told.append)
    journal.subscribe(LoadPlayed, told.append)
    model = model_of({"io": "5ms"})
    verify(model, service_of(model, {"io": "5ms"}), SETTINGS, (5,), (), repeats=2, journal=journal)
    assert [(type(each).__name__, getattr(each, "number", 0)) for each in told] == [
        ("LoadBegan", 1),
        ("LoadPlayed", 0),
        ("LoadBegan", 2),
        ("LoadPlayed", 0),
    ]
