"""A platform that cannot provide as many instances as are desired, on both backends of virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.lab.compiled.compiled_backend import compiled_run
from simulator.model.instance import InstanceState
from simulator.records.events import EventLogged, InstanceMoved, ScalingDecided
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario

pytestmark = pytest.mark.case("L58")

TEXT = """
duration: 4 min
services:
  web:
    max_concurrency: 10
    {capacity}
    policy: {{name: scheduled, schedule: [{{at: 0s, instances: 1}}, {{at: 20s, instances: 5}},
      {{at: 120s, instances: 2}}, {{at: 130s, instances: 3}}]}}
    application: {{simulated: {{start_up: 2s, io: 60s}}}}
traffic: [{{from: 100s, until: 119s, clock: {{rate: 1/s}}}}]
timeline: [{{at: 60s, kill_instance: {{service: web}}}}]
"""

# The kernel is compiled on its first use on a machine, which takes tens of seconds of CPU.
BACKENDS = [
    pytest.param(Run, id="event-loop"),
    pytest.param(compiled_run, id="compiled", marks=pytest.mark.slow),
]

SHORT = (
    "The platform has no capacity for 2 of 4 more instances: capacity = 3, 1 exist. They start when others have ended."
)


def played(capacity: str, backend: Callable[[Any], Run]) -> RunRecord:
    return play(backend(read_scenario(TEXT.format(capacity=capacity))))


def most_at_a_time(record: RunRecord) -> int:
    """Return the greatest number of instances that existed at the same time: launched and not ended."""
    living, most = {"1"}, 1
    for event in record.events:
        if isinstance(event, InstanceMoved):
            if event.after is InstanceState.STOPPED:
                living.discard(str(event.instance))
            else:
                living.add(str(event.instance))
            most = max(most, len(living))
    return most


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_more_instances_exist_than_the_platform_has(backend: Callable[[Any], Run]) -> None:
    assert most_at_a_time(played("capacity: 3", backend)) == 3
    assert most_at_a_time(played("", backend)) >= 5


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_shortage_is_reported_once_and_explained_at_its_decision(backend: Callable[[Any], Run]) -> None:
    record = played("capacity: 3", backend)
    lines = [
        (event.at_s, event.line)
        for event in record.events
        if isinstance(event, EventLogged) and "capacity" in event.line
    ]
    assert lines[0] == (20.0, SHORT)
    reasons = {event.desired: event.reason for event in record.events if isinstance(event, ScalingDecided)}
    assert reasons[5].endswith("; the platform has capacity for 3")
    assert "capacity" not in reasons[2]


@pytest.mark.slow
def test_both_backends_record_the_same_events() -> None:
    assert list(played("capacity: 3", Run).events) == list(played("capacity: 3", compiled_run).events)


@pytest.mark.parametrize("more", ["min_size: 4", "initial_size: 5"])
def test_a_service_cannot_start_with_more_than_the_capacity(more: str) -> None:
    with pytest.raises(ScenarioError, match=r"capacity = 3, must be at least [45], the initial instances"):
        read_scenario(TEXT.format(capacity=f"capacity: 3\n    {more}"))
