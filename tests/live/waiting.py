"""Waits for states of the system that no event announces, such as a count of descriptors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from simulator.world.clock import wall_s

# Long enough on a busy machine; the awaited states take milliseconds.
PATIENCE_S = 60.0


async def until(holds: Callable[[], bool]) -> None:
    """Wait until `holds` returns True. Raises TimeoutError after the time limit."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 there is no event for it
            await asyncio.sleep(0.001)


def wait_until(holds: Callable[[], bool]) -> None:
    """As `until`, for tests without an event loop, which look at other processes. Raises AssertionError."""
    end_s = wall_s() + PATIENCE_S
    while not holds():
        assert wall_s() < end_s, "what was waited for did not happen"
        time.sleep(0.05)  # noqa: TID251 nothing announces it
