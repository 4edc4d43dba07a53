"""Demand: the number of instances that a service's traffic needs in each second, from its own arrivals and work.

Oracle policies use it (rules/policies/oracle.py), and elasticity metrics compare a supply with it. The arrivals and the
work of each request come from the same named random streams as those of a run with the same seed, so the result is the
demand of exactly that run, whatever its policy.

A request is assumed to last as long as on a fully occupied instance of the service's size: its CPU time, multiplied by
`stretch_of` because requests share the vCPUs, then its I/O. One instance is enough for

- as many concurrent requests as it has slots: MaxConcurrency, or its workers if they are fewer;
- `UTILISATION_MAX` of its vCPUs' time, arriving in a second.

The demand of a second is the larger of the two, from the *peak* of the requests present in it: with that many instances
no request waits or is rejected. It is 0 in seconds without requests. There is one value per whole second, up to the end
of the run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.rules.policies.metrics.metric import EPSILON
from simulator.scenario.rate_factor import RateFactor, rate_factor
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.service_spec import ServiceSpec
from simulator.scenario.sections.simulated.simulated_spec import SimulatedSpec
from simulator.scenario.sections.traffic_spec import SourceSpec
from simulator.traffic.shapes.arrivals import Times, arrival_chunks
from simulator.world.distributions import Distribution
from simulator.world.random_streams import RandomStreams

# ASSUMPTION: "the fewest instances that meet the SLO" does not determine the utilisation of the CPU. Under processor
# sharing a request takes 1 / (1 - utilisation) times as long: five times at 0.8, where percentiles of latency begin to
# exceed usual SLOs. A profile of the application under load settles it for a service.
UTILISATION_MAX: Final = 0.8
# Samples per call: some distributions yield other numbers if the sampling is split differently
# (fleet/simulated/driver.py).
DRAWS: Final = 1024
# The start-up time that an oracle assumes: this quantile of the distribution, over this many samples of a separate
# stream.
START_UP_QUANTILE: Final = 0.99
START_UP_DRAWS: Final = 2000
# Iterations of a fixed point that is approached from below; each at least halves the error.
_ROUNDS: Final = 50

Counts = NDArray[np.int64]


def demand(scenario: ScenarioSpec, service: str) -> Counts:
    """Return the instances needed in each second of the run of `scenario` with its seed.

    Raises:
        ValueError: if the demand cannot be known: a closed source, or an application that is not simulated.
        ScenarioError: for an invalid row of a data file.
    """
    inputs, stamps = _inputs(scenario, service)
    return _cached_demand(inputs, stamps)


def _inputs(scenario: ScenarioSpec, service: str) -> tuple[_DemandInputs, tuple[tuple[int, int], ...]]:
    missing = scenario.demand_unknown(service)
    if missing:
        msg = f"services.{service} = {missing}, must be an open load on a simulated application to know its demand"
        raise ValueError(msg)
    spec = scenario.services[service]
    simulated = spec.application.simulated
    assert simulated is not None, "demand_unknown has looked"
    sources = scenario.sources_of(service)
    return (
        _DemandInputs(
            service,
            scenario.seed,
            scenario.duration_s,
            tuple((index, scenario.traffic[index]) for index in sources),
            tuple(rate_factor(scenario.timeline, scenario.traffic[index].name) for index in sources),
            simulated,
            _places(spec, simulated),
            simulated.cpu_use.usable(spec.size.vcpu),
            stretch_of(spec),
        ),
        tuple(data_stamp(scenario.traffic[index]) for index in sources),
    )


def offered_load(scenario: ScenarioSpec, service: str, width_s: float) -> tuple[Counts, Times, Times]:
    """Return (requests, their CPU seconds, their I/O seconds) that arrive in each bin of `width_s`, up to the end of
    the run.

    Raises:
        ValueError, ScenarioError: as `demand`.
    """
    inputs, stamps = _inputs(scenario, service)
    return _cached_offered_load(inputs, width_s, stamps)


class _DemandInputs(NamedTuple):
    """Everything that determines a demand, as the key of a cache."""

    service: str
    seed: int
    duration_s: float
    sources: tuple[tuple[int, SourceSpec], ...]
    factors: tuple[RateFactor, ...]
    simulated: SimulatedSpec
    slots: int
    vcpu: float
    stretch: float


@lru_cache(maxsize=8)
def _cached_offered_load(
    inputs: _DemandInputs, width_s: float, _stamps: tuple[tuple[int, int], ...]
) -> tuple[Counts, Times, Times]:
    """Return counts, CPU and I/O time per bin, cached for all candidates with the same traffic. Do not modify."""
    bins = math.ceil(inputs.duration_s / width_s)
    counts, cpu, io = np.zeros(bins, dtype=np.int64), np.zeros(bins), np.zeros(bins)
    for times, cpu_s, io_s in _requests(inputs):
        place = np.minimum((times / width_s).astype(np.int64), bins - 1)
        counts += np.bincount(place, minlength=bins)
        cpu += np.bincount(place, cpu_s, bins)
        io += np.bincount(place, io_s, bins)
    for array in (counts, cpu, io):
        array.setflags(write=False)
    return counts, cpu, io


def _requests(inputs: _DemandInputs) -> Iterator[tuple[Times, Times, Times]]:
    """Yield (times, CPU seconds, I/O seconds) of all requests in the order of their arrival, in chunks."""
    streams = RandomStreams(inputs.seed)
    work = DemandSampler(inputs.simulated, streams, inputs.service)
    arrivals = [
        arrival_chunks(source, streams, index, inputs.duration_s, factor)
        for (index, source), factor in zip(inputs.sources, inputs.factors, strict=True)
    ]
    for times in merged(arrivals):
        yield times, *work.next(len(times))


@lru_cache(maxsize=8)
def _cached_demand(inputs: _DemandInputs, _stamps: tuple[tuple[int, int], ...]) -> Counts:
    """Return the instances needed, cached for all candidates with the same traffic. Do not modify the result."""
    peaks = _Peaks(math.ceil(inputs.duration_s))
    for times, cpu_s, io_s in _requests(inputs):
        peaks.take(times, cpu_s, cpu_s * inputs.stretch + io_s)
    present, used_s = peaks.finish()
    by_slots = np.ceil(present / inputs.slots)
    by_cpu = np.ceil(used_s / (inputs.vcpu * UTILISATION_MAX) - EPSILON)
    counts: Counts = np.maximum(by_slots, by_cpu).astype(np.int64)
    counts.setflags(write=False)
    return counts


def data_stamp(source: SourceSpec) -> tuple[int, int]:
    """Return a value that changes if the content of a source's data file changes."""
    recording = source.bins or source.trace
    if recording is None:
        return 0, 0
    stat = recording.file.stat()
    return stat.st_mtime_ns, stat.st_size


