"""`simulator top`: shows the console's feed on a terminal. Converts messages to renderables, without I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.console.sparkline import BLOCKS, sparkline
from simulator.model.text.quantities import count_text, latency_text, rate_text, time_text, usd_text

HAPPENED_MAX: Final = 8  # recent events shown
_LABEL: Final = 13
_NOTE: Final = 18
# Sparklines: label, key, whether the column counts requests per bin, and the format of its maximum.
_CURVES: Final = (
    ("offered", "offered", True, rate_text),
    ("rejected", "rejected", True, rate_text),
    ("in flight", "in_flight", False, count_text),
    ("provisioned", "provisioned", False, count_text),
    ("active", "active", False, count_text),
    ("p99", "p99_s", False, latency_text),
)
# Columns of the table: title, key in the frame of a service, format. Narrow terminals omit some.
_COLUMNS: Final[dict[str, tuple[str, Callable[[Any], str]]]] = {
    "offered": ("offered_rps", rate_text),
    "served": ("served_rps", rate_text),
    "rejected": ("rejected_rps", rate_text),
    "in flight": ("in_flight", count_text),
    "waiting": ("waiting", count_text),
    "active": ("active", count_text),
    "prov.": ("provisioned", count_text),
    "desired": ("desired", count_text),
    "p50": ("p50_s", latency_text),
    "p99": ("p99_s", latency_text),
    "$/hour": ("usd_per_hour", usd_text),
}
_WIDE: Final = 100
_WIDE_ONLY: Final = {"served", "desired", "p50"}


class TopView:
    """The state of the feed so far, as a view."""

    def __init__(self, levels: str = BLOCKS) -> None:
        self.ended = False
        self._levels = levels
        self._about: dict[str, Any] = {}
        self._frame: dict[str, Any] | None = None
        self._series: dict[str, Any] = {}
        self._happened: deque[tuple[float, str]] = deque(maxlen=HAPPENED_MAX)
        self._facts_until = 0

    @property
    def is_ready(self) -> bool:
        """True if there is something to show."""
        return self._frame is not None

    def take(self, kind: str, data: dict[str, Any]) -> None:
        """Process one message of the feed."""
        match kind:
            case "hello":
                self._about = data
                self._happened.clear()
                self._facts_until = 0
            case "frame":
                self._frame = data
            case "series":
                self._series = data
            case "facts":
                self._take_facts(data)
            case "ended":
                self.ended = True
            case _:
                pass  # for the page only

    def _take_facts(self, data: dict[str, Any]) -> None:
        if data["from"] < self._facts_until:
            return  # rows that the first message already contained
        self._facts_until = data["until"]
        for row in data["rows"]:
            self._happened.append((row["at_s"], _row_text(row)))

    # --- output ----------------------------------------------------------------------------------------------------

    def show(self, width: int) -> RenderableType:
        """Return the complete view, for a terminal of this width."""
        if self._frame is None:
            return Text("the platform is starting ...", style="dim")
        parts: list[RenderableType] = [self._head(), self._table(width)]
        parts += [Text(line, style="dim") for line in self._shadows()]
        for name in self._frame["services"]:
            parts += self._curves(name, width)
        if self._happened:
            parts.append(Text())
            parts += [
                Text(f"{time_text(at_s):>9}  {words}", no_wrap=True, overflow="ellipsis")
                for at_s, words in self._happened
            ]
        return Group(*parts)

    def line(self) -> str:
        """Return the current state in one line, for a log."""
        if self._frame is None:
            return "the platform is starting"
        services = "; ".join(
            f"{name}: offered {rate_text(one['offered_rps'])}, in flight {one['in_flight']}, waiting {one['waiting']}, "
            f"instances {one['active']} active of {one['provisioned']}, p99 {latency_text(one['p99_s'])}"
            for name, one in self._frame["services"].items()
        )
        return f"{time_text(self._frame['t'])}: {services}"

    def _head(self) -> Text:
        assert self._frame is not None
        speed, state = self._frame["speed"], self._frame["state"]
        playback = "real time" if speed is None else f"{speed:g} x" if state == "playing" else state
        head = Text(str(self._about.get("title", "simulator")), style="bold")
        head.append(f"  {time_text(self._frame['t'])}  {'over' if self.ended else playback}", style="dim")
        return head

    def _table(self, width: int) -> Table:
        assert self._frame is not None
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
        columns = [name for name in _COLUMNS if width >= _WIDE or name not in _WIDE_ONLY]
        for name in ("service", *columns):
            table.add_column(name, justify="left" if name == "service" else "right", no_wrap=True)
        for name, one in self._frame["services"].items():
            table.add_row(Text(name), *(_COLUMNS[column][1](one[_COLUMNS[column][0]]) for column in columns))
        return table

    def _shadows(self) -> list[str]:
        """Return a line for each service with the desired counts of its shadow policies."""
        assert self._frame is not None
        lines = []
        for name, one in self._frame["services"].items():
            acting = one["desired"]
            counts = [
                f"{policy} {desired}" + (f" ({desired - acting:+d})" if desired != acting else "")
                for policy, desired in one.get("shadows", {}).items()
            ]
            if counts:
                lines.append(f"{name}: desired by shadows: {', '.join(counts)}")
        return lines

    def _curves(self, name: str, width: int) -> list[RenderableType]:
        series = self._series.get(name)
        if series is None:
            return []
        lines: list[RenderableType] = [Text(), Text(name, style="bold")]
        room = max(10, min(width, 160) - _LABEL - _NOTE)
        for label, key, counts, written in _CURVES:
            scale = series["width_s"] if counts else 1.0
            values = [(value or 0.0) / scale for value in series[key]]
            top = max(values, default=0.0)
            line = Text(f"{label:<{_LABEL}}")
            line.append(f"{sparkline(values, room, top, self._levels):<{min(room, len(values))}}", style="cyan")
            line.append(f" max {written(top)}", style="dim")
            lines.append(line)
        return lines


def _row_text(row: dict[str, Any]) -> str:
    service = f"{row['service']}: " if "service" in row else ""
    match row["k"]:
        case "decision":
            return f"{service}{row['before']} > {row['desired']} instances, {row['formula']}; {row['reason']}"
        case "configuration":
            sizes = f"MinSize {row['min_size']}, MaxSize {row['max_size']}"
            return f"{service}MaxConcurrency {row['max_concurrency']}, {sizes}"
        case "act":
            return f"{row['action']}: {row['detail']}"
        case _:
            return f"{service}{row['line']}"
