"""The evidence about a service: its errors by kind and bin, and the times in which each possible cause was present."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.model.instance import READY, InstanceState
from simulator.model.scaling import AutoScalingConfiguration
from simulator.records.downstream.downstream_stats import ResourceStats
from simulator.records.events import (
    CallOutcome,
    ConfigurationChanged,
    Event,
    InstanceMoved,
    ScalingDecided,
    TimelineActed,
)
from simulator.records.instance_time import InstanceTime, StepFunction
from simulator.records.request_log import ERROR_KINDS, ErrorKind
from simulator.records.request_stats import RequestStats
from simulator.records.scale_out import ScaleOut, cancelled_scale_outs, scale_outs
from simulator.records.series import BinnedRequests
from simulator.report.verdict.deployments import (
    Replacement,
    VersionChange,
    replacements,
    serving_counts,
    version_changes,
)
from simulator.report.verdict.service_facts import NO_FACTS, ServiceFacts
from simulator.report.verdict.spans import Bins, Mask, TimeSpan, recovery

# A scale-in is the cause of a loss if the policy wanted the removed instances back within this time.
RETURN_S: Final = 600.0
# A policy that adds instances within this time after a rejection was about to do so.
PENDING_S: Final = 120.0
CPU_BUSY: Final = 0.9  # share of the CPU time of the ready instances above which they are saturated
_BUSY_CONNECTIONS: Final = 0.95  # share of a resource's connections above which it is saturated
_WAITING_CALLS: Final = 1.0  # mean number of calls that wait for a connection of their instance's pool
# A resource is slowed down by its own calls if they take this many times as long as a single one.
_SLOWED: Final = 2.0
_UNHEALTHY: Final = "Health check failed"  # the beginning of the event log's line
NETWORK_FAULT_ACTIONS: Final = frozenset({"wire_fault"})


@dataclass(frozen=True, slots=True, eq=False)
class RunOfService:
    """The records of a service from which its evidence is made. `errors`: by kind and bin, as `requests` has them.

    `switches`: when another revision got the traffic.
    """

    name: str
    scaling: AutoScalingConfiguration
    vcpu: float
    ended_s: float
    warm_up_s: float
    stats: RequestStats  # without the warm-up
    requests: BinnedRequests
    errors: NDArray[np.int64]
    times: InstanceTime
    raises: Sequence[ScaleOut]
    events: Sequence[Event]
    downstream: Mapping[str, ResourceStats] = field(default_factory=dict)
    switches: Sequence[float] = ()
    facts: ServiceFacts = NO_FACTS


class Crash(NamedTuple):
    """Ready instances that ended at the same time: by themselves, or because their health check failed."""

    at_s: float
    instances: int
    is_unhealthy: bool


@dataclass(frozen=True, slots=True, eq=False)
class ServiceEvidence:
    """Which possible causes were present in each bin, and the spans behind them."""

    run: RunOfService
    bins: Bins
    measured: Mask  # after the warm-up
    errors: NDArray[np.int64]  # by kind and bin, without the warm-up
    crashes: Sequence[Crash]
    deployments: Sequence[Replacement]
    versions: Sequence[VersionChange]  # those that fail more often, or are slower
    starts: Sequence[ScaleOut]  # also those that were cancelled before they were fulfilled
    returns: Sequence[tuple[ScaleOut, float]]  # a scale-out, and the time of the scale-in before it
    crashed: Mask
    failing: Mask  # a request sent in the bin may have been at an instance that crashed
    deployed: Mask
    starting: Mask
    returning: Mask
    pending: Mask  # the policy adds instances soon
    at_max: Mask
    unavailable: Mask  # no instance is ready
    saturated: Mask  # the CPUs of the ready instances are busy
    disturbed: Mask  # the timeline disturbs the network
    connections_used_up: Mapping[str, Mask]  # by downstream resource; so are the next two
    pools_used_up: Mapping[str, Mask]
    calls_slowed: Mapping[str, Mask]
    downstream_errors: NDArray[np.int64]
    wanted: StepFunction
    ready: StepFunction  # ready instances of the serving revision
    limits: StepFunction  # MaxSize
    cpu_busy: NDArray[np.float64]  # share of the CPU time of the ready instances; NaN if unknown


def evidence_of(run: RunOfService) -> ServiceEvidence:
    """Return the evidence about a service."""
    bins = Bins.until(run.ended_s, run.requests.width_s, len(run.requests.offered))
    measured = bins.ends_s > run.warm_up_s
    deployments = replacements(run.name, run.events, run.switches)
    ready = serving_counts(run.name, run.events, run.switches) if deployments else run.times.ready
    raises = scale_outs(run.name, run.events, ready, run.ended_s) if deployments else run.raises
    wanted, limits = _wanted(run), _limits(run)
    crashes = _crashes(run)
    crash_spans = [recovery(ready, wanted, at_s, _before(ready, at_s), run.ended_s) for at_s, *_ in crashes]
    deployment_spans = [recovery(ready, wanted, each.at_s, each.old, run.ended_s) for each in deployments]
    returns = _returns(run, raises)
    starts = [*raises, *cancelled_scale_outs(run.name, run.events, ready)]
    start_spans = [_span(raised) for raised in starts]
    if ready.times_s and (first := next((at for at in ready.times_s if ready.at(at) > 0), None)):
        start_spans.append(TimeSpan(0.0, first))
    longest_s = min(run.facts.request_timeout_s, run.stats.error_latency.max_s if run.stats.error_latency.count else 0)
    decided = [raised.decided.at_s for raised in raises]
    cpu_busy = _cpu_busy(run, bins, ready)
    resources = {name: stats for name, stats in run.downstream.items() if name in run.facts.downstream}
    downstream_errors = _downstream_errors(resources.values(), bins, longest_s, run.warm_up_s)
    return ServiceEvidence(
        run=run,
        bins=bins,
        measured=measured,
        errors=np.where(measured, run.errors, 0),
        crashes=crashes,
        deployments=deployments,
        versions=_versions(run, bins, deployments, downstream_errors),
        starts=starts,
        returns=returns,
        crashed=bins.touched(crash_spans),
        failing=bins.touched(TimeSpan(at_s - longest_s, at_s + 1.0) for at_s, *_ in crashes),
        deployed=bins.touched(span for span in deployment_spans if span.end_s > span.begin_s),
        starting=bins.touched(start_spans),
        returning=bins.touched(_span(raised) for raised, _ in returns),
        pending=bins.touched(TimeSpan(at_s - PENDING_S, at_s) for at_s in decided),
        at_max=_at_max(run, bins, wanted, limits),
        limits=limits,
        unavailable=bins.touched(_none_ready(ready, run.ended_s)),
        saturated=np.nan_to_num(cpu_busy) >= CPU_BUSY,
        disturbed=bins.touched(_disturbances(run)),
        connections_used_up={name: _used_up(stats, run.ended_s, bins) for name, stats in resources.items()},
        pools_used_up={name: _pools_used_up(stats, run.ended_s, bins) for name, stats in resources.items()},
        calls_slowed={name: _slowed(stats, run, name, bins) for name, stats in resources.items()},
        downstream_errors=downstream_errors,
        wanted=wanted,
        ready=ready,
        cpu_busy=cpu_busy,
    )


def _span(raised: ScaleOut) -> TimeSpan:
    return TimeSpan(raised.decided.at_s, raised.decided.at_s + raised.delay_s)


def _before(counts: StepFunction, at_s: float) -> int:
    """Return the count just before a step."""
    return counts.at(math.nextafter(at_s, -math.inf))


def _wanted(run: RunOfService) -> StepFunction:
    """Return how many instances should exist: the desired number, at least MinSize."""
    wanted, desired, min_size = StepFunction(), run.scaling.min_size, run.scaling.min_size
    wanted.change(0.0, desired)
    for event in run.events:
        if isinstance(event, ScalingDecided) and event.service == run.name:
            desired = event.desired
        elif isinstance(event, ConfigurationChanged) and event.service == run.name:
            min_size, desired = event.min_size, min(desired, event.max_size)
        else:
            continue
        wanted.change(event.at_s, max(desired, min_size) - wanted.at(event.at_s))
    return wanted


def _crashes(run: RunOfService) -> list[Crash]:
    """Return the times and numbers of ready instances that crashed, or failed their health check."""
    crashed: Counter[tuple[float, bool]] = Counter()
    for event in run.events:
        if not isinstance(event, InstanceMoved) or event.service != run.name or event.before not in READY:
            continue
        if event.after is InstanceState.STOPPED:
            crashed[event.at_s, event.why.startswith(_UNHEALTHY)] += 1
    return [Crash(at_s, count, is_unhealthy) for (at_s, is_unhealthy), count in sorted(crashed.items())]


def _versions(
    run: RunOfService, bins: Bins, deployments: Sequence[Replacement], downstream_errors: NDArray[np.int64]
) -> list[VersionChange]:
    """Return the deployed versions that fail more often, or are slower, than those before."""
    if not run.facts.deploys_versions:
        return []
    own = run.errors[ERROR_KINDS.index(ErrorKind.INTERNAL)] - downstream_errors
    return version_changes(deployments, bins, run.requests, np.maximum(own, 0))


def _returns(run: RunOfService, raises: Sequence[ScaleOut]) -> list[tuple[ScaleOut, float]]:
    """Return the scale-outs that bring back what a scale-in had removed shortly before, with its time."""
    found: list[tuple[ScaleOut, float]] = []
    lowered = [
        event
        for event in run.events
        if isinstance(event, ScalingDecided) and event.service == run.name and event.desired < event.before
    ]
    for raised in raises:
        at_s = raised.decided.at_s
        earlier = [
            event.at_s
            for event in lowered
            if at_s - RETURN_S <= event.at_s < at_s and event.before > raised.decided.before
        ]
        if earlier:
            found.append((raised, earlier[-1]))
    return found


def _limits(run: RunOfService) -> StepFunction:
    limits = StepFunction()
    limits.change(0.0, run.scaling.max_size)
    for event in run.events:
        if isinstance(event, ConfigurationChanged) and event.service == run.name:
            limits.change(event.at_s, event.max_size - limits.at(event.at_s))
    return limits


def _at_max(run: RunOfService, bins: Bins, wanted: StepFunction, limits: StepFunction) -> Mask:
    """Return True for bins in which MaxSize instances were wanted at some time."""
    moments = sorted({*limits.times_s, *wanted.times_s, run.ended_s})
    return bins.touched(
        TimeSpan(begin_s, end_s)
        for begin_s, end_s in itertools.pairwise(moments)
        if wanted.at(begin_s) >= limits.at(begin_s)
    )


def _none_ready(ready: StepFunction, ended_s: float) -> list[TimeSpan]:
    moments = [0.0, *ready.times_s, ended_s]
    pairs = itertools.pairwise(moments)
    return [TimeSpan(begin_s, end_s) for begin_s, end_s in pairs if end_s > begin_s and not ready.at(begin_s)]


def _disturbances(run: RunOfService) -> list[TimeSpan]:
    """Return the times from a network fault of the timeline to the next event about it, or to the end of the run."""
    acts = [event for event in run.events if isinstance(event, TimelineActed) and event.action in NETWORK_FAULT_ACTIONS]
    own = [act.at_s for act in acts if act.detail.startswith(f"{run.name}:")]
    return [TimeSpan(at_s, end_s) for at_s, end_s in zip(own, [*own[1:], run.ended_s], strict=False)][::2]


def _used_up(stats: ResourceStats, ended_s: float, bins: Bins) -> Mask:
    """Return True for bins in which a resource had no free connection: it rejected calls, or calls waited for one."""
    series = stats.series
    busy, waiting = (np.array(series.means(column, ended_s)) for column in (series.busy_s, series.waiting_s))
    used_up = (busy >= _BUSY_CONNECTIONS * stats.limit) & (waiting > 0)
    if stats.outcomes[CallOutcome.REJECTED]:
        used_up |= np.array(series.errors[: len(busy)]) > 0
    return _binned(used_up, stats, bins) > 0


def _pools_used_up(stats: ResourceStats, ended_s: float, bins: Bins) -> Mask:
    """Return True for bins in which calls waited for a connection of their instance's pool: the resource had others."""
    series = stats.series
    busy, waiting = (np.array(series.means(column, ended_s)) for column in (series.busy_s, series.waiting_s))
    return _binned((waiting >= _WAITING_CALLS) & (busy < _BUSY_CONNECTIONS * stats.limit), stats, bins) > 0