def start_up_s(scenario: ScenarioSpec, service: str) -> float:
    """Return the time from an instance's start until it serves: a high quantile, rounded up to the interval of the
    platform's probes.
    """
    spec = scenario.services[service]
    simulated = spec.application.simulated
    if simulated is None:
        return 0.0
    rng = RandomStreams(scenario.seed).stream("oracle", service, "start-up")
    drawn = float(np.quantile(simulated.start_up.distribution.draw(rng, START_UP_DRAWS), START_UP_QUANTILE))
    if simulated.start_up_cpu.distribution.mean > 0:
        cpu_s = simulated.start_up_cpu.distribution.draw(rng, START_UP_DRAWS)
        drawn += float(np.quantile(cpu_s, START_UP_QUANTILE)) / min(1.0, spec.size.vcpu)
    check, told_s = spec.health_check, spec.startup_probe_s
    probe_s = spec.policy.actuator(spec.scaling).startup_probe_s if told_s is None else told_s
    step_s = check.interval_s if probe_s is None else probe_s
    again_s = check.interval_s if told_s is None else told_s
    found_s = math.ceil(drawn / step_s) * step_s if step_s > 0 else drawn
    slow_s = max((event.slow_starts.extra_s for event in scenario.timeline if event.slow_starts), default=0.0)
    pull_s = 0.0 if simulated.image is None else simulated.image.image.cold_pull_s
    if spec.load_balancer is not None:  # the first check, which one success passes, comes after an interval at most
        return pull_s + drawn + spec.load_balancer.value.first_check_s + slow_s
    return pull_s + found_s + (check.healthy_threshold - 1) * again_s + slow_s


def merged(sources: Sequence[Iterator[Times]]) -> Iterator[Times]:
    """Merge the ascending chunks of several sources into ascending chunks. Memory: one chunk per source."""
    heads: list[Times | None] = [next(source, None) for source in sources]
    while any(head is not None for head in heads):
        # All arrivals up to the earliest end of a chunk are known: no source yields an earlier one later.
        until_s = min(float(head[-1]) for head in heads if head is not None)
        taken: list[Times] = []
        for place, head in enumerate(heads):
            if head is None:
                continue
            cut = int(np.searchsorted(head, until_s, side="right"))
            taken.append(head[:cut])
            heads[place] = head[cut:] if cut < len(head) else next(sources[place], None)
        yield taken[0] if len(taken) == 1 else np.sort(np.concatenate(taken), kind="stable")


def _places(spec: ServiceSpec, simulated: SimulatedSpec) -> int:
    return spec.max_concurrency if simulated.workers is None else min(spec.max_concurrency, simulated.workers)


