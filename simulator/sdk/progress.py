"""Progress of a sweep or a comparison in Python: a line that is overwritten, or calls of the user's function."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from simulator.console.progress import left_text
from simulator.world.clock import wall_s

EVERY_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class BatchStep:
    """Progress of a batch: the number of completed runs, of `total`.

    `name`: the run that ended last; before the first has ended, the first run. `left`: the remaining time, such as
    `4m10s left`; empty while it is unknown.
    """

    done: int
    total: int
    name: str
    left: str

    def __str__(self) -> str:
        given = (f"{self.done} of {self.total} runs", self.left, self.name)
        return ", ".join(part for part in given if part)


Progress = bool | Callable[[BatchStep], None] | None
"""True: a line on standard error. A function: it is called with each `BatchStep`. False: neither. None: a line if the
output is visible, in a notebook or on a terminal.
"""


class NotebookProgress:
    """Shows the progress of a batch, as a context manager. Call `advance` when a run has ended, from any thread.

    `stop`: True once the user has interrupted the batch; the next `advance` then raises KeyboardInterrupt, which ends
    it.
    """

    def __init__(
        self, progress: Progress, title: str, total: int, first: str = "", wall: Callable[[], float] = wall_s
    ) -> None:
        self._tell = progress if callable(progress) else None
        self._writes = progress is True or (progress is None and somebody_watches())
        self._title = title
        self._total = total
        self._wall = wall
        self._began_s = wall()
        self._next_s = self._began_s
        self._done = 0
        self._first = first
        self._width = 0
        self._stopped = False

    def advance(self, name: str) -> None:
        if self._stopped:
            raise KeyboardInterrupt
        self._done += 1
        self._update(name)

    def stop(self) -> None:
        self._stopped = True

    def __enter__(self) -> Self:
        self._update(self._first)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._width:
            self._write("")

    def _update(self, name: str) -> None:
        left = left_text(self._wall() - self._began_s, self._done / max(1, self._total))
        step = BatchStep(self._done, self._total, name, left)
        if self._tell is not None:
            self._tell(step)
        elif self._writes and self._wall() >= self._next_s:
            self._next_s = self._wall() + EVERY_S
            self._write(f"{self._title}: {step}")

    def _write(self, line: str) -> None:
        """Overwrite the last line with a carriage return, which works on terminals and in the cells of a notebook."""
        sys.stderr.write(f"\r{line:<{self._width}}" if line else f"\r{' ' * self._width}\r")
        sys.stderr.flush()
        self._width = len(line)


def somebody_watches() -> bool:
    """Return True in a notebook, or if standard error is a terminal."""
    return "ipykernel" in sys.modules or sys.stderr.isatty()
