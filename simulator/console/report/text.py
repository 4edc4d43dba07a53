"""The report on a terminal: events, reasons, cost, and the results of checks, in this order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from simulator.console.report.checks_text import GRAVE, WIDTH_MAX, verdict_text
from simulator.console.report.tables import (
    checks_table,
    cost_table,
    decisions_table,
    events_table,
    latency_table,
    sources_table,
    split_table,
)
from simulator.console.sparkline import BLOCKS, PLAIN, sparkline
from simulator.model.text.quantities import (
    bytes_text,
    count_text,
    digits_text,
    latency_text,
    rate_text,
    ratio_text,
    time_text,
    usd_text,
)
from simulator.report.assumptions import AssumptionsPart
from simulator.report.background.part import BackgroundPart
from simulator.report.downstream import DownstreamPart
from simulator.report.image_pulls import ImagePullsPart
from simulator.report.schema import InstancesPart, Report, RequestsPart, RunPart, SeriesPart, ServicePart
from simulator.report.service_times.part import ServiceTimesPart
from simulator.report.services import month_basis
from simulator.report.verdict.part import ServiceVerdictPart
from simulator.report.web_acls import WebAclPart

_LABEL_COLUMNS: Final = 12
_NOTE_COLUMNS: Final = 16
_NOTE_STYLES: Final = {
    "late load": "bold yellow",
    "cannot act": "bold yellow",
    "limited": "yellow",
    "baseline": "dim",
    "brought": "dim",
    "service time": "yellow",
}


def print_report(report: Report, console: Console) -> None:
    """Write the whole report to `console`, no wider than the console and at most 120 columns wide."""
    page = _Page(console)
    _head(report, page)
    verdicts = {} if report.verdict is None else {part.service: part for part in report.verdict.services}
    for service in report.services:
        _service(service, report.run, page, verdicts.get(service.name))
    if len(report.sources) > 1:
        page.table(sources_table(report.sources))
    _downstream(report.downstream, page)
    _web_acls(report.web_acls, page)
    _image_pulls(report.image_pulls, page)
    _background(report.background, page)
    if report.timeline:
        page.table(events_table("timeline", report.timeline))
    if report.service_times is not None:
        _service_times(report.service_times, page)
    if report.assumptions is not None:
        _sensitivity(report.assumptions, page)
    _verdict(report, page)


def print_checks(report: Report, console: Console) -> None:
    """Print only the results of the checks, and anything that makes them meaningless."""
    page = _Page(console)
    _notes(report, page, GRAVE)
    _verdict(report, page)


class _Page:
    """The console, its usable width, and the distance between blocks."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.width = min(console.width, WIDTH_MAX)
        self.levels = PLAIN if console.options.ascii_only else BLOCKS

    def line(self, text: Text | str = "") -> None:
        self._console.print(Text(text) if isinstance(text, str) else text, width=self.width)

    def table(self, table: object) -> None:
        self.line()
        self._console.print(table, width=self.width)

    def heading(self, title: str) -> None:
        self.line()
        self._console.print(Rule(Text(title, style="bold"), align="left", style="dim"), width=self.width)


def _head(report: Report, page: _Page) -> None:
    run = report.run
    page.heading(report.scenario.name)
    if report.verdict is not None:
        page.line(Text(report.verdict.text, style="bold"))
        if report.verdict.not_played:
            page.line(Text(f"No change was played: {report.verdict.not_played}.", style="dim"))
        page.line()
    warm_up = f", the first {time_text(run.warm_up_s)} warm-up" if run.warm_up_s else ""
    page.line(f"{time_text(run.ended_s)} in {run.clock} time{warm_up}, seed {run.seed}")
    page.line(Text(f"digest {report.digest[:16]}, simulator {report.versions.simulator}", style="dim"))
    if not run.complete:
        page.line(Text(f"Interrupted: the planned duration was {time_text(run.duration_s)}.", style="bold yellow"))
    _notes(report, page, _NOTE_STYLES)


