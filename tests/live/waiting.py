"""Waits for states of the system that no event announces, such as a count of descriptors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# Long enough on a busy machine; the awaited states take milliseconds.
PATIENCE_S = 60.0


async def until(holds: Callable[[], bool]) -> None:
    """Wait until `holds` returns True. Raises TimeoutError after the time limit."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 there is no event for it
            await asyncio.sleep(0.001)
