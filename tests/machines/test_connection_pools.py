"""Pools of several instances on one resource, under random calls, ends of instances and limits: nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.fleet.simulated.application import DownstreamResource, DownstreamUse
from simulator.fleet.simulated.connection_pool import ConnectionPool, ResourceCall
from simulator.fleet.simulated.downstream import DownstreamResources
from simulator.model.times import RunTime
from simulator.records.events import DownstreamChanged
from simulator.records.journal import Journal
from simulator.rules.downstream import OnFull
from simulator.world.distributions import Constant, Distribution, Uniform
from simulator.world.random_streams import RandomStreams
from tests.virtual import run_virtual

TIMES: st.SearchStrategy[Distribution] = st.sampled_from(
    [Constant(0.0), Constant(0.25), Constant(1.0), Uniform(0.0, 2.0)]
)
LIMITS = st.sampled_from([None, 0.25, 0.5, 1.0, 3.0])
POOLS = 3


@st.composite
def uses(draw: st.DrawFn) -> DownstreamUse:
    on_full = draw(st.sampled_from(OnFull))
    resource = DownstreamResource(
        "db",
        draw(st.integers(1, 4)),
        draw(TIMES),
        draw(TIMES),
        on_full,
        None if on_full is OnFull.ERROR else draw(st.sampled_from([None, 0, 2])),
        wait_s=draw(st.sampled_from([0.25, 1.0])),
        contention=draw(st.sampled_from([0.0, 0.5])),
        server_idle_timeout_s=draw(LIMITS),
    )
    pool = draw(st.sampled_from([None, 1, 3]))
    pooled: dict[str, Any] = {}
    if pool is not None:
        pooled = {
            "min_idle": draw(st.integers(0, pool)),
            "idle_timeout_s": draw(LIMITS),
            "max_lifetime_s": draw(LIMITS),
        }
    return DownstreamUse(resource, pool, timeout_s=draw(LIMITS), **pooled)


STEPS = st.lists(
    st.tuples(
        st.integers(0, 40).map(lambda n: n / 4), st.integers(0, POOLS - 1), st.sampled_from(["call"] * 6 + ["close"])
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(uses(), STEPS)
def test_no_connection_and_no_call_is_lost(use: DownstreamUse, steps: list[tuple[float, int, str]]) -> None:
    async def main() -> None:
        loop, journal = asyncio.get_running_loop(), Journal()
        states: list[DownstreamChanged] = []
        journal.subscribe(DownstreamChanged, states.append)
        resources = DownstreamResources(RandomStreams(1), journal, lambda: RunTime(loop.time()))
        pools = [ConnectionPool(resources.running(use.resource), use, "web") for _ in range(POOLS)]
        begun: list[tuple[int, int]] = []
        ended: list[tuple[int, int]] = []

        def call(number: int) -> None:
            if not pools[number].is_closed:
                key = (number, len(begun))
                begun.append(key)
                pools[number].call(ResourceCall(pools[number], lambda _: ended.append(key)))

        acts: dict[str, Callable[[int], None]] = {"call": call, "close": lambda number: _close(pools[number])}
        for pool in pools:
            loop.call_at(0.0, pool.warm)
        for at_s, number, act in steps:
            loop.call_at(at_s, partial(acts[act], number))
        await asyncio.sleep(100)
        closed = {number for number, pool in enumerate(pools) if pool.is_closed}
        assert len(ended) == len(set(ended)), "a call ends once"
        if use.timeout_s is not None:  # without it a call may wait for ever: the pool of another instance has them all
            assert {key for key in begun if key[0] not in closed} <= set(ended), "a call ends unless its instance does"
            assert not states or states[-1].waiting == 0
        assert all(0 <= state.busy <= state.opened <= state.limit for state in states)
        assert all(state.waiting >= 0 for state in states)
        for pool in pools:
            _close(pool)
        await asyncio.sleep(100)
        if states:
            assert states[-1][3:] == (0, 0, 0), "all connections are closed with their instances"

    run_virtual(main)


def _close(pool: ConnectionPool) -> None:
    if not pool.is_closed:
        pool.close()
