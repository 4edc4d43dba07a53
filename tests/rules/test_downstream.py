from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.downstream import ConnectionGrant, ConnectionSlots, OnFull, contended_station
from simulator.rules.stations.discipline import Station


def test_attempts_beyond_the_limit_are_rejected() -> None:
    slots: ConnectionSlots[str] = ConnectionSlots(2, OnFull.ERROR, queue=5)
    assert [slots.ask(name) for name in "abc"] == [*[ConnectionGrant.GRANTED] * 2, ConnectionGrant.REJECTED]
    assert slots.taken == 2


@pytest.mark.parametrize("on_full", [OnFull.QUEUE, OnFull.WAIT])
def test_attempts_wait_in_order_up_to_the_length_of_the_queue(on_full: OnFull) -> None:
    slots: ConnectionSlots[str] = ConnectionSlots(1, on_full, queue=2)
    granted, first, second, over = (slots.ask(name) for name in "abcd")
    assert (granted, first, second, over) == (
        ConnectionGrant.GRANTED,
        ConnectionGrant.QUEUED,
        ConnectionGrant.QUEUED,
        ConnectionGrant.REJECTED,
    )
    assert [slots.release(), slots.taken] == ["b", 1]
    assert [slots.release(), slots.release(), slots.taken] == ["c", None, 0]


def test_an_attempt_that_gives_up_gets_no_connection() -> None:
    slots: ConnectionSlots[str] = ConnectionSlots(1, OnFull.QUEUE)
    for name in "abc":
        slots.ask(name)
    assert [slots.give_up("b"), slots.give_up("b"), slots.give_up("a")] == [True, False, False]
    assert slots.release() == "c"


@given(
    st.integers(1, 4),
    st.sampled_from(OnFull),
    st.none() | st.integers(0, 3),
    st.lists(st.sampled_from(["ask", "release", "give up"]), max_size=60),
)
def test_connections_are_within_the_limit_and_none_is_free_while_an_attempt_waits(
    connections: int, on_full: OnFull, queue: int | None, steps: list[str]
) -> None:
    slots: ConnectionSlots[int] = ConnectionSlots(connections, on_full, queue)
    waiting: list[int] = []
    taken = 0
    for number, step in enumerate(steps):
        if step == "ask":
            grant = slots.ask(number)
            taken += grant is ConnectionGrant.GRANTED
            waiting += [number] * (grant is ConnectionGrant.QUEUED)
        elif step == "release" and taken:
            first = slots.release()
            assert first == (waiting.pop(0) if waiting else None)
            taken -= first is None
        elif step == "give up" and waiting:
            assert slots.give_up(waiting.pop())
        assert slots.taken == taken <= connections
        assert not waiting or taken == connections


@pytest.mark.parametrize(("contention", "coherency"), [(0.0, 0.0), (0.1, 0.0), (0.05, 0.01)])
@pytest.mark.parametrize("present", [1, 2, 10])
def test_calls_that_begin_together_end_at_the_time_of_the_scalability_law(
    contention: float, coherency: float, present: int
) -> None:
    station: Station[int] = contended_station(contention, coherency)
    for number in range(present):
        station.arrive(number, 2.0, 0.0)
    # Throughput by Gunther: X(N) = N X(1) / (1 + sigma (N - 1) + kappa N (N - 1)), with X(1) = 1/2 here.
    law = 1 + contention * (present - 1) + coherency * present * (present - 1)
    end_s = station.next_s()
    assert end_s == pytest.approx(present / (present * 0.5 / law))
    assert end_s is not None
    assert sorted(station.computed(end_s)) == list(range(present))
