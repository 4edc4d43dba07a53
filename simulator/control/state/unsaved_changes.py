"""Background changes that could not be written: they are kept in memory, logged once, and tried again."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from typing import Final, Protocol

from simulator.control.state.log_entries import LogEntry
from simulator.model.resources.api_resources import Resource

AGAIN_S: Final = 1.0
ENTRIES_MAX: Final = 10_000  # beyond this number, the oldest are lost

_log = logging.getLogger(__name__)


class Change(Protocol):
    """The content of a change, as `Registry.change` collects it."""

    before: dict[tuple[type, str], Resource | None]
    entries: list[LogEntry]


class UnsavedChanges:
    """The unsaved changes; falsy if there are none. `before`: the resources as stored, None for new ones."""

    def __init__(self) -> None:
        self.before: dict[tuple[type, str], Resource | None] = {}
        self.entries: list[LogEntry] = []
        self._is_failing = False
        self._again: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return self._is_failing

    def keep(self, change: Change, error: sqlite3.Error, save: Callable[[], object]) -> None:
        """Keep a change; `save` is called soon, and again after each failure."""
        self.before = {**change.before, **self.before}
        self.entries = [*self.entries, *change.entries][-ENTRIES_MAX:]
        if not self._is_failing:
            self._is_failing = True
            _log.warning("the state cannot be written: %s. Changes are kept and retried", error)
        if self._again is not None:
            self._again.cancel()
        self._again = asyncio.get_running_loop().call_later(AGAIN_S, save)

    def saved(self) -> None:
        """Discard the changes, because everything has been written."""
        if self._is_failing:
            _log.warning("the state can be written again")
            self.before, self.entries, self._is_failing = {}, [], False
            if self._again is not None:
                self._again.cancel()
                self._again = None
