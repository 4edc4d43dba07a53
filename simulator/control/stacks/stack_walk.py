"""A walk over resources: each begins after those that it waits for, and all that can run do so at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from enum import Enum, auto
from typing import Final


class StepProgress(Enum):
    DONE = auto()
    RUNNING = auto()
    LATER = auto()  # has not begun, and has to be tried again
    FAILED = auto()


Step = Callable[[str], StepProgress]

_MOVES: Final = frozenset({StepProgress.DONE, StepProgress.FAILED})


class StackWalk:
    """`waits`: the names that each name waits for. `begin` and `check` are called with a name, `check` while it runs.

    `stops`: after a failure nothing begins, and what runs is not waited for. `failed` and `running` are what is left.
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
        self.running: dict[str, Step] = {}  # the next step of each

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
        """Begin what can begin, and what can begin once that is done."""
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
    """Return for each name those that need it: the order of deletion."""
    return {name: {other for other, each in needs.items() if name in each} for name in needs}
