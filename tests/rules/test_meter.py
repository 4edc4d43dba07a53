from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.meter import Meter, combined


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


@given(st.integers(1, 3), st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), max_size=20))
def test_the_samples_of_several_revisions_add_up_to_that_of_one_meter(
    count: int, spells: list[tuple[float, float]]
) -> None:
    """Requests that are dealt out among revisions are measured like those of a single one."""
    parts, whole = [Meter(0.0) for _ in range(count)], Meter(0.0)
    events = sorted((at_s, number, begins) for number, spell in enumerate(spells) for at_s, begins in _ends(spell))
    for at_s, number, begins in events:
        for meter in (parts[number % count], whole):
            if begins:
                meter.arrived(at_s)
            else:
                meter.finished(at_s, 1.0)
    single = whole.close(0, 21.0, ready=count, cpu_s=3.0)
    together = combined([meter.close(0, 21.0, ready=1, cpu_s=3.0 / count) for meter in parts])
    assert together._replace(in_flight=0.0, cpu_s=0.0) == single._replace(in_flight=0.0, cpu_s=0.0)
    assert (together.in_flight, together.cpu_s) == pytest.approx((single.in_flight, single.cpu_s), abs=1e-9)


def _ends(spell: tuple[float, float]) -> list[tuple[float, bool]]:
    """Return (time, begins) of the begin and the end of a request, which takes some time."""
    begin_s, length_s = spell
    return [(begin_s, True), (begin_s + length_s + 1e-6, False)]


def test_the_sample_of_one_revision_is_its_own_and_the_larger_percentile_counts() -> None:
    slow, fast = Meter(0.0), Meter(0.0)
    one = slow.close(0, 1.0, ready=1)._replace(latency_p95_s=0.9, memory_bytes=3.0)
    assert combined([one]) is one
    other = fast.close(0, 1.0, ready=2)._replace(latency_p95_s=0.2, memory_bytes=4.0)
    both = combined([one, other])
    assert (both.latency_p95_s, both.memory_bytes, both.ready) == (0.9, 7.0, 3)
