from __future__ import annotations

import math
from fractions import Fraction
from heapq import heapreplace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.stations.cpu_use import CpuOrder, CpuUse, slowdown
from simulator.rules.stations.discipline import Station

TICK = Fraction(1, 1000)  # seconds; all times of the random inputs are multiples of it
ARRIVALS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 100)), min_size=1, max_size=12).map(sorted)
EVENT_LOOP = CpuUse(CpuOrder.FIRST_COME, 1)


def ends_of(station: Station[int], arrivals: list[tuple[int, int]]) -> list[float]:
    """Return when each (arrival, CPU time), in ticks, has its CPU time."""
    ends = [math.nan] * len(arrivals)

    def run_until(limit_s: float) -> None:
        while (at_s := station.next_s()) is not None and at_s <= limit_s:
            for number in station.computed(at_s):
                ends[number] = at_s

    for number, (tick, cpu) in enumerate(arrivals):
        run_until(tick * float(TICK))
        station.arrive(number, cpu * float(TICK), tick * float(TICK))
    run_until(math.inf)
    return ends


def in_turn(servers: int, arrivals: list[tuple[int, int]]) -> list[float]:
    """Return the same for that many servers, first come first served: the earliest free one takes the next request."""
    free = [0] * servers
    ends = []
    for tick, cpu in arrivals:
        ends.append(max(tick, free[0]) + cpu)
        heapreplace(free, ends[-1])
    return [float(end * TICK) for end in ends]


@given(arrivals=ARRIVALS, vcpus=st.integers(1, 4))
def test_on_whole_vcpus_first_come_is_one_server_for_each(arrivals: list[tuple[int, int]], vcpus: int) -> None:
    station: Station[int] = Station(vcpus, None, CpuUse(CpuOrder.FIRST_COME))
    assert ends_of(station, arrivals) == pytest.approx(in_turn(vcpus, arrivals), abs=1e-8)
    assert station.used_s(1e3) == pytest.approx(sum(cpu for _, cpu in arrivals) * float(TICK), abs=1e-8)


@given(arrivals=ARRIVALS, vcpus=st.integers(1, 4))
def test_an_event_loop_uses_one_of_the_vcpus(arrivals: list[tuple[int, int]], vcpus: int) -> None:
    assert ends_of(Station(vcpus, None, EVENT_LOOP), arrivals) == pytest.approx(in_turn(1, arrivals), abs=1e-8)


@given(arrivals=ARRIVALS)
def test_on_a_part_of_a_vcpu_each_request_takes_longer(arrivals: list[tuple[int, int]]) -> None:
    longer = [(tick, 4 * cpu) for tick, cpu in arrivals]
    station: Station[int] = Station(0.25, None, CpuUse(CpuOrder.FIRST_COME))
    assert ends_of(station, arrivals) == pytest.approx(in_turn(1, longer), abs=1e-7)


@given(arrivals=ARRIVALS, vcpus=st.sampled_from([1.0, 2.0, 4.0]), parallelism=st.integers(1, 5))
def test_threads_that_use_few_processors_are_as_slow_as_on_fewer_vcpus(
    arrivals: list[tuple[int, int]], vcpus: float, parallelism: int
) -> None:
    limited: Station[int] = Station(vcpus, None, CpuUse(parallelism=parallelism))
    assert ends_of(limited, arrivals) == ends_of(Station(min(vcpus, parallelism), None), arrivals)


def test_more_handlers_than_vcpus_share_them_and_further_requests_wait() -> None:
    station: Station[int] = Station(1, None, CpuUse(CpuOrder.FIRST_COME, 2))
    # Two at half speed until 0.2; then the third and, alone from 0.4 on, its rest.
    assert ends_of(station, [(0, 100), (0, 100), (0, 100)]) == pytest.approx([0.2, 0.2, 0.3])
    # The short one makes room: 10 ms of each until 0.02, then the second beside the third.
    other: Station[int] = Station(1, None, CpuUse(CpuOrder.FIRST_COME, 2))
    assert ends_of(other, [(0, 10), (0, 30), (0, 30)]) == pytest.approx([0.02, 0.06, 0.07])


def test_work_beside_requests_waits_for_its_turn_too() -> None:
    station: Station[str] = Station(1, None, EVENT_LOOP)
    station.arrive("request", 0.1, 0.0)
    station.begin("job", 0.2, 0.0)
    station.arrive("next", 0.1, 0.05)
    ended: list[tuple[str, float]] = []
    while (at_s := station.next_s()) is not None:
        ended += [(job, round(at_s, 9)) for job in station.computed(at_s)]
    assert ended == [("request", 0.1), ("job", 0.3), ("next", 0.4)]


def test_a_late_caller_does_not_delay_the_requests_that_follow() -> None:
    """In real time timers are late."""
    station: Station[int] = Station(1, None, EVENT_LOOP)
    for number in range(3):
        station.arrive(number, 0.1, 0.0)
    assert station.computed(0.15) == [0]
    assert station.next_s() == pytest.approx(0.2)
    assert station.computed(0.42) == [1, 2]


def test_with_fewer_vcpus_the_request_that_computes_keeps_its_turn() -> None:
    station: Station[int] = Station(2, None, CpuUse(CpuOrder.FIRST_COME, 1))
    station.arrive(0, 0.1, 0.0)
    station.arrive(1, 0.1, 0.0)
    station.resize(0.5, 0.05)
    assert station.next_s() == pytest.approx(0.15)
    assert station.computed(0.15) == [0]
    assert station.next_s() == pytest.approx(0.35)


@pytest.mark.parametrize("vcpus", [2, 8])
@pytest.mark.parametrize(("contention", "coherency"), [(0.0, 0.0), (0.1, 0.0), (0.05, 0.02), (0.0, 1.0)])
def test_a_closed_population_has_the_throughput_of_the_scalability_law(
    vcpus: int, contention: float, coherency: float
) -> None:
    """N requests, each of which begins again at its end: X(N) = min(N, C) X(1) / law(N)."""
    for present in range(1, 9):
        station: Station[int] = Station(vcpus, None, CpuUse(contention=contention, coherency=coherency))
        for number in range(present):
            station.arrive(number, 0.01, 0.0)
        ended, now = 0, 0.0
        while ended < 10 * present:
            at_s = station.next_s()
            assert at_s is not None
            now = at_s
            for number in station.computed(now):
                station.arrive(number, 0.01, now)
                ended += 1
        law = 1 + contention * (present - 1) + coherency * present * (present - 1)
        assert ended / now == pytest.approx(min(present, vcpus) * 100 / law)
        assert station.used_s(now) == pytest.approx(min(present, vcpus) * now), "CPU time, not work"
        assert law == pytest.approx(slowdown(present, contention, coherency))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"parallelism": 0}, "parallelism = 0, must be at least 1"),
        ({"visits": 0}, "visits = 0, must be at least 1"),
        ({"contention": -0.5}, "contention = -0.5, must be at least 0 and finite"),
        ({"coherency": math.inf}, "coherency = inf, must be at least 0 and finite"),
    ],
)
def test_numbers_out_of_range_are_rejected(told: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=f"^{expected}$"):
        CpuUse(**told)
