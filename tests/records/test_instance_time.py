from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.instance import TRANSITIONS, InstanceState
from simulator.model.times import RunTime
from simulator.records.events import Event, EventLogged, InstanceMoved
from simulator.records.instance_time import InstanceLifetime, InstanceTime, StepFunction

S = InstanceState


def moves_of(*states: tuple[float, InstanceState], service: str = "web") -> list[InstanceMoved]:
    """Return the events of instance 1, which is requested at 0 and goes through `states` at their times."""
    befores = [S.PROVISIONING, *(state for _, state in states)]
    return [
        InstanceMoved(RunTime(at_s), service, 1, before, after, "test")
        for (at_s, after), before in zip(states, befores, strict=False)
    ]


def test_provisioned_is_from_launch_to_stop() -> None:
    times = InstanceTime("web", moves_of((5, S.STARTING), (7, S.ACTIVE), (20, S.DRAINING), (30, S.STOPPED)))
    assert times.provisioned.instance_seconds(0, 100) == 25


def test_ready_is_idle_or_active() -> None:
    times = InstanceTime("web", moves_of((5, S.STARTING), (7, S.ACTIVE), (9, S.IDLE), (20, S.DRAINING)))
    assert times.ready.instance_seconds(0, 100) == 13


def test_active_time_is_from_the_start_to_idleness() -> None:
    times = InstanceTime("web", moves_of((5, S.STARTING), (7, S.ACTIVE), (9, S.IDLE)))
    assert times.active.instance_seconds(0, 100) == 4


def test_a_draining_instance_keeps_the_cpu_that_it_had() -> None:
    busy = InstanceTime("web", moves_of((0, S.STARTING), (1, S.ACTIVE), (9, S.DRAINING), (12, S.STOPPED)))
    idle = InstanceTime("web", moves_of((0, S.STARTING), (1, S.ACTIVE), (5, S.IDLE), (9, S.DRAINING), (12, S.STOPPED)))
    assert (busy.lifetimes(100)[0].activations, idle.lifetimes(100)[0].activations) == (((0, 12),), ((0, 5),))


def test_each_wake_begins_an_activation() -> None:
    times = InstanceTime("web", moves_of((0, S.STARTING), (1, S.ACTIVE), (5, S.IDLE), (8, S.ACTIVE)))
    assert times.lifetimes(10) == [InstanceLifetime(1, 10, ((0, 5), (8, 10)))]


def test_the_idle_lag_is_taken_off_activations_that_ended_idle_only() -> None:
    times = InstanceTime("web", moves_of((0, S.STARTING), (1, S.ACTIVE), (5, S.IDLE), (8, S.ACTIVE), (9, S.STOPPED)))
    assert times.lifetimes(10, idle_after_s=2)[0].activations == ((0, 3), (8, 9))


def test_an_instance_that_never_launched_counts_nowhere() -> None:
    times = InstanceTime("web", moves_of((5, S.STOPPED)))
    assert (times.lifetimes(10), times.started) == ([], 0)


def test_a_crash_is_distinguished_from_a_stop_and_a_failed_start() -> None:
    died = InstanceTime("web", moves_of((0, S.STARTING), (1, S.ACTIVE), (2, S.STOPPED)))
    stopped = InstanceTime("web", moves_of((0, S.STARTING), (1, S.ACTIVE), (2, S.DRAINING), (3, S.STOPPED)))
    failed = InstanceTime("web", moves_of((0, S.STARTING), (2, S.STOPPED)))
    assert [(times.crashed, times.ended_before_ready) for times in (died, stopped, failed)] == [(1, 0), (0, 0), (0, 1)]


def test_other_services_and_other_events_are_ignored() -> None:
    events: list[Event] = [*moves_of((0, S.STARTING), service="api"), EventLogged(RunTime(1), "web", "a line")]
    assert InstanceTime("web", events).started == 0


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=60))
def test_ready_and_active_never_exceed_provisioned(choices: list[tuple[int, int]]) -> None:
    states = [S.PROVISIONING] * 6
    times = InstanceTime("web")
    for at_s, (instance, choice) in enumerate(choices):
        nexts = [after for (before, _), after in TRANSITIONS.items() if before is states[instance]]
        if nexts:
            after = nexts[choice % len(nexts)]
            times.read(InstanceMoved(RunTime(at_s), "web", instance, states[instance], after, "test"))
            states[instance] = after
        launched = [state for state in states if state not in {S.PROVISIONING, S.STOPPED}]
        provisioned = times.provisioned.at(at_s)
        assert provisioned == len(launched)
        assert times.ready.at(at_s) == sum(state in {S.IDLE, S.ACTIVE} for state in launched)
        assert 0 <= times.active.at(at_s) <= provisioned


def test_steps_have_integral_mean_and_maximum() -> None:
    steps = StepFunction()
    for at_s, by in ((2.0, 1), (4.0, 3), (4.0, -1), (8.0, -2)):
        steps.change(at_s, by)
    assert [steps.at(moment) for moment in (0, 2, 3.9, 4, 8)] == [0, 1, 1, 3, 1]
    assert steps.instance_seconds(3, 9) == 1 + 12 + 1
    assert steps.means(np.array([0.0, 4.0, 8.0, 10.0])).tolist() == [0.5, 3.0, 1.0]
    assert steps.integrals(np.array([0.0, 4.0, 4.0, 8.0, 8.0])).tolist() == [2.0, 0.0, 12.0, 0.0]
    assert (steps.highest(0, 3), steps.highest(5, 20), steps.highest(9, 20)) == (1, 3, 1)


def test_a_count_without_steps_is_zero() -> None:
    assert (StepFunction().at(3), StepFunction().instance_seconds(0, 9), StepFunction().highest(0, 9)) == (0, 0.0, 0)


def test_steps_that_go_back_in_time_are_a_programming_error() -> None:
    steps = StepFunction()
    steps.change(5, 1)
    with pytest.raises(AssertionError, match="must not precede"):
        steps.change(4, 1)
