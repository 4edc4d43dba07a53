"""Builds the report of a run from its records, using the other modules of this package."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

import simulator
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.records.background.background_stats import WorkStats
from simulator.records.concurrency_series import ConcurrencySeries
from simulator.records.downstream.downstream_stats import ResourceStats
from simulator.records.events import Event, ImagePulled, RevisionSwitched, TimelineActed
from simulator.records.histogram import Histogram
from simulator.records.instance_time import InstanceTime
from simulator.records.request_stats import RequestStats, StatsBySource
from simulator.records.scale_out import ScaleOut, scale_outs
from simulator.records.series import RequestSeries
from simulator.report import schema
from simulator.report.background.part import background_parts
from simulator.report.check_scopes import Scopes, ServiceSide, checked_service
from simulator.report.checks import CheckResult
from simulator.report.cost.part import CostPart
from simulator.report.downstream import downstream_parts
from simulator.report.generator import generator_part
from simulator.report.image_pulls import image_pull_parts
from simulator.report.notes import late_load_notes, note_parts
from simulator.report.requests import requests_part, series_part
from simulator.report.serialization import sealed
from simulator.report.services import (
    configuration_parts,
    cost_part,
    decision_parts,
    desired_steps,
    event_parts,
    instance_event_parts,
    instances_part,
    look_parts,
)
from simulator.report.verdict.service_facts import NO_FACTS, ServiceFacts
from simulator.report.web_acls import WebAclPart, web_acl_part
from simulator.rules.policies.port import Decision
from simulator.rules.pricing import InstanceUsage, Rates
from simulator.rules.region_prices import REGION_DEFAULT
from simulator.scenario.check_expression import CheckExpression
from simulator.scenario.check_metrics import Dimension, Span
from simulator.scenario.request_numbers import RequestNumbers
from simulator.traffic.policy_fit import PolicyNote

if TYPE_CHECKING:
    from simulator.report.verdict.evidence import RunOfService
    from simulator.report.verdict.part import VerdictPart

_UNITS: Final[dict[Dimension, Literal["s", "ratio", "count", "rps", "usd"]]] = {
    Dimension.SECONDS: "s",
    Dimension.RATIO: "ratio",
    Dimension.COUNT: "count",
    Dimension.RATE_RPS: "rps",
    Dimension.USD: "usd",
}


class ServiceRun(NamedTuple):
    """A service in a run. `scaling`: the auto scaling configuration at the start. `usages`: those of every instance."""

    name: str
    size: InstanceSize
    policy: str
    scaling: AutoScalingConfiguration
    usages: Sequence[InstanceUsage]
    region: str = REGION_DEFAULT
    rates: Rates | None = None  # default: the rates of the Region
    automatic_deployments: bool = False
    build_minutes: float = 0.0
    evaluations: Sequence[tuple[float, Decision]] = ()
    web_acl: str = ""  # the name of its web ACL; empty without one
    web_acl_counts: Mapping[tuple[str, str], int] = MappingProxyType({})  # evaluations by rule and action
    facts: ServiceFacts = NO_FACTS


class SourceRun(NamedTuple):
    """A source of traffic. Its position among the sources is the source number in rows of the request log."""

    name: str
    service: str


@dataclass(frozen=True, slots=True, eq=False)
class RunRecord:
    """All data from which a report is made.

    `scenario_sha256`: of the scenario file's bytes followed by those of its data files. `ended_s` > 0: when the run
    ended, about `duration_s` unless it was interrupted. The request log must be flushed before.
    """

    scenario: str
    scenario_sha256: str
    seed: int
    clock: Literal["real", "virtual"]
    duration_s: float
    ended_s: float
    warm_up_s: float
    complete: bool
    services: Sequence[ServiceRun]
    sources: Sequence[SourceRun]
    stats_by_source: StatsBySource
    series: RequestSeries
    events: Sequence[Event]
    checks: Sequence[CheckExpression]
    concurrency_series: Mapping[str, ConcurrencySeries] = field(default_factory=dict)  # by service; for charts only
    notes: Sequence[PolicyNote] = ()
    numbers: RequestNumbers | None = None  # of the rows; None: each row has the number of its source
    aborted: CheckResult | None = None  # the check that ended the run
    downstream: Mapping[str, ResourceStats] = field(default_factory=dict)  # by the name of the resource
    image_pulls: Sequence[ImagePulled] = ()
    switches: Sequence[RevisionSwitched] = ()  # after the start
    background: Mapping[tuple[str, str], WorkStats] = field(default_factory=dict)  # by service and name of the work
    real_service_time: Mapping[int, Histogram] = field(default_factory=dict)  # by request number
    rules: Sequence[str] = ("",)  # rules of web ACLs, by their numbers in rows

    @property
    def span_s(self) -> float:
        """Seconds in which the requests after the warm-up were sent."""
        return max(0.0, self.ended_s - self.warm_up_s)

    @property
    def row_numbers(self) -> RequestNumbers:
        return self.numbers or RequestNumbers.of_plain_sources(len(self.sources))

    def sources_of(self, service: str) -> list[int]:
        """Return the numbers that the request log has for the sources of `service`."""
        return self.row_numbers.of_sources(n for n, source in enumerate(self.sources) if source.service == service)


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """Data about a service that the report and the checks share. `stats` excludes the warm-up."""

    service: ServiceRun
    stats: RequestStats
    times: InstanceTime
    raises: Sequence[ScaleOut]


def service_of(check: CheckExpression, record: RunRecord) -> str | None:
    """Return the service that a check is about, which may be given by a source; None: all services."""
    sources = [(source.name, source.service) for source in record.sources]
    return checked_service(check, [service.name for service in record.services], sources)


def unit_of(check: CheckExpression) -> Literal["s", "ratio", "count", "rps", "usd"]:
    """Return the unit of the values of a check."""
    return _UNITS[check.dimension]


def build_report(record: RunRecord) -> schema.Report:
    """Return the report, with its digest."""
    from simulator.report.verdict.verdict import verdict_part  # noqa: PLC0415 a server has records, but no report

    readings = [_read(record, service) for service in record.services]
    services = [_service_part(record, reading) for reading in readings]
    costs = [service.cost for service in services]
    results = _check_results(record, readings, costs, record.checks)
    checks = [_check_part(result) for result in results]
    whole = record.stats_by_source.whole()
    report = schema.Report(
        report_version=schema.REPORT_VERSION,
        digest="",
        verdict=verdict_part(
            [_run_of(record, reading) for reading in readings],
            [(result, service_of(result.expression, record)) for result in results],
        ),
        scenario=schema.ScenarioPart(name=record.scenario, sha256=record.scenario_sha256),
        run=schema.RunPart(
            seed=record.seed,
            clock=record.clock,
            duration_s=record.duration_s,
            ended_s=record.ended_s,
            warm_up_s=record.warm_up_s,
            complete=record.complete,
        ),
        versions=schema.VersionsPart(
            simulator=simulator.__version__, python=platform.python_version(), numpy=np.__version__
        ),
        notes=[*late_load_notes(whole.late, whole.latency), *note_parts(record.notes)],
        passed=record.complete and all(check.passed for check in checks),
        checks=checks,
        requests=requests_part(record.stats_by_source.after_warm_up(), whole, record.span_s),
        run_usd=sum(service.cost.run.usd for service in services),
        month_usd=sum(service.cost.month.usd for service in services),
        sources=[_source_part(record, number) for number in range(len(record.sources))],
        services=services,
        timeline=[
            schema.ActPart(at_s=event.at_s, action=event.action, detail=event.detail)
            for event in record.events
            if isinstance(event, TimelineActed)
        ],
        generator=generator_part(whole),
        downstream=downstream_parts(record.downstream, record.events, record.ended_s),
        web_acls=[_web_acl_part(record, service) for service in record.services if service.web_acl],
        image_pulls=image_pull_parts(record.image_pulls),
        background=background_parts(record.background, record.events),
    )
    return sealed(report)


def verdict_so_far(record: RunRecord) -> VerdictPart:
    """Return the verdict of a run in progress, without the rest of the report; checks do not count."""
    from simulator.report.verdict.verdict import verdict_part  # noqa: PLC0415 as in `build_report`

    return verdict_part([_run_of(record, _read(record, service)) for service in record.services])


def judged(record: RunRecord, checks: Sequence[CheckExpression]) -> list[CheckResult]:
    """Return the current results of some checks, without the rest of the report."""
    readings = [_read(record, service) for service in record.services]
    return _check_results(record, readings, [_cost_part(record, service) for service in record.services], checks)


def _read(record: RunRecord, service: ServiceRun) -> _Reading:
    times = InstanceTime(service.name, record.events)
    raises = scale_outs(service.name, record.events, times.ready, record.ended_s)
    return _Reading(service, record.stats_by_source.after_warm_up(record.sources_of(service.name)), times, raises)


def _source_part(record: RunRecord, number: int) -> schema.SourcePart:
    source, only = record.sources[number], record.row_numbers.of_sources([number])
    stats_by_source = record.stats_by_source
    requests = requests_part(stats_by_source.after_warm_up(only), stats_by_source.whole(only), record.span_s)
    return schema.SourcePart(name=source.name, service=source.service, requests=requests)


def _service_part(record: RunRecord, reading: _Reading) -> schema.ServicePart:
    service, times = reading.service, reading.times
    sources = record.sources_of(service.name)
    whole = record.stats_by_source.whole(sources)
    desired = desired_steps(service.name, record.events, service.scaling.min_size)
    return schema.ServicePart(
        name=service.name,
        cpu=service.size.vcpu,
        memory_gb=service.size.memory_gb,
        policy=service.policy,
        max_concurrency=service.scaling.max_concurrency,
        min_size=service.scaling.min_size,
        max_size=service.scaling.max_size,
        requests=requests_part(reading.stats, whole, record.span_s),
        instances=instances_part(times, record.ended_s),
        cost=_cost_part(record, service),
        decisions=decision_parts(service.name, record.events, reading.raises),
        looks=look_parts(service.evaluations),
        configurations=configuration_parts(service.name, record.events),
        instance_events=instance_event_parts(service.name, record.events),
        events=event_parts(service.name, record.events),
        series=series_part(record.series, sources, desired, times, record.ended_s),
    )


def _run_of(record: RunRecord, reading: _Reading) -> RunOfService:
    """Return what the verdict reads about a service."""
    from simulator.report.verdict.evidence import RunOfService  # noqa: PLC0415 as for the verdict

    service, series, sources = reading.service, record.series, record.sources_of(reading.service.name)
    width_s = series.telling_width_s(sources, record.ended_s)
    return RunOfService(
        name=service.name,
        scaling=service.scaling,
        vcpu=service.size.vcpu,
        ended_s=record.ended_s,
        warm_up_s=record.warm_up_s,
        stats=reading.stats,
        requests=series.binned(sources, width_s),
        errors=series.errors(sources, width_s),
        times=reading.times,
        raises=reading.raises,
        events=record.events,
        downstream=record.downstream,
        switches=[switch.at_s for switch in record.switches if switch.service == service.name],
        facts=service.facts,
    )


def _web_acl_part(record: RunRecord, service: ServiceRun) -> WebAclPart:
    stats = record.stats_by_source.after_warm_up(record.sources_of(service.name))
    return web_acl_part(service.name, service.web_acl, stats, service.web_acl_counts, record.rules)


def _cost_part(record: RunRecord, service: ServiceRun) -> CostPart:
    return cost_part(
        service.usages,
        service.region,
        service.rates,
        record.ended_s,
        record.stats_by_source.whole(record.sources_of(service.name)).served,
        automatic_deployments=service.automatic_deployments,
        build_minutes=service.build_minutes,
    )


def _check_results(
    record: RunRecord,
    readings: Sequence[_Reading],
    costs: Sequence[CostPart],
    checks: Sequence[CheckExpression],
) -> list[CheckResult]:
    sides = {
        reading.service.name: ServiceSide(
            reading.times,
            [raised for raised in reading.raises if raised.decided.at_s >= record.warm_up_s],
            cost.run.usd,
            cost.month.usd,
            record.stats_by_source.whole(record.sources_of(reading.service.name)).served,
        )
        for reading, cost in zip(readings, costs, strict=True)
    }
    span = Span(min(record.warm_up_s, record.ended_s), record.ended_s)
    sources = [(source.name, source.service) for source in record.sources]
    resources, rules = record.downstream, record.rules
    scopes = Scopes(span, record.stats_by_source, record.series, sources, record.row_numbers, sides, resources, rules)
    results = scopes.judged(checks)
    if record.aborted is None:
        return results
    # The check that ended the run has failed, whatever the results of the requests that were in progress.
    return [record.aborted if result.expression == record.aborted.expression else result for result in results]


def _check_part(result: CheckResult) -> schema.CheckPart:
    return schema.CheckPart(
        text=result.expression.text,
        value=result.value,
        limit=result.expression.limit,
        unit=unit_of(result.expression),
        passed=result.passed,
        reason=result.reason,
    )
