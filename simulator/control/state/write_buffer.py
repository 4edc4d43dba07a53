"""Batches of items, because a commit costs more than an item. Items are kept until they have been written.

If the state is not writable (for example because the disk is full), the items stay and are tried again every second, up
to a limit. The log has one line when they begin to wait, and one when they were written, with the number of items lost.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

AGAIN_S: Final = 1.0
KEPT_MAX: Final = 10_000
KEPT_BYTES_MAX: Final = 16 * 1024**2
BATCH_BYTES_MAX: Final = 1024**2  # larger batches would delay the calls

_log = logging.getLogger(__name__)


class WriteBuffer(Generic[Item]):
    """A queue of items. `write` stores a batch completely or raises sqlite3.Error. `what`: the items in log messages.

    An item is written `wait_s` after `add`, or as soon as there are `count_max` items or one megabyte.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], None],
        what: str,
        *,
        count_max: int,
        wait_s: float,
        report: Callable[[str], None] = _log.warning,
    ) -> None:
        self._write = write
        self._what = what
        self._count_max = count_max
        self._wait_s = wait_s
        self._report = report
        self._items: deque[tuple[Item, int]] = deque()
        self._bytes = 0
        self._lost = 0
        self._failing = False
        self._timer: asyncio.TimerHandle | None = None
        self._is_soon = False

    def add(self, item: Item, size_bytes: int, *, within_change: bool = False) -> None:
        """Add an item. `within_change`: True if a change may be open, so that the write must wait for its end."""
        self._items.append((item, size_bytes))
        self._bytes += size_bytes
        while len(self._items) > KEPT_MAX or (self._bytes > KEPT_BYTES_MAX and len(self._items) > 1):
            self._bytes -= self._items.popleft()[1]
            self._lost += 1
        if self._is_full and not self._failing:
            if within_change:
                self._soon()
            else:
                self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._wait_s, self._due)

    def flush(self) -> None:
        """Write all items. Items that cannot be written stay in the queue."""
        self._stop_timer()
        while self._items:
            batch, size = self._batch()
            try:
                self._write(batch)
            except sqlite3.Error as error:
                self._missed(error)
                return
            for _ in batch:
                self._items.popleft()
            self._bytes -= size
        self._reached()

    def close(self) -> None:
        """Write the remaining items. Those that cannot be written are lost, and their number is logged."""
        self.flush()
        self._stop_timer()
        lost = self._lost + len(self._items)
        if lost:
            self._report(f"{lost} {self._what} are lost")
        self._items.clear()
        self._bytes = self._lost = 0

    @property
    def _is_full(self) -> bool:
        return len(self._items) >= self._count_max or self._bytes >= BATCH_BYTES_MAX

    def _batch(self) -> tuple[list[Item], int]:
        batch: list[Item] = []
        total = 0
        for item, size in self._items:
            if batch and total + size > BATCH_BYTES_MAX:
                break
            batch.append(item)
            total += size
        return batch, total

    def _soon(self) -> None:
        if not self._is_soon:
            self._stop_timer()
            self._timer = asyncio.get_running_loop().call_later(0, self._due)
            self._is_soon = True

    def _due(self) -> None:
        self._timer = None
        self.flush()

    def _stop_timer(self) -> None:
        self._is_soon = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _missed(self, error: sqlite3.Error) -> None:
        if not self._failing:
            self._failing = True
            self._report(
                f"{self._what} cannot be written: {error}. They are kept and retried; this message appears once"
            )
        self._timer = asyncio.get_running_loop().call_later(AGAIN_S, self._due)

    def _reached(self) -> None:
        if self._failing:
            self._failing = False
            given = f", {self._lost} were lost because the buffer was full" if self._lost else ""
            self._lost = 0
            self._report(f"{self._what} can be written again{given}")
