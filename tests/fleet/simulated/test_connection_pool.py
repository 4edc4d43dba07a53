"""Resources and pools with constant times, so that every result can be computed by hand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from simulator.fleet.simulated.application import DownstreamResource, DownstreamUse
from simulator.fleet.simulated.connection_pool import ConnectionPool, ResourceCall
from simulator.fleet.simulated.downstream import DownstreamResources
from simulator.model.times import RunTime
from simulator.records.events import CallOutcome, DownstreamCalled, DownstreamChanged, DownstreamLogged
from simulator.records.journal import Journal
from simulator.rules.downstream import OnFull
from simulator.world.distributions import Constant
from simulator.world.random_streams import RandomStreams
from tests.virtual import run_virtual

DB = DownstreamResource("db", 1, Constant(1.0), on_full=OnFull.QUEUE)
ANSWERED, REJECTED, TIMED_OUT = CallOutcome.ANSWERED, CallOutcome.REJECTED, CallOutcome.TIMED_OUT


@dataclass
class Stage:
    """One resource, some pools, and the events in the journal."""

    use: DownstreamUse
    pools: int = 1
    journal: Journal = field(default_factory=Journal)
    calls: list[DownstreamCalled] = field(default_factory=list)
    states: list[DownstreamChanged] = field(default_factory=list)
    ends: list[tuple[float, CallOutcome]] = field(default_factory=list)

    def open(self) -> list[ConnectionPool]:
        loop = asyncio.get_running_loop()
        self.journal.subscribe(DownstreamCalled, self.calls.append)
        self.journal.subscribe(DownstreamChanged, self.states.append)
        resources = DownstreamResources(RandomStreams(1), self.journal, lambda: RunTime(loop.time()))
        running = resources.running(self.use.resource)
        return [ConnectionPool(running, self.use, "web") for _ in range(self.pools)]

    def call(self, pool: ConnectionPool) -> None:
        loop = asyncio.get_running_loop()
        pool.call(ResourceCall(pool, lambda outcome: self.ends.append((loop.time(), outcome))))

    @property
    def events(self) -> list[tuple[float, str]]:
        return [(event.at_s, event.line) for event in self.journal.events if isinstance(event, DownstreamLogged)]


def ends_of(use: DownstreamUse, *arrivals: tuple[float, int]) -> tuple[list[tuple[float, CallOutcome]], Stage]:
    """Run calls that arrive at (time, pool). Return the time and outcome of each, and the stage."""

    async def main() -> tuple[list[tuple[float, CallOutcome]], Stage]:
        stage = Stage(use, pools=1 + max(pool for _, pool in arrivals))
        pools = stage.open()
        loop = asyncio.get_running_loop()
        for at_s, number in arrivals:
            loop.call_at(at_s, stage.call, pools[number])
        await asyncio.sleep(1000)
        return stage.ends, stage

    return run_virtual(main)


def test_calls_beyond_the_connections_wait_in_the_order_of_arrival_whatever_their_instance() -> None:
    ends, stage = ends_of(DownstreamUse(DB), (0.0, 0), (0.1, 1), (0.2, 0), (0.3, 1))
    assert ends == [(1.0, ANSWERED), (2.0, ANSWERED), (3.0, ANSWERED), (4.0, ANSWERED)]
    assert [call.wait_s for call in stage.calls] == pytest.approx([0.0, 0.9, 1.8, 2.7])
    assert max(state.waiting for state in stage.states) == 3
    assert stage.states[-1][2:] == (1, 0, 0, 0)


def test_a_full_resource_rejects_and_is_logged_once() -> None:
    use = DownstreamUse(replace(DB, on_full=OnFull.ERROR))
    ends, stage = ends_of(use, (0.0, 0), (0.5, 1), (0.6, 1), (1.5, 0))
    assert ends == [(0.5, REJECTED), (0.6, REJECTED), (1.0, ANSWERED), (2.5, ANSWERED)]
    assert stage.events == [(0.5, "limit reached: all 1 connections are taken, an attempt to connect was rejected")]


def test_the_queue_of_a_resource_is_bounded() -> None:
    ends, _ = ends_of(DownstreamUse(replace(DB, queue=1)), (0.0, 0), (0.1, 0), (0.2, 0))
    assert ends == [(0.2, REJECTED), (1.0, ANSWERED), (2.0, ANSWERED)]


def test_the_wait_at_a_full_resource_is_bounded() -> None:
    use = DownstreamUse(replace(DB, on_full=OnFull.WAIT, wait_s=0.95))
    ends, _ = ends_of(use, (0.0, 0), (0.1, 1), (0.2, 0))
    assert ends == [(1.0, ANSWERED), (1.15, REJECTED), (2.0, ANSWERED)]


def test_a_pool_keeps_its_connections_and_another_instance_gets_none() -> None:
    pooled = DownstreamUse(replace(DB, on_full=OnFull.ERROR, connect=Constant(0.5)), pool=1)
    ends, stage = ends_of(pooled, (0.0, 0), (2.0, 0), (2.1, 0), (9.0, 1))
    # The first opens the connection; the second finds it idle; the third waits for it; the other pool is rejected.
    assert ends == [(1.5, ANSWERED), (3.0, ANSWERED), (4.0, ANSWERED), (9.0, REJECTED)]
    assert stage.states[-1][2:5] == (1, 1, 0)


def test_without_a_pool_each_call_sets_up_its_connection() -> None:
    ends, _ = ends_of(DownstreamUse(replace(DB, connect=Constant(0.5))), (0.0, 0), (2.0, 0))
    assert ends == [(1.5, ANSWERED), (3.5, ANSWERED)]


def test_a_call_that_timed_out_keeps_its_connection_until_the_resource_is_ready() -> None:
    use = DownstreamUse(DB, timeout_s=0.7)
    ends, stage = ends_of(use, (0.0, 0), (0.8, 0))
    assert ends == [(0.7, TIMED_OUT), (1.5, TIMED_OUT)]
    # The second had the connection from 1.0 on, when the resource had completed the first.
    assert [call.wait_s for call in stage.calls] == pytest.approx([0.0, 0.2])
    assert stage.states[-1].at_s == pytest.approx(2.0)
    assert stage.states[-1][2:] == (1, 0, 0, 0)


def test_a_call_that_times_out_in_the_queue_leaves_it() -> None:
    ends, stage = ends_of(DownstreamUse(DB, timeout_s=1.2), (0.0, 0), (0.1, 0), (0.2, 0))
    assert ends == [(1.0, ANSWERED), (1.3, TIMED_OUT), (1.4, TIMED_OUT)]
    assert [call.wait_s for call in stage.calls] == pytest.approx([0.0, 0.9, 1.2])
    # The second was in progress and ends at 2.0; the third never got a connection.
    assert stage.states[-1] == (2.0, "db", 1, 0, 0, 0)


def test_instances_that_start_together_are_a_connection_storm() -> None:
    async def main() -> Stage:
        use = DownstreamUse(replace(DB, connections=16, on_full=OnFull.ERROR), pool=8, min_idle=8)
        stage = Stage(use, pools=3)
        for pool in stage.open():
            pool.warm()
            await asyncio.sleep(0.3)
        stage.states.clear()
        return stage

    stage = run_virtual(main)
    assert stage.events == [
        (0.3, "connection storm: 2 instances made 10 attempts to connect almost at once"),
        (0.6, "limit reached: all 16 connections are taken, an attempt to connect was rejected"),
    ]


def test_an_instance_that_ends_closes_its_connections_and_drops_its_calls() -> None:
    async def main() -> Stage:
        stage = Stage(DownstreamUse(replace(DB, connections=2), pool=2, min_idle=1), pools=2)
        first, second = stage.open()
        first.warm()
        for _ in range(3):
            stage.call(first)
        stage.call(second)
        await asyncio.sleep(0.5)
        assert stage.states[-1][2:] == (2, 2, 2, 2)
        first.close()
        await asyncio.sleep(1000)
        return stage

    stage = run_virtual(main)
    # The calls in progress keep their connections until they end; then the other instance gets one.
    assert stage.ends == [(2.0, ANSWERED)]
    assert stage.states[-1][2:] == (2, 1, 0, 0)


def test_many_calls_that_wait_for_a_pool_whose_resource_is_full_fail_one_after_the_other() -> None:
    """The call in progress is abandoned, its connection stays in use, and 1,500 calls wait for its pool."""
    use = DownstreamUse(replace(DB, on_full=OnFull.ERROR, service=Constant(5.0)), pool=1, timeout_s=1.0)
    ends, stage = ends_of(use, (0.0, 0), *((0.5, 0) for _ in range(1500)))
    assert ends[-1] == (1.0, TIMED_OUT)  # the others are rejected when it is abandoned, before it ends
    assert [outcome for _, outcome in ends].count(REJECTED) == 1500
    assert stage.states[-1][2:] == (1, 0, 0, 0)


def test_a_call_that_gets_a_connection_at_once_has_not_waited() -> None:
    _, stage = ends_of(DownstreamUse(DB, pool=1), (0.0, 0), (2.0, 0))
    assert max(state.waiting for state in stage.states) == 0


def opened_over_time(use: DownstreamUse, *arrivals: float) -> list[tuple[float, int]]:
    """Return (time, open connections) for each change of the number, in one pool that is warmed at 0."""

    async def main() -> list[tuple[float, int]]:
        stage = Stage(use)
        (pool,) = stage.open()
        loop = asyncio.get_running_loop()
        loop.call_at(0.0, pool.warm)
        for at_s in arrivals:
            loop.call_at(at_s, stage.call, pool)
        await asyncio.sleep(100)
        settled = {state.at_s: state.opened for state in stage.states}  # the last state at each time
        found: list[tuple[float, int]] = []
        for at_s, opened in settled.items():
            if not found or found[-1][1] != opened:
                found.append((round(at_s, 6), opened))
        return found

    return run_virtual(main)


MANY = replace(DB, connections=5)


def test_a_pool_closes_idle_connections_beyond_those_that_it_keeps() -> None:
    use = DownstreamUse(MANY, pool=3, min_idle=1, idle_timeout_s=10.0)
    # Three calls at 5.0 end at 6.0. The connection that became idle last is then used from 8.0 to 9.0.
    assert opened_over_time(use, 5.0, 5.0, 5.0, 8.0) == [(0.0, 1), (5.0, 3), (16.0, 1)]


def test_a_connection_that_was_kept_is_closed_later_if_the_pool_has_grown() -> None:
    use = DownstreamUse(MANY, pool=3, min_idle=1, idle_timeout_s=10.0)
    # The one opened at 0.0 is checked at 10.0 and kept; at 15.0 it is used, and so are two new ones.
    assert opened_over_time(use, 15.0, 15.0) == [(0.0, 1), (15.0, 2), (26.0, 1)]


def test_a_connection_that_reached_its_lifetime_is_closed_when_no_call_uses_it_and_replaced() -> None:
    use = DownstreamUse(MANY, pool=2, min_idle=1, max_lifetime_s=10.0)
    # In use from 9.5 to 10.5; its replacement begins then, and is itself replaced while it is idle.
    assert opened_over_time(use, 9.5, 30.8) == [(0.0, 1)]
    slow = replace(use, resource=replace(MANY, connect=Constant(0.25)))
    assert opened_over_time(slow, 9.5) == [(0.0, 1)]
    assert opened_over_time(replace(use, min_idle=0), 9.5) == [(9.5, 1), (19.5, 0)]


def test_the_resource_closes_idle_connections_even_those_that_the_pool_would_keep() -> None:
    use = DownstreamUse(replace(MANY, server_idle_timeout_s=7.0), pool=2, idle_timeout_s=50.0)
    assert opened_over_time(use, 1.0, 1.5) == [(1.0, 1), (1.5, 2), (9.0, 1), (9.5, 0)]


def test_idle_connections_of_an_ended_instance_are_closed_once() -> None:
    async def main() -> Stage:
        stage = Stage(DownstreamUse(MANY, pool=2, min_idle=2, idle_timeout_s=5.0, max_lifetime_s=8.0))
        (pool,) = stage.open()
        pool.warm()
        stage.call(pool)
        await asyncio.sleep(0.5)
        pool.close()
        await asyncio.sleep(100)
        return stage

    assert run_virtual(main).states[-1][2:] == (5, 0, 0, 0)
