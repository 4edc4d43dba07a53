from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.meter import Meter


def test_means_are_weighted_by_time() -> None:
    meter = Meter(10.0)
    meter.arrived(10.0)
    meter.arrived(10.75)
    meter.began_waiting(10.75)
    sample = meter.close(0, 11.0, ready=1)
    assert sample.in_flight == pytest.approx(1.25)
    assert sample.waiting == pytest.approx(0.25)


def test_a_rejected_request_arrived_but_was_never_in_flight() -> None:
    meter = Meter(0.0)
    meter.rejected(0.5)
    sample = meter.close(0, 1.0, ready=1)
    assert (sample.arrivals, sample.rejected, sample.in_flight) == (1, 1, 0.0)


def test_a_finished_request_counts_with_the_time_for_which_it_had_its_slot() -> None:
    meter = Meter(0.0)
    meter.arrived(0.0)
    meter.finished(0.5, 0.5)
    sample = meter.close(0, 1.0, ready=1)
    assert (sample.finished, sample.service_s, sample.in_flight) == (1, 0.5, 0.5)
    assert meter.present == 0


def test_an_expired_request_counts_as_rejected_and_an_abandoned_one_does_not() -> None:
    meter = Meter(0.0)
    for rejected in (True, False):
        meter.arrived(0.0)
        meter.began_waiting(0.0)
        meter.ended_waiting(0.5)
        meter.gone(0.5, rejected=rejected)
    sample = meter.close(0, 1.0, ready=0)
    assert (sample.arrivals, sample.rejected, sample.finished) == (2, 1, 0)
    assert sample.waiting == sample.in_flight == pytest.approx(1.0)


def test_only_requests_in_flight_carry_over_to_the_next_second() -> None:
    meter = Meter(0.0)
    meter.arrived(0.0)
    meter.close(0, 1.0, ready=1)
    sample = meter.close(1, 2.0, ready=1)
    assert (sample.second, sample.arrivals, sample.in_flight) == (1, 0, 1.0)


def test_a_sample_of_width_zero_has_the_current_count() -> None:
    meter = Meter(5.0)
    meter.arrived(5.0)
    assert meter.close(-1, 5.0, ready=1).in_flight == 1.0


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), max_size=20))
def test_the_integral_of_requests_in_flight_is_the_sum_of_their_times(spells: list[tuple[float, float]]) -> None:
    """Little's law, for the meter alone: the sum over seconds closed at 1 Hz equals the sum of the times of the
    requests.
    """
    events = sorted(
        [(begin_s, 0) for begin_s, _ in spells] + [(begin_s + length_s, 1) for begin_s, length_s in spells],
    )
    meter = Meter(0.0)
    total_s, second = 0.0, 0
    for at_s, kind in [*events, (21.0, 2)]:
        while second + 1 <= at_s:
            total_s += meter.close(second, second + 1.0, ready=1).in_flight
            second += 1
        if kind == 0:
            meter.arrived(at_s)
        elif kind == 1:
            meter.finished(at_s, 0.0)
    assert meter.present == 0
    assert total_s == pytest.approx(sum(length_s for _, length_s in spells), abs=1e-9)
