"""Services that scale on the memory of their instances: the measured value, the note without any, what is rejected."""

from __future__ import annotations

import pytest

from simulator.lab.compiled.compiled_backend import why_not
from simulator.records.events import SecondClosed
from simulator.replay.runner import Run, play
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.traffic.policy_fit import NoteKind, policy_notes

# 25 requests/s of 2 s are 50 in progress.
TEXT = """
duration: 9m
services:
  web:
    memory: 2GB
    min_size: 2
    max_size: 20
    policy: {name: target-tracking, metric: memory, target: 0.5, start_lag: 1s}
    application: {simulated: {io: 2s%s}}
traffic: [{clock: {rate: 25/s}}]
"""
MEMORY = ", memory: {at_rest: 300 MB, request: 40 MB}"
MB = 1024**2


def scenario(more: str) -> ScenarioSpec:
    return read_scenario(TEXT % more)


def test_memory_at_rest_and_of_requests_in_progress_decides_the_number_of_instances() -> None:
    run = Run(scenario(MEMORY))
    closed: list[SecondClosed] = []
    run.journal.subscribe(SecondClosed, closed.append)
    play(run, signals=False)
    early, late = closed[60].sample, closed[-1].sample
    # By hand: two instances hold 300 MB each and 50 requests of 40 MB, which are 1.3 GB of 2 GB each.
    assert early.memory_bytes == pytest.approx((2 * 300 + 50 * 40) * MB, rel=0.05)
    # The rule multiplies the whole use, at rest too: 2 x 0.635 / 0.5 is 2.5.
    assert late.ready == 3


def test_an_application_without_memory_gets_a_note_that_its_policy_cannot_act() -> None:
    (note, *_) = policy_notes(scenario(""))
    assert note.kind is NoteKind.CANNOT_ACT
    assert "scales on memory; the application of web uses none" in note.text
    assert all(each.kind is not NoteKind.CANNOT_ACT for each in policy_notes(scenario(MEMORY)))


def test_the_memory_of_failures_is_the_same_memory_and_is_given_once() -> None:
    of_failures = scenario(", failures: {memory: 300 MB, request_memory: 40 MB}").services["web"].application.simulated
    own = scenario(MEMORY).services["web"].application.simulated
    assert own is not None
    assert of_failures is not None
    assert own.memory_use == of_failures.memory_use == (300 * MB, 40 * MB)
    with pytest.raises(ScenarioError, match="must be left out beside `memory`"):
        scenario(f"{MEMORY}, failures: {{memory: 300 MB}}")


def test_an_instance_that_exceeds_its_memory_is_killed() -> None:
    """100 requests of 40 MB do not fit into two instances of 2 GB."""
    record = play(Run(read_scenario((TEXT % MEMORY).replace("25/s", "50/s"))), signals=False)
    assert any("out of memory" in str(event) for event in record.events)


def test_the_compiled_backend_leaves_a_policy_that_scales_on_memory_to_the_event_loop() -> None:
    assert why_not(scenario(MEMORY)) == why_not(scenario("")) == "its policy scales on memory"
