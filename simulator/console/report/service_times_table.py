"""The report's part about service times for a terminal, readable at 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final

from rich.table import Table
from rich.text import Text

from simulator.console.report.tables import new_table
from simulator.model.text.quantities import count_text, latency_text, ratio_text
from simulator.report.service_times.part import MeasuredLawPart, RejectedRatioPart, ServiceTimePart, ServiceTimesPart

_WIDTH: Final = 78
_NONE: Final = RejectedRatioPart(service="", measured=None, modelled=None, corrected=None)


def service_times_table(part: ServiceTimesPart) -> Table:
    """Return the table: each service, then its paths, as measured, as modelled, and with the measured law."""
    table = new_table("service time", "requests", "p50", "p95", "mean", "rejected", numbers_from=1)
    rejected = {each.service: each for each in part.rejected}
    for route in part.routes:
        ratios = rejected.get(route.service, _NONE) if not route.path else _NONE
        table.add_row(Text(f"{route.service}{route.path}", style="bold"))
        for name, figures, ratio in (
            ("real instances", route.measured, ratios.measured),
            ("as modelled", route.modelled, ratios.modelled),
            ("with measured law", route.corrected, ratios.corrected),
        ):
            if figures is not None:
                table.add_row(f"  {name}", *_cells(figures, ratio), style=None if route.differs else "dim")
    return table


def law_lines(part: ServiceTimesPart) -> list[str]:
    """Return the measured laws as lines to paste into the scenario file, with their places."""
    if not part.laws:
        return [] if any(route.differs for route in part.routes) else ["The differences are within chance."]
    return ["To play the measured times in virtual time, set in the scenario file:", *_yaml(part.laws)]


def _yaml(laws: Sequence[MeasuredLawPart]) -> Iterator[str]:
    """Yield the settings as YAML. Keys that consecutive settings share are written once."""
    before: list[str] = []
    for law in laws:
        keys = ["services", law.service, *law.setting]
        shared = next(
            n for n, (one, other) in enumerate(zip([*before, ""], [*keys, "-"], strict=False)) if one != other
        )
        yield from (f"{'  ' * depth}{key}:" for depth, key in enumerate(keys[:-1]) if depth >= shared)
        indent = "  " * (len(keys) - 1)
        yield from wrap(f"{indent}{keys[-1]}: {law.yaml}", _WIDTH, subsequent_indent=f"{indent}  ")
        before = keys


def _cells(figures: ServiceTimePart, rejected: float | None) -> list[str]:
    times = (latency_text(value) for value in (figures.p50_s, figures.p95_s, figures.mean_s))
    return [count_text(figures.requests), *times, "" if rejected is None else ratio_text(rejected)]