def _slowed(stats: ResourceStats, run: RunOfService, name: str, bins: Bins) -> Mask:
    """Return True for bins in which calls in progress slowed each other down, by the Universal Scalability Law."""
    busy = np.array(stats.series.means(stats.series.busy_s, run.ended_s))
    use = run.facts.downstream[name]
    others = np.maximum(busy - 1, 0)
    return _binned(1 + use.contention * others + use.coherency * busy * others >= _SLOWED, stats, bins) > 0


def _late_errors(stats: ResourceStats, warm_up_s: float) -> int:
    """Return how many calls failed after the planned end of the run, which its series does not contain."""
    series = stats.series
    failed = stats.outcomes.total() - stats.outcomes[CallOutcome.ANSWERED]
    return max(0, failed - sum(series.errors[math.ceil(warm_up_s / series.width_s) :]))


def _downstream_errors(
    resources: Iterable[ResourceStats], bins: Bins, longest_s: float, warm_up_s: float
) -> NDArray[np.int64]:
    """Return the failed calls that may have failed a request sent in each bin."""
    total = np.zeros(len(bins.begins_s), dtype=np.int64)
    for stats in resources:
        total += _binned(np.array(stats.series.errors), stats, bins)
        total[-1] += _late_errors(stats, warm_up_s)
    later = math.ceil(longest_s / bins.width_s) + 1
    reach = np.concatenate((np.cumsum(total), np.full(later, total.sum())))
    before = np.concatenate(([0], reach[: len(total) - 1]))
    within: NDArray[np.int64] = reach[later : later + len(total)] - before
    return within


