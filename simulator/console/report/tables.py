"""The tables of the report for a terminal, each from one part of the report. They fit into 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

from simulator.console.report.checks_text import check_reason, check_verdict
from simulator.model.text.quantities import (
    count_text,
    latency_text,
    quantity_text,
    rate_text,
    ratio_text,
    time_text,
    usd_text,
)
from simulator.report.cost.part import CostPart
from simulator.report.decisions import DecisionPart
from simulator.report.downstream import DownstreamEventPart
from simulator.report.schema import (
    ActPart,
    CheckPart,
    EventPart,
    LatencyPart,
    RequestsPart,
    SharePart,
    SourcePart,
)

# A longer list of decisions is reduced to its first and last entries; the JSON report has all.
ROWS_MAX: Final = 12


def latency_table(requests: RequestsPart) -> Table:
    """Return the latency percentiles of served requests, and of failed ones if there are any."""
    table = new_table("latency", "p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99", "max", numbers_from=1)
    table.add_row("served", *_percentiles(requests.latency))
    if requests.error_latency.count:
        table.add_row("errors", *_percentiles(requests.error_latency))
    return table


def split_table(requests: RequestsPart) -> Table:
    """Return the components of the latency."""
    table = new_table("of which", "mean", "p50", "p95", "p99", numbers_from=1)
    for name, part in (
        ("waiting for a slot", requests.queue),
        ("cold: start or wake", requests.cold),
        ("at the instance", requests.service),
        *([("network and client", requests.client)] if requests.client.mean_s else []),
    ):
        table.add_row(name, *_shares(part))
    return table


def sources_table(sources: Sequence[SourcePart]) -> Table:
    table = new_table("source", "to", "requests", "served", "error rate", "p50", "p99", numbers_from=2)
    for source in sources:
        requests = source.requests
        table.add_row(
            Text(source.name),
            Text(source.service),
            count_text(requests.requests),
            rate_text(requests.served_rps),
            ratio_text(requests.error_rate),
            latency_text(requests.latency.p50_s),
            latency_text(requests.latency.p99_s),
        )
    return table


def decisions_table(decisions: Sequence[DecisionPart]) -> Table:
    """Return time, decision and reason; of a long list only the first and the last entries."""
    table = new_table("at", "desired", "ready after", "why", numbers_from=0)
    table.columns[3].justify = "left"
    table.columns[3].ratio = 1
    table.expand = True
    head, left_out, tail = _ends(decisions)
    for decision in head:
        _add_decision(table, decision)
    if left_out:
        table.add_row("", "", "", Text(f"... {left_out} more, all of them in the JSON report ...", style="dim"))
    for decision in tail:
        _add_decision(table, decision)
    return table


def cost_table(cost: CostPart) -> Table:
    """Return the quantities of the run, its USD, and the USD per month at this traffic."""
    table = new_table("App Runner would charge", "quantity", "", "run", "month", numbers_from=1)
    table.columns[2].justify = "left"
    for of_run, of_month in zip(cost.run.lines, cost.month.lines, strict=True):
        if of_run.quantity or of_month.quantity:
            table.add_row(
                Text(of_run.item),
                count_text(of_run.quantity),
                of_run.unit,
                usd_text(of_run.usd),
                usd_text(of_month.usd),
            )
    table.add_row(
        Text("total", style="bold"),
        "",
        "",
        Text(usd_text(cost.run.usd), style="bold"),
        Text(usd_text(cost.month.usd), style="bold"),
    )
    return table


def checks_table(checks: Sequence[CheckPart], *, judged: bool = True) -> Table:
    """Return the checks. Verdicts are words, so they need no colours. An interrupted run has none."""
    table = new_table("check", "", "measured", "", numbers_from=1)
    table.columns[1].justify = table.columns[3].justify = "left"
    for check in checks:
        passed = "green" if check.passed else "bold red"
        verdict = Text(check_verdict(check, judged=judged), style=passed if judged else "yellow")
        reason = Text(check_reason(check), style="red")
        table.add_row(Text(check.text), verdict, quantity_text(check.value, check.unit), reason)
    return table


def events_table(title: str, rows: Sequence[EventPart | ActPart | DownstreamEventPart]) -> Table:
    """Return the last lines of a log."""
    table = new_table("at", title, numbers_from=0)
    table.columns[1].justify = "left"
    if len(rows) > ROWS_MAX:
        table.add_row("", Text(f"... {len(rows) - ROWS_MAX} before, all in the JSON report ...", style="dim"))
    for row in rows[-ROWS_MAX:]:
        line = f"{row.action}: {row.detail}" if isinstance(row, ActPart) else row.line
        table.add_row(time_text(row.at_s), Text(line))
    return table


def new_table(*columns: str, numbers_from: int) -> Table:
    """Return a table whose columns are right-aligned from `numbers_from` on."""
    # Two blanks between columns: eight percentiles of seven characters just fit into 80 columns.
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number >= numbers_from else "left", overflow="fold")
    return table


def _percentiles(latency: LatencyPart) -> list[str]:
    columns = (
        latency.p50_s,
        latency.p75_s,
        latency.p90_s,
        latency.p95_s,
        latency.p99_s,
        latency.p999_s,
        latency.p9999_s,
        latency.max_s,
    )
    return [latency_text(seconds) for seconds in columns]


def _shares(part: SharePart) -> list[str]:
    return [latency_text(seconds) for seconds in (part.mean_s, part.p50_s, part.p95_s, part.p99_s)]


def _add_decision(table: Table, decision: DecisionPart) -> None:
    why = Text(decision.formula)
    if decision.clamps:
        why.append(f" [{', '.join(decision.clamps)}]")
    if decision.reason:
        why.append(f"\n{decision.reason}", style="dim")
    table.add_row(
        time_text(decision.at_s),
        f"{decision.before} > {decision.desired}",
        latency_text(decision.ready_after_s),
        why,
    )


def _ends(decisions: Sequence[DecisionPart]) -> tuple[Sequence[DecisionPart], int, Sequence[DecisionPart]]:
    if len(decisions) <= ROWS_MAX:
        return decisions, 0, ()
    half = ROWS_MAX // 2
    return decisions[:half], len(decisions) - 2 * half, decisions[-half:]
