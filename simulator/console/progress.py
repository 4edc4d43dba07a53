"""The progress of a run: a live view on a terminal, a line at intervals elsewhere.

Updates follow wall time on either clock, because people watch them: in virtual time hours pass between two updates.
`wall_s` is a monotonic clock in seconds, passed by a caller that may read one.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from simulator.console.sparkline import BLOCKS, PLAIN, sparkline
from simulator.model.text.quantities import count_text, latency_text, rate_text, time_text
from simulator.replay.progress import ProgressView

LIVE_EVERY_S: Final = 0.25  # smooth enough to watch: 4 updates per second
_CURVE_POINTS_MAX: Final = 2000  # more than the columns of any terminal
GUESS_FROM_S: Final = 2.0  # earlier estimates of the remaining time are useless
PLAIN_EVERY_S: Final = 5.0  # 120 lines for a run of ten minutes


class Progress:
    """Shows views on `console`; a context manager, so that the terminal is always restored."""

    def __init__(self, console: Console, title: str, wall_s: Callable[[], float]) -> None:
        self._console = console
        self._title = title
        self._wall_s = wall_s
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._curves = _Curves(PLAIN if console.options.ascii_only else BLOCKS)
        # A run that ends at once needs no progress lines in a log.
        self._began_s = wall_s()
        self._next_s = self._began_s + (0.0 if self._live else PLAIN_EVERY_S)

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def due(self) -> bool:
        return self._wall_s() >= self._next_s

    def update(self, view: ProgressView) -> None:
        left = left_text(self._wall_s() - self._began_s, view.now_s / view.duration_s)
        if self._live:
            self._curves.add(view)
            curves = self._curves.lines(self._console.width)
            self._live.update(Group(_live_view(self._title, view, left), *curves), refresh=True)
        else:
            self._console.print(_plain_line(view, left), soft_wrap=True, markup=False, highlight=False)
        self._next_s = self._wall_s() + (LIVE_EVERY_S if self._live else PLAIN_EVERY_S)


class _Curves:
    """The figures so far as sparklines. Memory is bounded: of too many values, the higher of each two is kept."""

    def __init__(self, levels: str) -> None:
        self._levels = levels
        self._values: dict[str, list[float]] = {"offered": [], "in flight": [], "provisioned": [], "p99": []}

    def add(self, view: ProgressView) -> None:
        news = (view.offered_rps, view.in_flight + view.waiting, view.provisioned, view.p99_s or 0.0)
        for name, value in zip(self._values, news, strict=True):
            values = self._values[name]
            values.append(value)
            if len(values) > _CURVE_POINTS_MAX:
                self._values[name] = [max(values[place : place + 2]) for place in range(0, len(values), 2)]

    def lines(self, width: int) -> list[Text]:
        tops = {"offered": rate_text, "in flight": count_text, "provisioned": count_text, "p99": latency_text}
        lines = []
        for name, values in self._values.items():
            top = max(values)
            line = Text(f"{name:<12}", style="dim")
            line.append(sparkline(values, max(10, width - 30), top, self._levels), style="cyan")
            line.append(f" max {tops[name](top)}", style="dim")
            lines.append(line)
        return lines


def left_text(elapsed_s: float, share: float) -> str:
    """Return the estimated remaining time as `4m10s left`, from the share of the work done; empty if unknown."""
    if elapsed_s < GUESS_FROM_S or not 0 < share < 1:
        return ""
    return f"{time_text(max(1.0, elapsed_s * (1 - share) / share))} left"


def _live_view(title: str, view: ProgressView, left: str) -> Group:
    bar = Table.grid(expand=True, padding=(0, 1))
    bar.add_column(no_wrap=True)
    bar.add_column(ratio=1)
    bar.add_column(no_wrap=True, justify="right")
    bar.add_row(
        Text(title, style="bold"),
        ProgressBar(total=view.duration_s, completed=min(view.now_s, view.duration_s)),
        f"{time_text(view.now_s)} of {time_text(view.duration_s)}{f', {left}' if left else ''}",
    )
    return Group(bar, Text(_traffic(view)), Text(_instances(view)))


def _plain_line(view: ProgressView, left: str = "") -> str:
    percent = min(100.0, view.now_s / view.duration_s * 100)
    given = f"{percent:.0f} %{f', {left}' if left else ''}"
    return f"{time_text(view.now_s)} ({given}): {_traffic(view)}; {_instances(view)}"


def _traffic(view: ProgressView) -> str:
    waiting = f" and {view.waiting} waiting" if view.waiting else ""
    return (
        f"offered {rate_text(view.offered_rps)}, served {rate_text(view.served_rps)}, "
        f"errors {rate_text(view.failed_rps)}, in flight {view.in_flight}{waiting}"
        + (f"; from outside {rate_text(view.outside_rps)}" if view.outside_rps else "")
    )


def _instances(view: ProgressView) -> str:
    return (
        f"instances {view.active} active of {view.provisioned} provisioned, desired {view.desired}; "
        f"p50 {latency_text(view.p50_s)}, p99 {latency_text(view.p99_s)}"
    )