def _notes(report: Report, page: _Page, kinds: Iterable[str]) -> None:
    """Print the notes about the policies above all figures. With several services, each note names its service."""
    for note in report.notes:
        if note.kind in kinds:
            where = f"{note.service}: " if note.service and len(report.services) > 1 else ""
            warning = "Warning: " if note.kind in GRAVE else ""
            page.line(Text(f"{warning}{where}{note.text}.", style=_NOTE_STYLES[note.kind]))


def _service(service: ServicePart, run: RunPart, page: _Page, verdict: ServiceVerdictPart | None) -> None:
    page.heading(service.name)
    page.line(
        f"{service.cpu:g} vCPU / {service.memory_gb:g} GB, policy {service.policy}, MaxConcurrency "
        f"{service.max_concurrency}, {service.min_size} to {service.max_size} instances"
    )
    _requests(service.requests, page)
    if verdict is not None:
        _losses(verdict, service.series.width_s, page)
    page.table(latency_table(service.requests))
    page.table(split_table(service.requests))
    page.line()
    _series(service.series, page)
    _instances(service.instances, page)
    if service.decisions:
        page.table(decisions_table(service.decisions))
        _assumptions(service, page)
    if service.events:
        page.table(events_table("event log", service.events))
    page.table(cost_table(service.cost))
    estimated = f" (estimated: {service.cost.prices})" if service.cost.estimated else ""
    page.line(
        f"{usd_text(service.cost.usd_per_million_served)} per million served requests, rates of "
        f"{service.cost.region}{estimated}"
    )
    if run.complete:
        page.line(f"month: {service.cost.month_rests_on}")
    else:
        page.line(
            f"The month extrapolates the {time_text(run.ended_s)} that were played, not the "
            f"{time_text(run.duration_s)} that were planned."
        )


def _losses(verdict: ServiceVerdictPart, width_s: float, page: _Page) -> None:
    """Print the errors by kind over time, and the changes that were played again."""
    if verdict.errors or verdict.what_ifs:
        from simulator.console.report.verdict_tables import errors_table, what_ifs_table  # noqa: PLC0415 after a loss

        if verdict.errors:
            page.table(errors_table(verdict, width_s, page.levels))
        if verdict.what_ifs:
            page.table(what_ifs_table(verdict))


def _web_acls(acls: Sequence[WebAclPart], page: _Page) -> None:
    for acl in acls:
        from simulator.console.report.web_acl_table import web_acl_table  # noqa: PLC0415 few scenarios need it

        page.table(web_acl_table(acl))


def _image_pulls(parts: Sequence[ImagePullsPart], page: _Page) -> None:
    for part in parts:
        page.line(
            f"image pulls of {part.service}: {bytes_text(part.pulled_bytes)} for {count_text(part.instances)} "
            f"instances, {bytes_text(part.cached_bytes)} from caches; ready after "
            f"{latency_text(part.took_s_median)} (median), {latency_text(part.took_s_max)} (max)"
        )


def _background(parts: Sequence[BackgroundPart], page: _Page) -> None:
    """Print the background work of all services in one table."""
    if parts:
        from simulator.console.report.background_table import background_table  # noqa: PLC0415 few scenarios need it

        page.table(background_table(parts))


def _downstream(resources: Sequence[DownstreamPart], page: _Page) -> None:
    """Print all resources in one table, and the events of each."""
    if resources:
        from simulator.console.report.downstream_table import downstream_table  # noqa: PLC0415 few scenarios need it

        page.table(downstream_table(resources))
    for resource in resources:
        if resource.events:
            page.table(events_table(f"events of {resource.name}", resource.events))


def _assumptions(service: ServicePart, page: _Page) -> None:
    """Print the decisions that depend on a number which the platform does not publish."""
    lowered = Counter(each.assumes for each in service.decisions if each.assumes and each.desired < each.before)
    for parameter, times in lowered.items():
        page.line(
            Text(
                f"{times} of these scaled in after the policy's `{parameter}`, which is an assumption: how long "
                f"{service.policy} really waits is not published.",
                style="dim",
            )
        )


