"""The timer of due items of the live load, on both clocks."""

from __future__ import annotations

import asyncio

import pytest

from simulator.traffic.live.chain import DueChain
from simulator.world.running_loop import running_loop
from simulator.world.virtual import VirtualLoop


def in_virtual_time(due_s: list[float], *, late: list[float]) -> list[float]:
    """When a chain over `due_s` fires; `late` are further due times told to it once it runs."""
    fired: list[float] = []

    async def main() -> None:
        loop = running_loop()
        left = sorted(due_s)

        def fire(now_s: float) -> float | None:
            while left and left[0] <= now_s:
                fired.append(now_s)
                left.pop(0)
            return left[0] if left else None

        chain = DueChain(fire, loop.time(), loop.time)
        chain.due(left[0])
        for at_s in late:
            left.append(at_s)
            left.sort()
            chain.due(at_s)
        await asyncio.sleep(100)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())
    return fired


def test_a_chain_fires_when_something_is_due_rounded_up_to_a_millisecond() -> None:
    assert in_virtual_time([0.0, 0.5, 2.00021], late=[]) == pytest.approx([0.0, 0.5, 2.001])


def test_what_is_due_sooner_moves_the_timer_forward() -> None:
    assert in_virtual_time([5.0], late=[1.0, 9.0]) == pytest.approx([1.0, 5.0, 9.0])


async def test_a_stopped_chain_does_not_fire() -> None:
    loop = running_loop()
    fired: list[float] = []

    def fire(now_s: float) -> None:
        fired.append(now_s)

    chain = DueChain(fire, loop.time(), loop.time)
    chain.due(0.0)
    chain.stop()
    await asyncio.sleep(0.005)  # five ticks in which it would have fired
    assert fired == []


async def test_an_error_ends_the_chain_and_is_its_result() -> None:
    def fire(now_s: float) -> None:
        raise ValueError("out of order")

    loop = running_loop()
    chain = DueChain(fire, loop.time(), loop.time)
    chain.due(0.0)
    with pytest.raises(ValueError, match="out of order"):
        await chain.broken
