"""Tests of the running loop's type: it is the loop itself, not an object around it."""

import asyncio

from simulator.world.clock import ClockKind, run
from simulator.world.running_loop import running_loop


def test_the_typed_loop_is_the_running_one() -> None:
    async def main() -> tuple[bool, float]:
        loop = running_loop()
        await asyncio.sleep(2.5)
        return loop is asyncio.get_running_loop(), loop.time()

    assert run(ClockKind.VIRTUAL, main) == (True, 2.5)
