"""Files that real tools wrote (tests/ingest/real) are recognised, and have the requests that were sent."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from simulator.ingest.imported import Imported, import_files
from simulator.ingest.load.plan import plan_text
from simulator.ingest.load.scripts import imported_load
from simulator.ingest.settings import ImportSettings
from simulator.scenario.scenario import load_scenario

REAL = Path(__file__).parent / "real"
# 8 times: /, /users/17?token=secret, /users/4711, /missing, /items/%C3%A9t%C3%A9
SENT = {"GET /": 8, "GET /users/{id}": 16, "GET /missing": 8, "GET /items/{id}": 8}


def read(name: str) -> Imported:
    return import_files([REAL / name], ImportSettings())


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("envoy_text.log", "envoy"),
        ("envoy_json.log", "envoy-json"),
        ("caddy.log", "caddy-json"),
        ("apache_common.log", "common-log"),
    ],
)
def test_access_logs_have_every_request(name: str, form: str) -> None:
    result = read(name)

    assert [each.name for each in result.formats] == [form]
    (service,) = result.services
    assert {f"{route.method} {route.path}": route.requests for route in service.routes} == SENT
    assert service.statuses[2] == 32
    assert service.statuses[4] == 8
    assert result.skipped_lines == 0


@pytest.mark.parametrize("name", ["envoy_text.log", "envoy_json.log", "caddy.log", "apache_timed.log"])
def test_durations_are_those_of_a_server_that_answers_after_20_ms(name: str) -> None:
    (service,) = read(name).services

    low, middle = service.durations.quantiles(np.array([0.25, 0.6])).tolist()
    assert low >= 0.0001  # the answers 404 are immediate
    assert 0.02 <= middle < 0.2


def test_the_time_of_apache_is_the_start_of_a_request() -> None:
    """The last request of the file was sent in the second of its line, and answered 2.6 s later."""
    result = read("apache_timed.log")
    (service,) = result.services

    assert service.counts is not None
    assert result.start_s + np.flatnonzero(service.counts)[-1] == 1_796_054_697
    assert service.durations.quantiles(np.array([1.0]))[0] == pytest.approx(2.61, rel=0.01)


def test_the_points_of_k6_are_the_requests_of_its_summary() -> None:
    points, summary = read("k6.ndjson.gz"), read("k6_summary.json")

    assert [form.name for form in (*points.formats, *summary.formats)] == ["k6-json", "k6-summary"]
    metrics = json.loads((REAL / "k6_summary.json").read_text())["metrics"]
    assert points.services[0].requests == summary.services[0].requests == metrics["http_reqs"]["count"]
    assert {route.path for route in points.services[0].routes} == {"/items/{id}", "/", "/cart"}
    shares = np.array([0.5, 0.9, 0.95])
    expected_s = np.array([metrics["http_req_duration"][key] for key in ("med", "p(90)", "p(95)")]) / 1000
    np.testing.assert_allclose(summary.services[0].durations.quantiles(shares), expected_s)
    np.testing.assert_allclose(points.services[0].durations.quantiles(shares), expected_s, rtol=0.03)


def test_the_report_of_artillery_has_the_requests_of_each_period() -> None:
    (service,) = read("artillery.json").services

    assert service.counts is not None
    assert service.counts.tolist() == [8, 88]
    assert service.bin_s == 10


def test_the_results_of_hey_have_the_start_of_each_request() -> None:
    (service,) = read("hey.csv").services

    assert service.times_s is not None
    assert len(service.times_s) == 59
    assert service.statuses[2] == 59
    assert 0.02 < service.durations.quantiles(np.array([0.5]))[0] < 0.1


def test_the_results_of_jmeter_are_those_of_its_plan() -> None:
    (service,) = read("jmeter.jtl").services
    load = imported_load([REAL / "jmeter.jmx"])

    assert load is not None
    (source,) = load.plan.sources
    assert "users: 1, stages: [{duration: 4.5s, target: 10}], iterations: 20" in source.shape
    assert service.requests == 10 * 20
    assert [request.path for request in source.requests or ()] == ["/items/17"]


@pytest.mark.parametrize("name", ["k6.js", "k6_inspect.json", "jmeter.jmx", "locustfile.txt", "artillery.yml"])
def test_the_load_of_a_script_is_a_valid_scenario(tmp_path: Path, name: str) -> None:
    load = imported_load([REAL / name])
    assert load is not None
    (tmp_path / "out.yaml").write_text(plan_text(load.plan, "out", name, {}))

    assert load_scenario(tmp_path / "out.yaml").traffic


def test_the_options_that_k6_evaluates_are_those_that_are_read() -> None:
    script, inspected = imported_load([REAL / "k6.js"]), imported_load([REAL / "k6_inspect.json"])

    assert script is not None
    assert inspected is not None
    assert [(each.name, each.shape, each.from_s, each.until_s) for each in script.plan.sources] == [
        (each.name, each.shape, each.from_s, each.until_s) for each in inspected.plan.sources
    ]
    assert script.plan.checks == inspected.plan.checks
