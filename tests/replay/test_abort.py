"""Checks that end a run as soon as they fail."""

from __future__ import annotations

import pytest

from simulator.replay.abort import is_aborting
from simulator.replay.runner import Run, play
from simulator.scenario.scenario import ScenarioSpec, read_scenario

TEXT = """
duration: 2 min
services: {web: {application: {simulated: {io: 100ms}}}}
traffic: [{clock: {rate: 2/s}}]
checks: [%s]
"""


def scenario(check: str) -> ScenarioSpec:
    return read_scenario(TEXT % check)


@pytest.mark.parametrize(
    ("check", "ends_early"),
    [
        ('{check: "p95 < 50ms", abort_on_fail: true}', True),
        ('{check: "p95 < 1s", abort_on_fail: true}', False),
        ('"p95 < 50ms"', False),
    ],
)
def test_a_run_ends_at_the_first_failure_of_an_aborting_check(check: str, ends_early: bool) -> None:
    record = play(Run(scenario(check)), signals=False)
    assert (record.ended_s < 60.0) is ends_early


def test_a_scenario_without_aborting_checks_is_not_watched() -> None:
    assert not is_aborting(scenario('"p95 < 50ms"'))
    assert is_aborting(scenario('{check: "p95 < 50ms", abort_on_fail: true}'))
