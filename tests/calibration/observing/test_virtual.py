"""Tests of observations in virtual time: what is known of the application is found in its observation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.calibration.observation.observation import ServiceObservation
from simulator.calibration.observation.observation_file import read_observation, write_observation
from simulator.calibration.observing.level_search import figures_of
from simulator.calibration.observing.observed_service import RouteLoad
from simulator.calibration.observing.observer import UnusableService
from simulator.calibration.observing.virtual import observe_virtually
from simulator.model.sizes import InstanceSize
from simulator.scenario.problems import ScenarioError

SIZE = InstanceSize(1024, 2048)
ROOT = (RouteLoad(),)


def observed(simulated: dict[str, Any], **given: Any) -> ServiceObservation:
    return observe_virtually({"simulated": simulated}, SIZE, ROOT, 3, **{"backend": "event-loop", **given})


def test_levels_have_the_rates_that_were_given() -> None:
    made = observed({"io": {"exponential": "50ms"}}, rates=(20, 40), level_s=60, wakes=False)
    assert [(stage.number, stage.rate_rps, stage.settled_s) for stage in made.loads] == [(1, 20, 60), (2, 40, 60)]
    for stage in made.loads:
        requests = stage.settled
        count = len(requests)
        assert count == pytest.approx(stage.rate_rps * 60, abs=4 * np.sqrt(stage.rate_rps * 60))
        # an infinite-server queue: latency is the service time, exponential with mean 50 ms
        assert requests.latency_s.mean() == pytest.approx(0.05, abs=4 * 0.05 / np.sqrt(count))
        assert np.array_equal(requests.latency_s, requests.service_s)
        assert (requests.late_s == 0).all()


def test_the_cpu_of_a_stage_is_that_of_its_requests() -> None:
    made = observed({"cpu": "4ms"}, rates=(50,), level_s=40, wakes=False)
    (stage,) = made.loads
    assert stage.cpu_s == pytest.approx(0.004 * len(stage.settled), rel=0.01)
    assert stage.samples.cpu_s.sum() == pytest.approx(0.004 * len(stage.requests), rel=0.01)
    # M/D/1 at 20 %: mean in system is rho + rho^2 / (2 (1 - rho))
    assert np.nanmean(stage.samples.in_flight) == pytest.approx(0.2 + 0.04 / 1.6, rel=0.15)


def test_levels_are_found_up_to_saturation() -> None:
    made = observed({"cpu": "20ms", "start_up": "2s"}, budget_s=200)
    rates = [stage.rate_rps for stage in made.loads]
    assert max(rates) > 50
    # in a saturated level part of the CPU is spent on requests that have not ended yet: up to 100 of 750
    assert 0.85 * 50 <= max(figures_of(stage).served_rps for stage in made.loads) <= 1.05 * 50
    assert sum(stage.duration_s for stage in made.loads) < 200
    assert [start.total_s for start in made.starts] == [2.0] * len(made.loads)
    assert made.notes == ()
    assert made.is_virtual
    assert made.limits.by == "simulated"
    assert made.max_concurrency == 200


def test_routes_have_their_weights_and_their_own_work() -> None:
    application = {"simulated": {"io": "10ms", "paths": {"/slow": {"io": "80ms"}}}}
    routes = (RouteLoad("/"), RouteLoad("/slow?x=1", "POST", 3.0, body="hello", name="POST /slow"))
    made = observe_virtually(application, SIZE, routes, 3, rates=(100,), level_s=60, wakes=False, backend="event-loop")
    assert [(route.name, route.weight, route.body_bytes) for route in made.routes] == [
        ("GET /", 1.0, 0),
        ("POST /slow", 3.0, 5),
    ]
    requests = made.loads[0].settled
    assert requests.route.mean() == pytest.approx(0.75, abs=0.03)
    assert set(requests.latency_s[requests.route == 0].round(4)) == {0.01}
    assert set(requests.latency_s[requests.route == 1].round(4)) == {0.08}
    assert set(requests.request_bytes[requests.route == 1]) == {5.0}


def test_memory_and_wakes_are_observed() -> None:
    simulated = {"io": "100ms", "memory": {"at_rest": "300 MB", "request": "10 MB"}}
    made = observed(simulated, rates=(20,), level_s=20, service={"wake": "40ms"})
    assert made.memory_at_rest_bytes == 300 * 1024**2
    peak = made.loads[0].memory_peak_bytes
    assert peak > 300 * 1024**2
    assert (peak - 300 * 1024**2) % (10 * 1024**2) == 0
    assert list(made.wakes) == pytest.approx([0.14] * 6)


def test_a_downstream_resource_is_called() -> None:
    made = observe_virtually(
        {"simulated": {"io": "5ms"}, "downstream": {"db": {"pool": 1, "connections": 10, "service": "20ms"}}},
        SIZE,
        ROOT,
        3,
        rates=(10, 100),
        level_s=20,
        wakes=False,
        backend="event-loop",
    )
    low, high = made.loads
    assert np.median(low.settled.latency_s) == pytest.approx(0.025, abs=0.002)
    assert figures_of(high).served_rps == pytest.approx(50, rel=0.1)  # one connection, 20 ms each


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    def file(name: str, seed: int) -> bytes:
        made = observe_virtually(
            {"simulated": {"cpu": {"exponential": "5ms"}}}, SIZE, ROOT, seed, rates=(50,), level_s=5,
            backend="event-loop",
        )  # fmt: skip
        path = tmp_path / name
        write_observation(made, path)
        assert read_observation(path).loads[0].requests.equals(made.loads[0].requests)
        return path.read_bytes()

    assert file("a.observation.zip", 3) == file("b.observation.zip", 3)
    assert file("c.observation.zip", 3) != file("d.observation.zip", 4)


def test_an_application_that_fails_cannot_be_observed() -> None:
    with pytest.raises(UnusableService, match=r"GET / has status 500 at 2/s, must be served: another route"):
        observed({"io": "1ms", "failure_share": 1.0})


def test_a_section_that_a_scenario_could_not_have_is_an_error() -> None:
    with pytest.raises(ScenarioError, match=r"services.app.application.simulated.cpus = .*did you mean `cpu`"):
        observed({"cpus": "1ms"})


@pytest.mark.slow
def test_the_compiled_backend_gives_the_same_observation() -> None:
    simulated = {"cpu": {"exponential": "5ms"}, "io": "20ms", "workers": 4, "cpu_quota": {}, "start_up": "1s"}
    made, other = (observed(simulated, budget_s=60, backend=backend) for backend in ("event-loop", "compiled"))
    assert len(made.loads) == len(other.loads)
    for stage, again in zip(made.loads, other.loads, strict=True):
        assert stage.requests.equals(again.requests)
        assert stage.samples.equals(again.samples)
        assert stage.cpu_s == again.cpu_s
    assert made.wakes == other.wakes


@pytest.mark.slow
def test_memory_and_start_ups_are_observed_alike_in_both_backends() -> None:
    simulated = {
        "cpu": "5ms",
        "io": "300ms",
        "start_up": "1s",
        "start_up_cpu": "1s",
        "workers": 5,
        "backlog": 1,
        "memory": {"at_rest": "100 MB", "request": "10 MB"},
    }
    figures = []
    for backend in ("event-loop", "compiled"):
        made = observed(simulated, rates=(5, 30), level_s=8, wakes=False, backend=backend)
        assert made.memory_at_rest_bytes == 100 * 2**20
        assert [(start.total_s, start.cpu_s) for start in made.starts] == [(2.0, 1.0)] * len(made.starts)
        # five requests with a worker, and one that waits
        assert made.loads[1].memory_peak_bytes == 160 * 2**20
        figures.append([(each.cpu_s, each.memory_peak_bytes, each.requests.status.tolist()) for each in made.loads])
        assert 503 in figures[-1][1][2]
    assert figures[0] == figures[1]
