from __future__ import annotations

import numpy as np
import pytest

from simulator.fleet.process.settings import ProcessSettings
from simulator.fleet.simulated.application import WAKE
from simulator.model.instance import (
    AT_IDLE_SHARE_S,
    COMING,
    READY,
    TRANSITIONS,
    WAKE_MEDIAN_S,
    WAKE_P95_S,
    InstanceEvent,
    InstanceState,
    next_state,
)
from simulator.rules.stations.cpu_quota import CpuQuota, QuotaStation
from simulator.world.random_streams import RandomStreams


def reachable(start: InstanceState) -> set[InstanceState]:
    found = {start}
    while True:
        more = {after for (before, _), after in TRANSITIONS.items() if before in found} - found
        if not more:
            return found
        found |= more


def test_every_state_of_an_instance_is_reachable_from_the_first() -> None:
    assert reachable(InstanceState.PROVISIONING) == set(InstanceState)


@pytest.mark.parametrize("state", list(InstanceState))
def test_the_final_state_is_reachable_from_every_state(state: InstanceState) -> None:
    assert InstanceState.STOPPED in reachable(state)


@pytest.mark.parametrize("event", list(InstanceEvent))
def test_an_event_of_a_stopped_instance_is_an_assertion_error(event: InstanceEvent) -> None:
    with pytest.raises(AssertionError, match="cannot happen in state 'stopped'"):
        next_state(InstanceState.STOPPED, event)


@pytest.mark.parametrize("state", [state for state in InstanceState if state is not InstanceState.STOPPED])
def test_an_instance_may_crash_in_every_state(state: InstanceState) -> None:
    assert next_state(state, InstanceEvent.CRASHED) is InstanceState.STOPPED


def test_a_ready_instance_is_drained_before_it_is_stopped() -> None:
    for state in READY:
        assert next_state(state, InstanceEvent.DRAIN) is InstanceState.DRAINING
        with pytest.raises(AssertionError):
            next_state(state, InstanceEvent.STOP)


def test_every_event_is_used() -> None:
    assert {event for _, event in TRANSITIONS} == set(InstanceEvent)


def test_starting_and_ready_states_do_not_overlap() -> None:
    assert frozenset() == COMING & READY


# --- the wake, compared with the CPU quota and the public load test from which its figures come ---

REQUEST_S = 0.0105  # the 10 ms of the measurement, and the time of the connection
PERIOD_S = 0.1


def delay_s(arrives_s: float) -> float:
    """Return by how much a request is slower at the idle share than with the whole CPU."""
    station: QuotaStation[str] = QuotaStation(ProcessSettings().idle_vcpu, None, CpuQuota(PERIOD_S, 1), 0.0)
    station.arrive("request", REQUEST_S, arrives_s)
    ends_s = station.next_s()
    assert ends_s is not None
    return ends_s - arrives_s - REQUEST_S


def test_the_delay_at_the_idle_share_is_that_of_the_drivers_quota() -> None:
    delays = [delay_s(phase * PERIOD_S) for phase in np.linspace(0, 1, 400, endpoint=False)]
    assert abs(AT_IDLE_SHARE_S / np.median(delays) - 1) < 0.05


def test_the_default_rejects_nothing_of_the_load_test_that_had_no_rejections() -> None:
    slots, rate_rps, service_s = 10, 100, 0.08
    filled_s = slots / rate_rps - service_s  # the longest wake after which the first slot is free in time
    drawn = WAKE.draw(RandomStreams(1).stream("wakes"), 100_000)
    assert np.mean(drawn > filled_s) < 0.005
    assert filled_s < AT_IDLE_SHARE_S  # so the load test does not support the end of the range


def test_its_draws_have_its_median_and_95_percent_quantile() -> None:
    drawn = WAKE.draw(RandomStreams(1).stream("wakes"), 100_000)
    assert np.allclose(np.quantile(drawn, [0.5, 0.95]), [WAKE_MEDIAN_S, WAKE_P95_S], rtol=0.03)
