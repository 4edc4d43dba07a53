"""The report as one file that works offline: charts, decisions with reasons, checks, cost, and a replay of the run.

The page contains the report's JSON and the scripts of the console; a content security policy in its head forbids all
network access.
"""

from __future__ import annotations

import html
import re
from typing import Any, Final

from simulator.console.report.chart_columns import beside_series
from simulator.report.report import RunRecord
from simulator.report.schema import Report
from simulator.rules.region_prices import rates_of
from simulator.web.files import CHART_SCRIPT, MODULES, inline_import_map, script_json, style_text, web_text

# A size that mail systems and wikis accept. For runs with more moves of instances the last ones are omitted, and the
# page says so.
PAGE_BYTES_MAX: Final = 3_000_000
_ROOM_BYTES: Final = 200_000  # for the content of the page besides its lists


def report_page(report: Report, record: RunRecord) -> str:
    """Return the page, which is smaller than `PAGE_BYTES_MAX` bytes.

    `record`: the run from which the report was made.
    """
    parts = {
        "TITLE": html.escape(f"{report.scenario.name}: simulator report"),
        "STYLE": style_text(),
        "MODULES": inline_import_map((*MODULES, "report")),
        "LEGEND": web_text("legend.html").strip(),
        "UPLOT": web_text(CHART_SCRIPT),
        "RUN": "",
    }
    template = web_text("report.html")
    room = PAGE_BYTES_MAX - len(template.encode()) - sum(len(text.encode()) for text in parts.values())
    parts["RUN"] = _fitting(page_document(report, record), room)
    # Replaced in one pass, so that a scenario's text is never read as a placeholder.
    return re.sub(r"%%([A-Z]+)%%", lambda found: parts[found[1]], template)


def page_document(report: Report, record: RunRecord) -> dict[str, Any]:
    """Return the data of a finished run for the page's scripts."""
    runs = {run.name: run for run in record.services}
    beside = {}
    for service in report.services:
        run = runs[service.name]
        rates = run.rates or rates_of(run.region)
        concurrency_series = record.concurrency_series.get(service.name)
        beside[service.name] = beside_series(service.series, concurrency_series, rates, service.cpu, service.memory_gb)
    return {"report": report.model_dump(mode="json"), "beside": beside, "left_out": ""}


def _fitting(document: dict[str, Any], room: int) -> str:
    """Return the document as JSON of at most `room` bytes. Lists are truncated to fit."""
    text = script_json(document)
    if len(text.encode()) <= room:
        return text
    services = document["report"]["services"]
    lists = [(service, name) for service in services for name in ("instance_events", "events", "decisions")]
    sizes = [len(script_json(service[name]).encode()) for service, name in lists]
    share = max(0.0, room - _ROOM_BYTES - (len(text.encode()) - sum(sizes))) / sum(sizes)
    for service, name in lists:
        service[name] = service[name][: int(len(service[name]) * share)]
    document["left_out"] = (
        f"This run has more decisions, events and moves of instances than fit into a page: it has the first "
        f"{share:.0%} of them, and the picture stops there. The JSON report has all."
    )
    return script_json(document)
