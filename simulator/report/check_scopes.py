"""The scope of a check: the requests, instances and cost of a run that it is about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from simulator.records.downstream.downstream_stats import ResourceStats
from simulator.records.instance_time import InstanceTime, StepFunction
from simulator.records.request_stats import StatsBySource
from simulator.records.scale_out import ScaleOut
from simulator.records.series import RequestSeries
from simulator.report.checks import CheckResult, evaluate
from simulator.scenario.check_expression import CheckExpression
from simulator.scenario.check_metrics import Measured, Span
from simulator.scenario.request_numbers import RequestNumbers

# Shorter bins have too few requests for a percentile or a ratio.
PIECE_S_MIN: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class ServiceSide:
    """Data of a service other than its requests. `raises`: increases of the desired count decided after the warm-up."""

    times: InstanceTime
    raises: Sequence[ScaleOut]
    run_usd: float
    month_usd: float
    served: int  # in the whole run, as for the cost


@dataclass(frozen=True, slots=True, eq=False)
class Scopes:
    """The data of a run for checks. `sources`: (name, service) of each; `services`: in the order of the report."""

    span: Span
    stats_by_source: StatsBySource
    series: RequestSeries
    sources: Sequence[tuple[str, str]]
    numbers: RequestNumbers
    services: Mapping[str, ServiceSide]
    downstream: Mapping[str, ResourceStats] = field(default_factory=dict)
    rules: Sequence[str] = ("",)  # rules of web ACLs, by their numbers in rows

    def judged(self, checks: Sequence[CheckExpression]) -> list[CheckResult]:
        return [evaluate(check, self._measured(check)) for check in checks]

    def _measured(self, check: CheckExpression) -> Measured:
        indexes = [
            index
            for index, (source, service) in enumerate(self.sources)
            if check.service in {None, service if check.service in self.services else source}
            and check.tag("source") in {None, source}
        ]
        numbers = self.numbers.of_sources(indexes)
        path, name = check.tag("path"), check.tag("name")
        if path is not None or name is not None:
            numbers = self.numbers.meant(indexes, path, name)
        mine = checked_service(check, self.services, self.sources)
        sides = [side for service, side in self.services.items() if mine in {None, service}]
        stats, rule = self.stats_by_source.after_warm_up(numbers), check.tag("rule")
        return Measured(
            stats=stats,
            span_s=self.span.end_s - self.span.begin_s,
            scale_outs=[raised for side in sides for raised in side.raises],
            month_usd=sum(side.month_usd for side in sides),
            run_usd=sum(side.run_usd for side in sides),
            served=sum(side.served for side in sides),
            provisioned=together([side.times.provisioned for side in sides]),
            series=self.series.binned(numbers, PIECE_S_MIN) if check.share is not None else None,
            span=self.span,
            blocked=sum(count for number, count in stats.blocked.items() if rule in {None, self.rules[number]}),
            downstream=[stats for name, stats in self.downstream.items() if check.tag("downstream") in {None, name}],
        )


def checked_service(
    check: CheckExpression, services: Collection[str], sources: Iterable[tuple[str, str]]
) -> str | None:
    """Return the service that a check is about, given by its name or that of a source; None: all services."""
    if check.service in services:
        return check.service
    name = check.tag("source") or check.service
    return next((service for source, service in sources if source == name), None)


def together(counts: Sequence[StepFunction]) -> StepFunction:
    """Return the sum of several counts over time."""
    if len(counts) == 1:
        return counts[0]
    times_s = sorted({at_s for steps in counts for at_s in steps.times_s})
    return StepFunction(times_s, [sum(steps.at(at_s) for steps in counts) for at_s in times_s])
