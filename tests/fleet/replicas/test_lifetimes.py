"""Instances are replaced at the end of their lifetime, on both backends of virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from simulator.lab.compiled.compiled_backend import compiled_run
from simulator.model.instance import InstanceState
from simulator.records.events import InstanceMoved
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario
from simulator.world.random_streams import RandomStreams

TEXT = """
version: 1
duration: 20 min
seed: 5
services:
  web:
    min_size: 2
    max_size: 2
    {lifetime}
    policy: fixed
    application: {{simulated: {{start_up: 2s, io: 50ms}}}}
traffic: [{{clock: {{rate: 5/s}}}}]
"""

# The kernel is compiled on its first use on a machine, which takes tens of seconds of CPU.
BACKENDS = [
    pytest.param(Run, id="event-loop"),
    pytest.param(compiled_run, id="compiled", marks=pytest.mark.slow),
]


def played(lifetime: str, backend: Callable[[Any], Run] = Run) -> RunRecord:
    return play(backend(read_scenario(TEXT.format(lifetime=lifetime))))


def times(record: RunRecord, state: InstanceState) -> dict[int, float]:
    return {
        event.instance: event.at_s
        for event in record.events
        if isinstance(event, InstanceMoved) and event.after is state
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_instance_is_replaced_after_its_lifetime_without_a_failed_request(backend: Callable[[Any], Run]) -> None:
    record = played("instance_lifetime: 300s", backend)
    assert dict(record.stats_by_source.whole().statuses) == {200: 6000}
    ready, draining = times(record, InstanceState.ACTIVE), times(record, InstanceState.DRAINING)
    # Ages at the beginning, drawn here by hand: lifetime x random share, for one instance after the other.
    random = RandomStreams(5).stream("service", "web", "lifetimes")
    firsts = [300.0 * float(random.random()) for _ in (1, 2)]
    assert sorted(draining[number] for number in (1, 2)) == pytest.approx([first + 2.0 for first in sorted(firsts)])
    later = {number: at_s - ready[number] for number, at_s in draining.items() if number > 2}
    assert len(later) >= 4
    assert all(lasted_s == pytest.approx(302.0) for lasted_s in later.values())  # the successor starts in 2 s
    whys = {event.why for event in record.events if isinstance(event, InstanceMoved) and event.after == "draining"}
    assert whys == {"its lifetime of 5m00s has ended"}


def test_lifetimes_follow_their_distribution() -> None:
    record = played("instance_lifetime: {exponential: 60s}")
    ready, draining = times(record, InstanceState.ACTIVE), times(record, InstanceState.DRAINING)
    lasted = [at_s - ready[number] for number, at_s in draining.items() if number > 2]
    # 2 instances x 1200 s / (60 + 2 s) = 39 lifetimes; the standard error of the mean is 60 / sqrt(37) = 10 s.
    assert 25 <= len(lasted) <= 55
    assert float(np.mean(lasted)) == pytest.approx(62.0, abs=30.0)


def test_without_a_distribution_nothing_is_replaced() -> None:
    assert times(played(""), InstanceState.DRAINING) == {}


@pytest.mark.slow
def test_both_backends_record_the_same_events() -> None:
    lifetime = "instance_lifetime: {exponential: 60s}"
    assert list(played(lifetime).events) == list(played(lifetime, compiled_run).events)


@pytest.mark.parametrize("lifetime", ["0s", "{exponential: 0s}", "{empirical: [0s, 0s]}"])
def test_a_lifetime_of_zero_is_rejected(lifetime: str) -> None:
    with pytest.raises(ScenarioError, match="must be above 0 s: each instance would be replaced at once"):
        read_scenario(TEXT.format(lifetime=f"instance_lifetime: {lifetime}"))
