"""The typed running loop is the event loop itself, not a wrapper."""

import asyncio

from simulator.world.clock import ClockKind, run
from simulator.world.running_loop import running_loop


def test_running_loop_returns_the_running_event_loop() -> None:
    async def main() -> tuple[bool, float]:
        loop = running_loop()
        await asyncio.sleep(2.5)
        return loop is asyncio.get_running_loop(), loop.time()

    assert run(ClockKind.VIRTUAL, main) == (True, 2.5)
