from __future__ import annotations

from simulator.fleet.simulated.connection_watch import ConnectionWatch
from simulator.model.times import RunTime
from simulator.records.events import DownstreamLogged
from simulator.records.journal import Journal


def lines_of(limit: int, *asked: tuple[float, str]) -> list[tuple[float, str]]:
    """Return the events of a resource whose pools open connections; the pool "full" finds none free."""
    now, journal = [0.0], Journal()
    watch = ConnectionWatch("db", limit, journal, lambda: RunTime(now[0]))
    for at_s, pool in asked:
        now[0] = at_s
        if pool == "full":
            watch.full(waits=True)
        else:
            watch.connecting(pool)
    return [(event.at_s, event.line) for event in journal.events if isinstance(event, DownstreamLogged)]


def test_a_resource_that_stays_full_is_one_event_and_another_after_a_quiet_minute() -> None:
    full = [(at_s, "full") for at_s in (10.0, 40.0, 99.0, 159.0, 219.5)]
    assert [at_s for at_s, _ in lines_of(8, *full)] == [10.0, 219.5]


def test_one_instance_is_no_storm_and_a_share_of_the_limit_is_needed() -> None:
    assert lines_of(8, *((0.0, "a") for _ in range(50))) == []
    assert lines_of(80, *((0.0, "a") for _ in range(10)), *((0.5, "b") for _ in range(9))) == []
    assert lines_of(80, *((0.0, "a") for _ in range(10)), *((1.5, "b") for _ in range(10))) == []
    storm = lines_of(80, *((0.0, "a") for _ in range(10)), *((0.5, "b") for _ in range(10)))
    assert storm == [(0.5, "connection storm: 2 instances made 20 attempts to connect almost at once")]
