"""The tables beside a service's verdict for a terminal: what was played again, and its errors by kind over time."""

from __future__ import annotations

from typing import Final

from rich.table import Table
from rich.text import Text

from simulator.console.report.tables import new_table
from simulator.console.sparkline import BLOCKS, sparkline
from simulator.model.text.quantities import count_text, latency_text, quantity_text, ratio_text, usd_text
from simulator.report.verdict.clauses import moment_text
from simulator.report.verdict.part import ServiceVerdictPart

_CURVE_COLUMNS: Final = 24


def what_ifs_table(verdict: ServiceVerdictPart) -> Table:
    """Return the changes that were played, the proposed one first, and last those whose play ended early."""
    table = new_table("played again with", "lost", "", "p95", "month", "", numbers_from=1)
    for number, each in enumerate(verdict.what_ifs):
        table.add_row(
            Text(each.change, style="bold" if number == 0 and each.is_enough else ""),
            count_text(each.errors),
            ratio_text(each.error_rate),
            latency_text(each.p95_s),
            usd_text(each.month_usd),
            quantity_text(each.month_usd_more, "usd", signed=True),
        )
    for change in verdict.not_enough:
        table.add_row(change, "not enough", "", "", "", "")
    return table


def errors_table(verdict: ServiceVerdictPart, width_s: float, levels: str = BLOCKS) -> Table:
    """Return the failed requests by kind, with their course over the run. `width_s`: of the bins of their series."""
    table = new_table("errors", "requests", "first", "last", "over the run", numbers_from=1)
    table.columns[4].justify = "left"
    top = max((max(series.counts, default=0) for series in verdict.errors), default=0)
    for series in verdict.errors:
        present = [place for place, count in enumerate(series.counts) if count]
        table.add_row(
            series.kind,
            count_text(series.requests),
            moment_text(present[0] * width_s),
            moment_text((present[-1] + 1) * width_s),
            Text(sparkline(series.counts, _CURVE_COLUMNS, top, levels)),
        )
    return table
