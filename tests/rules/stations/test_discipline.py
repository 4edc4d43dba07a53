from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.stations.discipline import EPSILON_S, Station


@dataclass(frozen=True)
class Arrival:
    at_s: float
    cpu_s: float


def ends(station: Station[int], arrivals: list[Arrival]) -> dict[int, float]:
    """Return when each arrival (by index, in order of time) has used its CPU time; there are no other waits."""
    done: dict[int, float] = {}
    coming = list(enumerate(arrivals))
    while True:
        next_s = station.next_s()
        if coming and (next_s is None or coming[0][1].at_s <= next_s):
            index, arrival = coming.pop(0)
            station.arrive(index, arrival.cpu_s, arrival.at_s)
        elif next_s is not None:
            for index in station.computed(next_s):
                done[index] = next_s
                station.leave(next_s)
        else:
            return done


def shared_by_small_steps(vcpu: float, arrivals: list[Arrival], step_s: float) -> dict[int, float]:
    """Compute processor sharing by brute force: in each small time step every present request gets its share."""
    left = {index: arrival.cpu_s for index, arrival in enumerate(arrivals)}
    done: dict[int, float] = {}
    step = 0
    while left:
        now = step * step_s
        present = [index for index in left if arrivals[index].at_s <= now]
        for index in present:
            left[index] -= step_s * min(1.0, vcpu / len(present))
            if left[index] <= 1e-9:
                done[index] = now + step_s
        left = {index: rest for index, rest in left.items() if index not in done}
        step += 1
    return done


def test_one_request_computes_at_the_speed_of_one_cpu_at_most() -> None:
    assert ends(Station(4, None), [Arrival(1.0, 2.0)]) == {0: 3.0}


def test_less_than_one_cpu_slows_even_a_single_request() -> None:
    assert ends(Station(0.25, None), [Arrival(0.0, 1.0)]) == {0: 4.0}


def test_requests_share_one_cpu_equally() -> None:
    assert ends(Station(1, None), [Arrival(0.0, 1.0), Arrival(0.0, 1.0)]) == {0: 2.0, 1: 2.0}


def test_a_short_request_overtakes_a_long_one() -> None:
    # From 1 s on both run at half speed, so 1 s of work takes 2 s; then the long one has 8 - 1 = 7 s left alone, from 3
    # s.
    assert ends(Station(1, None), [Arrival(0.0, 9.0), Arrival(1.0, 1.0)]) == {1: 3.0, 0: 10.0}


def test_two_requests_on_two_cpus_do_not_slow_each_other() -> None:
    assert ends(Station(2, None), [Arrival(0.0, 3.0), Arrival(1.0, 1.0)]) == {1: 2.0, 0: 3.0}


def test_one_worker_serves_in_order_of_arrival() -> None:
    assert ends(Station(1, 1), [Arrival(0.0, 5.0), Arrival(1.0, 1.0), Arrival(2.0, 1.0)]) == {0: 5.0, 1: 6.0, 2: 7.0}


def test_a_worker_is_occupied_until_its_request_leaves() -> None:
    station: Station[str] = Station(1, 1)
    station.arrive("a", 1.0, 0.0)
    station.arrive("b", 1.0, 0.0)
    assert station.computed(1.0) == ["a"]
    assert station.next_s() is None  # "a" waits for its I/O and keeps the only worker
    station.leave(3.0)
    assert station.next_s() == 4.0
    assert station.busy_workers == 1


def test_all_workers_are_free_when_all_requests_have_left() -> None:
    station: Station[int] = Station(1, 3)
    ends(station, [Arrival(0.1 * index, 0.5) for index in range(10)])
    assert station.busy_workers == 0


def test_a_request_without_work_is_done_at_once() -> None:
    station: Station[str] = Station(1, 2)
    station.arrive("a", 0.0, 7.0)
    assert station.next_s() == 7.0
    assert station.computed(7.0) == ["a"]


def test_a_check_before_the_end_completes_no_request() -> None:
    station: Station[str] = Station(1, None)
    station.arrive("a", 1.0, 0.0)
    assert station.computed(0.5) == []
    assert station.next_s() == 1.0


@pytest.mark.parametrize("now_s", [1e6, 1e8, 1e10])
def test_work_ends_at_any_time_of_a_run(now_s: float) -> None:
    """Far from the origin the resolution of the clock is coarser than EPSILON_S, so waiting for exact completion never
    ends.
    """
    station: Station[int] = Station(1, None)
    for index in range(3):
        station.arrive(index, 0.1 + index / 7, now_s + index / 11)
    done: list[int] = []
    for _ in range(20):
        next_s = station.next_s()
        if next_s is None:
            break
        done += station.computed(next_s)
    assert sorted(done) == [0, 1, 2]


STEP_S = 1 / 64
ARRIVALS = st.lists(
    st.builds(
        Arrival,
        at_s=st.integers(0, 128).map(lambda steps: steps * STEP_S),
        cpu_s=st.integers(1, 128).map(lambda steps: steps * STEP_S),
    ),
    min_size=1,
    max_size=6,
).map(lambda arrivals: sorted(arrivals, key=lambda arrival: arrival.at_s))


@given(ARRIVALS, st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0]))
def test_virtual_work_gives_the_same_ends_as_small_time_steps(arrivals: list[Arrival], vcpu: float) -> None:
    exact = ends(Station(vcpu, None), arrivals)
    # Within a step all requests present at its beginning get an equal share, so each end before adds an error of at
    # most one step.
    fine_s = STEP_S / 8
    approximate = shared_by_small_steps(vcpu, arrivals, fine_s)
    for index, end_s in exact.items():
        assert end_s == pytest.approx(approximate[index], abs=fine_s * (len(arrivals) + 1))


@given(ARRIVALS, st.sampled_from([0.25, 1.0, 2.0]), st.none() | st.integers(1, 3))
def test_requests_use_exactly_their_work_and_no_more_than_the_cpu(
    arrivals: list[Arrival], vcpu: float, workers: int | None
) -> None:
    """No request ends before its own work can be done, and the CPU does no more than `vcpu` seconds of work
    per second.
    """
    exact = ends(Station(vcpu, workers), arrivals)
    assert sorted(exact) == list(range(len(arrivals)))
    for index, end_s in exact.items():
        assert end_s >= arrivals[index].at_s + arrivals[index].cpu_s / min(1.0, vcpu) - EPSILON_S
    begin_s = arrivals[0].at_s
    done = sorted((end_s, arrivals[index].cpu_s) for index, end_s in exact.items())
    total_s = 0.0
    for end_s, cpu_s in done:
        total_s += cpu_s
        assert total_s <= vcpu * (end_s - begin_s) + 1e-6


def test_a_request_is_rejected_if_as_many_wait_as_may() -> None:
    station: Station[str] = Station(1, 1, backlog=1)
    assert [station.arrive(name, 0.1, 0.0) for name in ("computes", "waits", "rejected")] == [True, True, False]
    assert station.computed(0.1) == ["computes"]
    station.leave(0.1)
    assert station.arrive("waits too", 0.1, 0.1)
    assert not station.arrive("rejected too", 0.1, 0.1)
    none: Station[str] = Station(1, 2, backlog=0)
    assert [none.arrive(name, 0.1, 0.0) for name in "abc"] == [True, True, False]
