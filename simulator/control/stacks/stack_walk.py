"""Processes resources in the order of their dependencies; independent ones run concurrently."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from enum import Enum, auto
from typing import Final


class StepProgress(Enum):
    DONE = auto()
    RUNNING = auto()
    LATER = auto()  # it has not begun and must be tried again
    FAILED = auto()


Step = Callable[[str], StepProgress]

_MOVES: Final = frozenset({StepProgress.DONE, StepProgress.FAILED})


class StackWalk:
    """One pass over resources.

    `waits`: for each name, the names that it waits for. `begin` and `check` are called with a name; `check` while it
    runs.

    `stops`: after a failure no other begins, and running ones are not awaited. `failed` and `running` have what is
    left.
    """

    def __init__(
        self, waits: Mapping[str, Collection[str]], begin: Step, check: Step, *, every_s: float, stops: bool = False
    ) -> None:
        self._waits = {name: set(each) & set(waits) for name, each in waits.items()}
        self._begin = begin
        self._check = check
        self._every_s = every_s
        self._stops = stops
        self.done: set[str] = set()
        self.failed: list[str] = []
        self.running: dict[str, Step] = {}  # key: name; the next step

    async def go(self) -> None:
        while True:
            self._begin_all()
            if not self.running or (self._stops and self.failed):
                return
            await asyncio.sleep(self._every_s)
            for name in list(self.running):
                self._step(name, self.running[name])
                if self._stops and self.failed:
                    return

    def _begin_all(self) -> None:
        """Begin all that can begin, including what can begin after others have ended at once."""
        while True:
            known = {*self.done, *self.failed, *self.running}
            ready = [name for name, waits in self._waits.items() if name not in known and waits <= self.done]
            for name in ready:
                if self._stops and self.failed:
                    return
                self._step(name, self._begin)
            if not any(name in self.done for name in ready):
                return

    def _step(self, name: str, step: Step) -> None:
        progress = step(name)
        if progress in _MOVES:
            self.running.pop(name, None)
            (self.done.add if progress is StepProgress.DONE else self.failed.append)(name)
        else:
            self.running[name] = self._begin if progress is StepProgress.LATER else self._check


def reversed_waits(needs: Mapping[str, Collection[str]]) -> dict[str, set[str]]:
    """Return for each name the names that depend on it: the order of deletion."""
    return {name: {other for other, each in needs.items() if name in each} for name in needs}
