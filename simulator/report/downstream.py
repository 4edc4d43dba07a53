"""The report's part about a downstream resource, and its computation from statistics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import ConfigDict

from simulator.model.text.field_docstrings import DescribedModel
from simulator.records.downstream.downstream_stats import ResourceStats
from simulator.records.events import CallOutcome, DownstreamLogged, Event


class DownstreamEventPart(DescribedModel):
    """The resource reached its limit of connections, or many connections were opened at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_s: float
    line: str


class DownstreamWaitPart(DescribedModel):
    """Waits for a connection.

    A call whose time-out ended its wait counts with the time until then; a rejected one does not count.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean_s: float | None
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    max_s: float | None


class DownstreamSeriesPart(DescribedModel):
    """The resource over time, the warm-up included: columns of equal length, one value per bin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width_s: float
    """Bin i covers [i x width_s, (i + 1) x width_s); the last bin ends with the run."""
    connections: list[float]
    """Open connections, mean over the bin; so are the next two columns."""
    busy: list[float]
    """Connections with a call or a set-up in progress."""
    waiting: list[float]
    """Calls that waited for a connection."""
    errors: list[int]
    """Calls that were rejected or timed out, by the time at which they ended."""


class DownstreamPart(DescribedModel):
    """A downstream resource after the warm-up. Each attempt counts as a call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    connections: int
    """Limit of connections."""
    calls: int
    """answered + rejected + timed_out."""
    answered: int
    rejected: int
    """Calls without a connection: the limit was reached, and the queue full or the wait too long."""
    timed_out: int
    """Calls that took longer than their time-out."""
    error_rate: float | None
    """(rejected + timed_out) / calls."""
    wait: DownstreamWaitPart
    utilization: float
    """Connections with a call or a set-up in progress, on average, as a ratio of the limit."""
    connections_mean: float
    """Open connections, idle ones included."""
    connections_max: int
    """Most connections that were open at the same time: the high-water mark."""
    queue_mean: float
    """Calls that waited for a connection."""
    queue_max: int
    by_service: dict[str, int]
    """Calls of each service."""
    events: list[DownstreamEventPart]
    series: DownstreamSeriesPart


def downstream_parts(
    resources: Mapping[str, ResourceStats], events: Iterable[Event], ended_s: float
) -> list[DownstreamPart]:
    """Return a part for each resource that was used."""
    logged = [event for event in events if isinstance(event, DownstreamLogged)]
    return [_part(name, stats, logged, ended_s) for name, stats in resources.items()]


def _part(name: str, stats: ResourceStats, logged: Iterable[DownstreamLogged], ended_s: float) -> DownstreamPart:
    opened, busy, waiting = stats.means(ended_s)
    waits, series = stats.waits, stats.series
    p50_s, p95_s, p99_s = waits.quantiles((0.5, 0.95, 0.99))
    return DownstreamPart(
        name=name,
        connections=stats.limit,
        calls=stats.calls,
        answered=stats.outcomes[CallOutcome.ANSWERED],
        rejected=stats.outcomes[CallOutcome.REJECTED],
        timed_out=stats.outcomes[CallOutcome.TIMED_OUT],
        error_rate=stats.errors / stats.calls if stats.calls else None,
        wait=DownstreamWaitPart(
            mean_s=waits.mean_s, p50_s=p50_s, p95_s=p95_s, p99_s=p99_s, max_s=waits.max_s if waits.count else None
        ),
        utilization=busy / stats.limit,
        connections_mean=opened,
        connections_max=stats.opened_max,
        queue_mean=waiting,
        queue_max=stats.waiting_max,
        by_service=dict(sorted(stats.by_service.items())),
        events=[DownstreamEventPart(at_s=event.at_s, line=event.line) for event in logged if event.resource == name],
        series=DownstreamSeriesPart(
            width_s=series.width_s,
            connections=series.means(series.opened_s, ended_s),
            busy=series.means(series.busy_s, ended_s),
            waiting=series.means(series.waiting_s, ended_s),
            errors=series.errors[: series.reached(ended_s)],
        ),
    )
