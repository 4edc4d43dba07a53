"""Models from access logs of simulated services, whose truth is known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from simulator.calibration.from_logs.log_model import LoggedService, calibrate_log
from simulator.calibration.from_logs.log_rows import LogRows
from simulator.calibration.model.model_file import model_json, parse_model
from simulator.lab.minutes.played_requests import played_requests
from simulator.scenario.scenario import read_scenario

TRUTH = {
    "cpu": {"lognormal": {"mean": "18ms", "sd": "9ms"}},
    "io": {"lognormal": {"mean": "70ms", "sd": "50ms"}},
    "workers": 8,
}


def logged(end: str, seconds: int) -> LogRows:
    """Return the log of one instance of the known service under a rising load."""
    section = {
        "min_size": 1,
        "max_size": 1,
        "policy": "fixed",
        "max_concurrency": 200,
        "overflow": {"mode": "queue", "wait": "60s"},
        "application": {"simulated": TRUTH},
    }
    ramp = {"start": "2/s", "end": end, "over": f"{seconds}s", "spacing": "poisson"}
    document = {"version": 1, "name": "truth", "seed": 4, "duration": f"{seconds}s", "services": {"web": section}}
    played = played_requests(read_scenario(json.dumps(document | {"traffic": [{"ramp": ramp}]})), 0)
    order = np.argsort(played.intended_s)
    start_s, latency_s = played.intended_s[order], played.latency_s[order]
    route = np.arange(len(order)) % 3 % 2
    routes = ("GET /", "GET /items/{id}")
    status = played.status[order].astype(np.int64)
    return LogRows(start_s - start_s[0], latency_s, route, status, np.full(len(order), 512.0), routes, 0.0, ())


def test_what_a_quiet_log_does_not_tell_is_said() -> None:
    rows = logged("6/s", 300)

    model = calibrate_log(rows, LoggedService(), "web", candidates=4)

    assert parse_model(model_json(model)) == model
    median = model.parameter("median of the service time")
    assert median.low is not None
    assert median.high is not None
    assert median.low <= float(np.median(rows.duration_s)) <= median.high
    text = " ".join(model.unknown)
    assert "number of instances is not in the log" in text
    assert "durations hardly depend on the requests in progress" in text
    assert [route.name for route in model.routes] == list(rows.routes)
    assert model.routes[0].weight == pytest.approx(2 * model.routes[1].weight, rel=0.01)
    assert set(model.application["simulated"]["paths"]) == {"/", "/items/{id}"}
    assert model.observed.in_flight_max is not None
    assert model.observed.in_flight_max < 8


@pytest.mark.slow
def test_a_log_of_high_load_tells_the_cpu_time_and_the_worker_limit() -> None:
    model = calibrate_log(logged("52/s", 900), LoggedService(1, 200), "web", candidates=80)

    cpu, workers = model.parameter("mean CPU time of a request"), model.parameter("workers")
    assert cpu.value == pytest.approx(0.018, rel=0.15)
    assert cpu.low is not None
    assert cpu.high is not None
    assert cpu.high < 2 * cpu.low
    # fewer workers than 7 could not have served the load
    assert workers.low is not None
    assert 6 <= workers.low <= 12
    assert model.warnings == ()
