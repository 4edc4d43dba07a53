"""HTML of a report and of tables for a notebook cell: small, without script, in the notebook's own colours."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Final

from simulator.lab.compare.tables import Table
from simulator.model.text.quantities import (
    count_text,
    digits_text,
    latency_text,
    quantity_text,
    rate_text,
    ratio_text,
    time_text,
    usd_text,
)
from simulator.report.schema import Report, ServicePart
from simulator.report.services import month_basis

_WIDTH, _HEIGHT = 560, 60
DECISIONS_SHOWN: Final = 8
_STYLE: Final = "text-align:left"


def report_cell(report: Report, notes: Sequence[str]) -> str:
    """Return a summary of the run: what happened, why, the cost, and whether the checks pass."""
    run, requests = report.run, report.requests
    verdict = "" if report.verdict is None else f"<p><strong>{html.escape(report.verdict.text)}</strong></p>"
    head = (
        f"<h4>{html.escape(report.scenario.name)}</h4>{verdict}"
        f"<p>{time_text(run.ended_s)} in {run.clock} time, seed {run.seed}: "
        f"{count_text(requests.requests)} requests, error rate {ratio_text(requests.error_rate)}, "
        f"{usd_text(report.month_usd)} a month ({month_basis(run.ended_s)})</p>"
    )
    return "<div>" + head + _notes(report, notes) + "".join(map(_service, report.services)) + _checks(report) + "</div>"


def _notes(report: Report, notes: Sequence[str]) -> str:
    """Return the notes to read before the figures."""
    texts = [] if report.run.complete else ["Interrupted: not judged, and the month extrapolates the part played."]
    texts += notes
    return "".join(f"<p><strong>{html.escape(text)}</strong></p>" for text in texts)


def table_cell(table: Table) -> str:
    """Return a table of the laboratory."""
    rows = [
        [
            "<br>".join(map(html.escape, (name, *table.marks.get(name, ())))),
            *(f"<b>{cell}</b>" if cell.is_best else str(cell) for cell in cells),
        ]
        for name, cells in table.rows
    ]
    return f"<h4>{html.escape(table.title)}</h4>{rows_cell(['', *table.headings], rows)}"


def rows_cell(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. The cells of `rows` are HTML already."""
    head = "".join(f"<th style='{_STYLE}'>{html.escape(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td style='{_STYLE}'>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _service(part: ServicePart) -> str:
    requests, series = part.requests, part.series
    latency = requests.latency
    ready = digits_text(part.instances.ready_mean)
    figures = [
        ("served", f"{count_text(requests.served)} ({rate_text(requests.served_rps)})"),
        ("p50, p95, p99", ", ".join(latency_text(value) for value in (latency.p50_s, latency.p95_s, latency.p99_s))),
        (
            "instances",
            f"{ready} ready on average, {part.instances.provisioned_max} at most",
        ),
        ("a month", usd_text(part.cost.month.usd)),
    ]
    curves: list[tuple[str, Sequence[float], str]] = [
        ("offered", series.offered, "#1f77b4"),
        ("ready", series.ready, "#2ca02c"),
        ("errors", _lost(part), "#d62728"),
    ]
    decisions = [
        [
            time_text(round(decision.at_s, 1)),
            f"{decision.before} &rarr; {decision.desired}",
            html.escape(f"{decision.formula}; {decision.reason}"),
        ]
        for decision in part.decisions[:DECISIONS_SHOWN]
    ]
    more = len(part.decisions) - len(decisions)
    return (
        f"<h5>{html.escape(part.name)}: {html.escape(part.policy)}</h5>"
        + rows_cell(["", ""], figures)
        + "".join(_curve(label, values, colour) for label, values, colour in curves if any(values))
        + (rows_cell(["at", "desired", "why"], decisions) if decisions else "")
        + (f"<p>and {more} more decisions</p>" if more > 0 else "")
    )


def _lost(part: ServicePart) -> list[int]:
    return [rejected + failed for rejected, failed in zip(part.series.rejected, part.series.failed, strict=True)]


def _curve(label: str, values: Sequence[float], colour: str) -> str:
    """Return a line chart with its maximum. `label` is also the title for screen readers."""
    top = max(values)
    step = _WIDTH / max(1, len(values) - 1)
    points = " ".join(
        f"{place * step:.1f},{_HEIGHT - 2 - value / top * (_HEIGHT - 4):.1f}" for place, value in enumerate(values)
    )
    return (
        f"<div><small>{label}, max {count_text(top)}</small><br><svg role='img' aria-label='{label}' width='{_WIDTH}' "
        f"height='{_HEIGHT}'><polyline fill='none' stroke='{colour}' stroke-width='1.5' points='{points}'/></svg></div>"
    )


def _checks(report: Report) -> str:
    rows = [
        [html.escape(check.text), quantity_text(check.value, check.unit), _verdict(check.passed, report.run.complete)]
        for check in report.checks
    ]
    return rows_cell(["check", "measured", ""], rows) if rows else ""


def _verdict(passed: bool, judged: bool) -> str:
    if not judged:
        return "not judged"
    return "pass" if passed else "<b>failed</b>"