def _binned(values: NDArray[np.int64] | Mask, stats: ResourceStats, bins: Bins) -> NDArray[np.int64]:
    """Return the sums of a resource's bins within each bin of the requests, which may be several times as wide."""
    each = max(1, round(bins.width_s / stats.series.width_s))
    within = values[: each * len(bins.begins_s)]
    padded = np.zeros(each * len(bins.begins_s), dtype=np.int64)
    padded[: len(within)] = within
    found: NDArray[np.int64] = padded.reshape(-1, each).sum(axis=1)
    return found


def _cpu_busy(run: RunOfService, bins: Bins, ready: StepFunction) -> NDArray[np.float64]:
    """Return the CPU time of the requests that ended as a share of what the ready instances had; NaN if unknown."""
    nothing = np.full(len(bins.begins_s), np.nan)
    if not run.facts.request_cpu_s:
        return nothing
    edges_s = np.append(bins.begins_s, bins.ends_s[-1])
    processors = run.vcpu if run.facts.parallelism is None else min(run.vcpu, run.facts.parallelism)
    seconds = ready.integrals(edges_s) * processors
    completed = run.requests.ended - run.errors[0]
    np.divide(completed * run.facts.request_cpu_s, seconds, out=nothing, where=seconds > 0)
    return nothing
