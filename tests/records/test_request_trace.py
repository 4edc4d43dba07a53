"""The division of the time before a request is forwarded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.records.request_trace import COLD_START, QUEUE, Wait, waits

LONG_AGO = (0.0, 0.5)


def test_a_request_that_has_its_slot_at_once_waits_for_nothing() -> None:
    assert waits(10.0, 10.0, 10.0, *LONG_AGO) == ()


def test_waiting_for_a_slot_of_an_existing_instance_is_queue() -> None:
    assert waits(10.0, 12.0, 12.0, *LONG_AGO) == (Wait(QUEUE, 10.0, 12.0),)


def test_a_start_is_cold_start_time_from_the_decision_on() -> None:
    assert waits(10.0, 15.0, 15.0, wanted_s=11.0, ready_s=14.0) == (
        Wait(QUEUE, 10.0, 11.0),
        Wait(COLD_START, 11.0, 14.0),
        Wait(QUEUE, 14.0, 15.0),
    )


def test_the_part_of_a_start_before_the_arrival_is_not_cold_start() -> None:
    assert waits(10.0, 14.0, 14.0, wanted_s=5.0, ready_s=14.0) == (Wait(COLD_START, 10.0, 14.0),)


def test_a_wake_is_cold_start_from_the_slot_on() -> None:
    assert waits(10.0, 12.0, 13.0, *LONG_AGO) == (Wait(QUEUE, 10.0, 12.0), Wait(COLD_START, 12.0, 13.0))


def test_a_request_without_a_slot_was_queued_to_its_end() -> None:
    assert waits(10.0, -1.0, 40.0, wanted_s=40.0, ready_s=40.0) == (Wait(QUEUE, 10.0, 40.0),)


@given(st.floats(0, 10), st.floats(0, 10), st.floats(0, 10), st.floats(0, 10), st.floats(0, 10), st.booleans())
def test_waits_follow_one_another_and_cover_all_the_time(
    arrived: float, queued: float, woken: float, wanted: float, started: float, has_slot: bool
) -> None:
    granted = arrived + queued
    until = granted + woken
    found = waits(arrived, granted if has_slot else -1.0, until, wanted, wanted + started)
    at = arrived
    for wait in found:
        assert wait.from_s == at
        assert wait.to_s > at
        at = wait.to_s
    assert at == (until if found else arrived)
    assert found or until == arrived
