"""Running a piece of a test in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from simulator.world.clock import ClockKind, run

T = TypeVar("T")

# A state that callbacks lead to is there after a few rounds of the loop; far more than any chain of them is long.
ROUNDS_MAX = 1000


def run_virtual(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `main()` to its end on a new virtual loop."""
    return run(ClockKind.VIRTUAL, main)


async def rounds(count: int) -> None:
    """Let the loop run everything that is ready, `count` times; no time passes."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a state that needs no time to pass, and fail when it does not come."""
    for _ in range(ROUNDS_MAX):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("what was waited for did not happen, and no time is to pass")