def _sensitivity(part: AssumptionsPart, page: _Page) -> None:
    """Print how the figures change with the assumptions that the run depends on."""
    from simulator.console.report.assumptions_table import assumptions_lines, assumptions_table  # noqa: PLC0415

    page.heading(f"assumptions, {count_text(part.runs)} runs")
    page.table(assumptions_table(part))
    page.line()
    for line in assumptions_lines(part):
        page.line(line)


def _service_times(part: ServiceTimesPart, page: _Page) -> None:
    """Print measured beside modelled service times, and the measured ones as text for the scenario file."""
    from simulator.console.report.service_times_table import law_lines, service_times_table  # noqa: PLC0415 real time

    page.table(service_times_table(part))
    page.line()
    for line in law_lines(part):
        page.line(line)


def _requests(requests: RequestsPart, page: _Page) -> None:
    page.line(
        f"{count_text(requests.requests)} requests: {count_text(requests.served)} served "
        f"({rate_text(requests.served_rps)}), {count_text(requests.rejected)} rejected "
        f"({ratio_text(requests.rejected_ratio)}), {count_text(requests.failed)} failed"
        + (f", {count_text(requests.blocked)} blocked by the web ACL" if requests.blocked else "")
    )
    statuses = ", ".join(
        f"{status if status != '0' else 'no answer'}: {count_text(count)}"
        for status, count in requests.by_status.items()
    )
    page.line(f"by status {statuses or 'none'}")
    page.line(
        f"mean latency {latency_text(requests.latency.mean_s)}, cold starts {count_text(requests.cold_starts)} "
        f"({ratio_text(requests.cold_start_ratio)} of those served)"
    )


def _series(series: SeriesPart, page: _Page) -> None:
    top_rps = max(series.offered, default=0)
    top_p99_s = max((value for value in series.p99_s if value is not None), default=0.0)
    top = max([*series.provisioned, *series.desired], default=0.0)
    rate = rate_text(top_rps / series.width_s)
    _curve("offered", series.offered, top_rps, rate, page)
    _curve("served", series.served, top_rps, "", page)
    _curve("p99", [value or 0.0 for value in series.p99_s], top_p99_s, latency_text(top_p99_s), page)
    _curve("desired", series.desired, top, count_text(top), page)
    _curve("provisioned", series.provisioned, top, "", page)
    _curve("active", series.active, top, "", page)


def _curve(label: str, values: list[int] | list[float], top: float, note: str, page: _Page) -> None:
    width = page.width - _LABEL_COLUMNS - _NOTE_COLUMNS
    line = Text(f"{label:<{_LABEL_COLUMNS}}")
    line.append(f"{sparkline(values, width, top, page.levels):<{min(width, len(values))}}", style="cyan")
    line.append(f" max {note}" if note else "", style="dim")
    page.line(line)


def _instances(instances: InstancesPart, page: _Page) -> None:
    page.line()
    page.line(
        f"instances provisioned {digits_text(instances.provisioned_mean)} on average, "
        f"at most {instances.provisioned_max}; "
        f"active {digits_text(instances.active_mean)}, at most {instances.active_max}"
    )
    ends = [f"{instances.started} started", f"{instances.ready} ready", f"{instances.crashed} crashed"]
    if instances.ended_before_ready:
        ends.append(f"{instances.ended_before_ready} ended before they were ready")
    page.line(
        f"instance-seconds {count_text(round(instances.provisioned_s))} provisioned, "
        f"{count_text(round(instances.active_s))} active; {', '.join(ends)}"
    )


def _verdict(report: Report, page: _Page) -> None:
    if not report.checks:
        page.heading("no checks")
        return
    page.heading("checks")
    page.table(checks_table(report.checks, judged=report.run.complete))
    if any(check.unit == "usd" and "usd_per_month" in check.text for check in report.checks):
        page.line(Text(f"usd_per_month is {month_basis(report.run.ended_s)}", style="dim"))
    page.line()
    passed = "bold green" if report.passed else "bold red"
    page.line(Text(verdict_text(report), style=passed if report.run.complete else "bold yellow"))
