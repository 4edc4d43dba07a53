"""The timer of the live load for due items, on both clocks."""

from __future__ import annotations

import asyncio

import pytest

from simulator.traffic.live.chain import DueChain
from simulator.world.running_loop import running_loop
from simulator.world.virtual import VirtualLoop


def times_of_firing(due_s: list[float], *, late: list[float]) -> list[float]:
    """Return when a chain with the due times `due_s` fires; `late` are due times passed to it while it runs."""
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
    assert times_of_firing([0.0, 0.5, 2.00021], late=[]) == pytest.approx([0.0, 0.5, 2.001])


def test_an_earlier_due_time_reschedules_the_timer() -> None:
    assert times_of_firing([5.0], late=[1.0, 9.0]) == pytest.approx([1.0, 5.0, 9.0])


async def test_a_stopped_chain_does_not_fire() -> None:
    loop = running_loop()
    fired: list[float] = []

    def fire(now_s: float) -> None:
        fired.append(now_s)

    chain = DueChain(fire, loop.time(), loop.time)
    chain.due(0.0)
    chain.stop()
    await asyncio.sleep(0.005)  # five ticks, in which it would have fired
    assert fired == []


async def test_an_error_ends_the_chain_and_is_the_exception_of_broken() -> None:
    def fire(now_s: float) -> None:
        raise ValueError("out of order")

    loop = running_loop()
    chain = DueChain(fire, loop.time(), loop.time)
    chain.due(0.0)
    with pytest.raises(ValueError, match="out of order"):
        await chain.broken
