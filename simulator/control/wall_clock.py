"""The wall clock: seconds since 1970, with a resolution of milliseconds like AWS, in real or virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from simulator.world.clock import epoch_s

WallClock = Callable[[], float]

VIRTUAL_START_S: Final = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def live_wall_clock() -> float:
    return round(epoch_s(), 3)


def virtual_wall_clock(start_s: float = VIRTUAL_START_S) -> WallClock:
    """Return virtual time as a wall clock: the loop's time 0 is `start_s`."""
    loop = asyncio.get_running_loop()
    return lambda: round(start_s + loop.time(), 3)


def left_s(duration_s: float, since: float, now: float) -> float:
    """Return the remaining part of a duration that began at `since`, 0 to all of it, even if the clock was set back."""
    return max(0.0, round(duration_s - elapsed_s(since, now), 3))


def elapsed_s(since: float, now: float) -> float:
    """Return the seconds since `since`, at least 0: a later `since` means that the clock was set back."""
    return max(0.0, now - since)


def iso_text(epoch_s: float) -> str:
    """Format in whole seconds, as in events of EventBridge and CloudTrail: `2026-01-01T00:00:00Z`."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
