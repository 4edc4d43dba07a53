"""Opening a platform does not start the run: however long the services take to start, all of them begin the run
together.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.edge.live.live_settings import LiveSettings
from simulator.model.instance import InstanceState
from simulator.records.events import InstanceMoved
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord
from simulator.scenario.scenario import ScenarioSpec, read_scenario

pytestmark = pytest.mark.case("L1")


def scenario(services: dict[str, Any], duration: str = "30s", rate: str = "2/s") -> ScenarioSpec:
    """Return a scenario with `services`: their keys by name, and `start_up` of their application."""
    told = {
        name: {key: value for key, value in keys.items() if key != "start_up"}
        | {"application": {"simulated": {"start_up": keys.get("start_up", 0), "io": "50ms"}}}
        for name, keys in services.items()
    }
    traffic = [{"name": f"to-{name}", "service": name, "clock": {"rate": rate}, "from": "1s"} for name in told]
    data = {"version": 1, "duration": duration, "services": told, "traffic": traffic}
    return read_scenario(json.dumps(data), file="opening.yaml", folder=Path.cwd())


def at_the_start(record: RunRecord, service: str) -> list[InstanceState]:
    """Return the states of the instances of a service when the run begins."""
    states: dict[int, InstanceState] = {}
    for event in record.events:
        if isinstance(event, InstanceMoved) and event.service == service and event.at_s < 1:
            states[event.instance] = event.after
    return list(states.values())


@pytest.mark.parametrize("slow", ["3s", "65s", "4 min"])
def test_every_service_starts_idle_whatever_the_start_up_times_of_others(slow: str) -> None:
    record = play(Run(scenario({"web": {"idle_after": "5s", "start_up": "3s"}, "java": {"start_up": slow}})))
    assert at_the_start(record, "web") == at_the_start(record, "java") == [InstanceState.IDLE]
    assert dict(record.stats_by_source.whole().statuses) == {200: 2 * 58}


@pytest.mark.parametrize("policy", ["knative", "keda", "lambda", "cloud-run", "scale-per-request", "fly"])
def test_no_instance_expires_before_the_run_has_begun(policy: str) -> None:
    held = {"policy": policy, "initial_size": 2, "min_size": 0, "overflow": {"mode": "queue", "wait": "30s"}}
    late = {name: {"start_up": "4 min"} for name in ("slow", "slower", "slowest")}
    record = play(Run(scenario({"web": held} | late)))
    assert len(at_the_start(record, "web")) == 2
    assert set(at_the_start(record, "web")) <= {InstanceState.ACTIVE, InstanceState.IDLE}


def test_five_hundred_services_in_one_file_start_and_serve() -> None:
    services = {f"s{n}": {"idle_after": "2s", "start_up": f"{n % 7}s"} for n in range(500)}
    record = play(Run(scenario(services, duration="4s", rate="1/s")))
    assert all(at_the_start(record, name) == [InstanceState.IDLE] for name in services)
    assert dict(record.stats_by_source.whole().statuses) == {200: 3 * 500}


def test_real_time_starts_with_the_same_states_as_virtual_time(tmp_path: Path) -> None:
    services = {"web": {"idle_after": "200ms"}, "java": {"start_up": "800ms", "health_check": {"interval": "1s"}}}
    record = play(Run(scenario(services, duration="2s"), LiveSettings(tmp_path)))
    assert at_the_start(record, "web") == at_the_start(record, "java") == [InstanceState.IDLE]
    assert dict(record.stats_by_source.whole().statuses) == {200: 4}
