"""Deadlines of requests with the same time limit: they expire in order of arrival, so one timer serves all. A renewed
deadline is the latest one again.

A timer per request would leave a cancelled entry per request in the event loop's heap for two minutes. An ordered map
gives the earliest deadline in constant time and removes a finished request at once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Calls `on_due` with each item `limit_s` after it was added, unless the item was discarded before."""

    def __init__(self, limit_s: float, on_due: Callable[[T], None]) -> None:
        self.limit_s = limit_s
        self._loop = asyncio.get_running_loop()
        self._on_due = on_due
        self._due: OrderedDict[T, float] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._due)

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._due))

    def add(self, item: T, now: float) -> None:
        self._due[item] = due = now + self.limit_s
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._fire)

    def renew(self, item: T, now: float) -> None:
        """Begin the time of an item again; no effect on one that was discarded."""
        if self._due.pop(item, None) is not None:
            self._due[item] = now + self.limit_s

    def discard(self, item: T) -> None:
        self._due.pop(item, None)

    def close(self) -> None:
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        # `_timer` stays set during the loop: an item that `on_due` adds expires after all present items and must not
        # arm it.
        now = self._loop.time()
        try:
            while self._due and next(iter(self._due.values())) <= now:
                item, _ = self._due.popitem(last=False)
                self._on_due(item)
        finally:  # an error of one item must not leave the others without a timer
            # A real clock may fire slightly early; then no item was due, and the same deadline is armed again.
            self._timer = self._loop.call_at(next(iter(self._due.values())), self._fire) if self._due else None
