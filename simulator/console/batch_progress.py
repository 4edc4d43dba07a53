"""Progress of a batch of runs: a bar on a terminal, occasional lines elsewhere, both with the remaining time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from simulator.console.progress import left_text
from simulator.world.clock import wall_s

LINE_EVERY_S: Final = 15.0  # 240 lines in an hour


class BatchProgress:
    """A context manager; call `advance` after each run. `before`: number of runs that an earlier start has finished.

    `first`: the name of the first run, shown at the bar until another one has ended. `units`: what is counted. The
    remaining time is estimated from the later runs: the first one may compile a kernel.
    """

    def __init__(
        self,
        console: Console,
        title: str,
        total: int,
        wall: Callable[[], float] = wall_s,
        *,
        first: str = "",
        units: str = "runs",
    ) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task(first or title, total=total)
        self._console = console
        self._title = title
        self._total = total
        self._units = units
        self._wall = wall
        self._next_s = wall() + LINE_EVERY_S
        self._first_ended_s: float | None = None
        self._done = self._before = 0

    def advance(self, name: str = "", *, before: bool = False) -> None:
        self._done += 1
        self._before += before
        self._bar.update(self._task, advance=1, description=name or self._title)
        if self._first_ended_s is None and not before:
            self._first_ended_s = self._wall()
        if self._first_ended_s is not None and not self._console.is_terminal and self._wall() >= self._next_s:
            self._next_s = self._wall() + LINE_EVERY_S
            later = self._done - self._before - 1
            left = left_text(self._wall() - self._first_ended_s, later / max(1, self._total - self._before - 1))
            line = f"{self._title}: {self._done} of {self._total} {self._units}{f', {left}' if left else ''}"
            self._console.print(line, soft_wrap=True, markup=False, highlight=False)

    def print(self, lines: Iterable[str]) -> None:
        """Print the lines above the bar. Used with `--verbose`."""
        for line in lines:
            self._console.print(line, soft_wrap=True, markup=False, highlight=False)

    def refresh(self) -> None:
        """Draw the bar now; otherwise it is redrawn ten times per second."""
        self._bar.refresh()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
