"""The report's table of background work for a terminal, readable at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from simulator.console.report.tables import new_table
from simulator.model.text.quantities import count_text, latency_text, time_text
from simulator.report.background.part import BackgroundPart


def background_table(parts: Sequence[BackgroundPart]) -> Table:
    """Return a table with a column for each kind of work of each service."""
    works = [(part.service, work) for part in parts for work in part.works]
    table = new_table("background work", *(f"{service} {work.name}" for service, work in works), numbers_from=1)
    rows = {
        "jobs due": [count_text(work.due) for _, work in works],
        "finished": [count_text(work.finished) for _, work in works],
        "missed": [count_text(work.missed) for _, work in works],
        "lost with an instance": [count_text(work.lost) for _, work in works],
        "unfinished at the end": [count_text(work.unfinished) for _, work in works],
        "unfinished, max": [count_text(work.unfinished_max) for _, work in works],
        "CPU time": [time_text(work.cpu_s) for _, work in works],
        "delay p50": [latency_text(work.delay_p50_s) for _, work in works],
        "delay p95": [latency_text(work.delay_p95_s) for _, work in works],
        "delay max": [latency_text(work.delay_max_s) for _, work in works],
        "stalled": [time_text(work.stalled_s) for _, work in works],
    }
    for label, cells in rows.items():
        table.add_row(Text(label), *cells)
    return table
