"""Waiting for a state of the system that nothing announces, such as a count of descriptors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# Long enough on a busy machine; what is waited for takes milliseconds.
PATIENCE_S = 60.0


async def until(holds: Callable[[], bool]) -> None:
    """Raises TimeoutError when it does not come."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 there is no event for it
            await asyncio.sleep(0.001)
