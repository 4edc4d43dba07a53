"""The report's table of downstream resources for a terminal, readable at 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from simulator.console.report.tables import new_table
from simulator.model.text.quantities import count_text, latency_text, ratio_text
from simulator.report.downstream import DownstreamPart


def downstream_table(resources: Sequence[DownstreamPart]) -> Table:
    """Return a table with a column for each resource, because names can be long and there are many figures."""
    table = new_table("downstream", *(resource.name for resource in resources), numbers_from=1)
    rows = {
        "calls": [count_text(resource.calls) for resource in resources],
        "rejected": [count_text(resource.rejected) for resource in resources],
        "timed out": [count_text(resource.timed_out) for resource in resources],
        "error rate": [ratio_text(resource.error_rate) for resource in resources],
        "wait p50": [latency_text(resource.wait.p50_s) for resource in resources],
        "wait p95": [latency_text(resource.wait.p95_s) for resource in resources],
        "wait p99": [latency_text(resource.wait.p99_s) for resource in resources],
        "utilization": [ratio_text(resource.utilization) for resource in resources],
        "connections, mean": [f"{resource.connections_mean:.3g}" for resource in resources],
        "connections, max": [f"{resource.connections_max} of {resource.connections}" for resource in resources],
        "waiting calls, mean": [f"{resource.queue_mean:.3g}" for resource in resources],
        "waiting calls, max": [count_text(resource.queue_max) for resource in resources],
    }
    for label, cells in rows.items():
        table.add_row(Text(label), *cells)
    return table