def stretch_of(spec: ServiceSpec) -> float:
    """Return by what factor the CPU time of a request on a full instance exceeds its CPU time at the speed of one vCPU.

    A request runs at most at the speed of one vCPU, and below one vCPU at that of the instance. Of the requests that
    fill an instance, those in their CPU phase share its vCPUs. Their number is the share of time that the CPU phase
    takes, plus three standard deviations, but never more than the number of slots.
    """
    simulated = spec.application.simulated
    assert simulated is not None, "the demand of a real application is not known"
    vcpu = simulated.cpu_use.usable(spec.size.vcpu)
    alone = 1 / min(1.0, vcpu)
    cpu_s, io_s, slots = simulated.cpu.distribution.mean, simulated.io.distribution.mean, _places(spec, simulated)
    if cpu_s <= 0:
        return alone
    stretch = alone
    # The larger the factor, the more requests are in their CPU phase, so it increases towards a bound.
    for _ in range(_ROUNDS):
        share = cpu_s * stretch / (cpu_s * stretch + io_s)
        at_once = min(slots, slots * share + 3 * math.sqrt(slots * share * (1 - share)))
        stretch = max(alone, at_once / vcpu)
    return stretch


class DemandSampler:
    """Samples the work of a service's requests in order of arrival, from the same streams and in the same way as
    fleet/simulated/driver.py.
    """

    def __init__(self, simulated: SimulatedSpec, streams: RandomStreams, service: str) -> None:
        self._cpu = _Draws(simulated.cpu.distribution, streams.stream("service", service, "cpu"))
        self._io = _Draws(simulated.io.distribution, streams.stream("service", service, "io"))

    def next(self, count: int) -> tuple[Times, Times]:
        """Return (CPU seconds, I/O seconds) of the next `count` requests."""
        return self._cpu.next(count), self._io.next(count)


class _Draws:
    def __init__(self, distribution: Distribution, rng: np.random.Generator) -> None:
        self._law, self._rng = distribution, rng
        self._left: Times = np.empty(0)

    def next(self, count: int) -> Times:
        parts = [self._left]
        have = len(self._left)
        while have < count:
            parts.append(self._law.draw(self._rng, DRAWS))
            have += DRAWS
        drawn = np.concatenate(parts)
        self._left = drawn[count:]
        return drawn[:count]


class _Peaks:
    """Computes the greatest number of concurrent requests in each second, and the CPU seconds that arrive in it."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._peak: Counts = np.zeros(seconds, dtype=np.int64)
        self._cpu_s: Times = np.zeros(seconds)
        self._ends_s: Times = np.empty(0)  # of requests that have arrived but not ended
        self._from_s = 0.0

    def take(self, begins_s: Times, cpu_s: Times, lasts_s: Times) -> None:
        """Add the next arrivals in order, with their CPU time and the time each is present."""
        second = self._second(begins_s)
        np.add.at(self._cpu_s, second, cpu_s)
        self._peak[second] = np.maximum(self._peak[second], 1)  # a request that takes no time counts too
        ends_s = np.concatenate([self._ends_s, begins_s + lasts_s])
        gone = ends_s <= begins_s[-1]
        self._walk(begins_s, np.sort(ends_s[gone]))
        self._ends_s = ends_s[~gone]
        self._from_s = float(begins_s[-1])

    def finish(self) -> tuple[Counts, Times]:
        """Return (peaks, CPU seconds), one of each per second."""
        self._walk(np.empty(0), np.sort(np.minimum(self._ends_s, self._seconds)))
        return self._peak, self._cpu_s

    def _walk(self, begins_s: Times, ends_s: Times) -> None:
        """Process the arrivals and the ends since `_from_s`, both ascending.

        At the same instant, ends come before arrivals.
        """
        moments = np.concatenate([ends_s, begins_s])
        steps = np.repeat([-1, 1], [len(ends_s), len(begins_s)])
        order = np.argsort(moments, kind="stable")
        moments, present = moments[order], len(self._ends_s) + np.cumsum(steps[order])
        np.maximum.at(self._peak, self._second(moments), present)
        # Between two moments the number of requests is constant; seconds that begin between them have the same number.
        stayed = np.concatenate([[len(self._ends_s)], present[:-1]])
        first = np.concatenate([[self._from_s], moments[:-1]]).astype(np.int64) + 1
        last = np.minimum(np.ceil(moments).astype(np.int64), self._seconds) - 1
        for place in np.flatnonzero((first <= last) & (stayed > 0)).tolist():
            seconds = slice(int(first[place]), int(last[place]) + 1)
            np.maximum(self._peak[seconds], stayed[place], out=self._peak[seconds])

    def _second(self, moments_s: Times) -> Counts:
        second: Counts = np.minimum(moments_s.astype(np.int64), self._seconds - 1)
        return second
