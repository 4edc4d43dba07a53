"""The calendar: seconds since 1970, to the millisecond as AWS counts them, on either clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from simulator.world.clock import epoch_s

Calendar = Callable[[], float]

VIRTUAL_START_S: Final = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def live_calendar() -> float:
    return round(epoch_s(), 3)


def virtual_calendar(start_s: float = VIRTUAL_START_S) -> Calendar:
    """Virtual time as a date: the loop's 0 is `start_s`."""
    loop = asyncio.get_running_loop()
    return lambda: round(start_s + loop.time(), 3)


def left_s(duration_s: float, since: float, now: float) -> float:
    """How much of a duration that began at `since` is left: 0 to all of it, also when the clock was set back since."""
    return max(0.0, round(duration_s - elapsed_s(since, now), 3))


def elapsed_s(since: float, now: float) -> float:
    """Not less than 0: what began in the future began before the clock was set back."""
    return max(0.0, now - since)


def iso_text(epoch_s: float) -> str:
    """Whole seconds, as in the envelopes of EventBridge and CloudTrail: `2026-01-01T00:00:00Z`."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
