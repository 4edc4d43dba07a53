"""Upper bounds on each signal at an instance of a service under any load, computed before a run.

A policy whose triggers are all above these bounds can never scale out (policy_fit.py). Bounds are high, and infinite
where none is known, so that no policy that could act is reported as unable to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, assert_never

import numpy as np
from numpy.typing import NDArray

from simulator.rules.policies.requirements import Signal
from simulator.rules.stations.cpu_use import slowdown
from simulator.scenario.rate_factor import rate_factor
from simulator.scenario.sections.service_spec import ServiceSpec
from simulator.scenario.sections.shape_spec import (
    AtOnceSpec,
    ClosedSpec,
    CurveSpec,
    MmppSpec,
    TraceSpec,
)
from simulator.scenario.sections.simulated.simulated_spec import SimulatedSpec
from simulator.scenario.sections.traffic_spec import SourceSpec
from simulator.traffic.shapes.curves import curve_of
from simulator.world.random_streams import RandomStreams

if TYPE_CHECKING:
    from simulator.scenario.scenario import ScenarioSpec

# The assumed greatest work of a request: this quantile of its distribution, over this many samples.
_QUANTILE: Final = 0.99
_DRAWS: Final = 2000
# The shortest window over which a policy averages a rate: Knative's panic window.
_WINDOW_S: Final = 6.0


def signal_levels(scenario: ScenarioSpec, name: str) -> Mapping[Signal, float]:
    """Return the highest value of each signal at an instance of the service, in the signal's unit."""
    service = scenario.services[name]
    queues = service.waiting.mode == "queue"
    simulated = service.application.simulated
    unbounded = dict.fromkeys(Signal, math.inf)
    return unbounded | {
        Signal.QUEUED: math.inf if queues else 0.0,
        Signal.CONCURRENCY: _concurrency(scenario, name),
        Signal.CPU: math.inf if simulated is None or simulated.depends_on_size else cpu_at_most(service, simulated),
        Signal.MEMORY: math.inf if simulated is None else memory_gb_at_most(service, simulated),
        Signal.RATE: _rate(peak_rps(scenario, name)) / max(1, service.ready_at_start),
        Signal.LATENCY: _latency_s(service, simulated, queues=queues),
    }


def cpu_at_most(service: ServiceSpec, simulated: SimulatedSpec) -> float:
    """Return the vCPUs that an instance uses if all its slots are always occupied."""
    vcpu = simulated.cpu_use.usable(service.size.vcpu)
    slots = min(service.max_concurrency, simulated.workers or service.max_concurrency)
    most = 0.0
    for cpu, io in simulated.works():
        cpu_s = cpu.distribution.mean * slowdown(slots, simulated.contention, simulated.coherency)
        io_s = io.distribution.mean
        if cpu_s > 0:
            most = max(most, min(vcpu, slots * cpu_s / (cpu_s / min(1.0, vcpu) + io_s)))
    return most


def memory_gb_at_most(service: ServiceSpec, simulated: SimulatedSpec) -> float:
    """Return the memory in GB that an instance uses with all its slots occupied; it cannot use more than it has."""
    at_rest_bytes, request_bytes = simulated.memory_use
    return min(service.size.memory_gb, (at_rest_bytes + service.max_concurrency * request_bytes) / 1024**3)


def peak_rps(scenario: ScenarioSpec, name: str) -> float:
    """Return a bound on the total rate of the service's sources; infinite if the rate depends on the responses."""
    total = 0.0
    for index in scenario.sources_of(name):
        source = scenario.traffic[index]
        total += math.inf if source.retry or source.session else _peak_rps(source, scenario)
    return total


def _peak_rps(source: SourceSpec, scenario: ScenarioSpec) -> float:
    factor = rate_factor(scenario.timeline, source.name)
    shape = source.shape
    match shape:
        case ClosedSpec() | TraceSpec() | AtOnceSpec():
            return math.inf
        case MmppSpec():
            return source.peak_rps * max(factor.factors)
        case CurveSpec():
            return curve_of(source, scenario.duration_s, factor).peak_rps
        case _:
            assert_never(shape)


def _rate(mean_rps: float) -> float:
    """Return the highest rate that random arrivals of this mean have in the shortest window: four standard deviations
    above the mean.
    """
    return mean_rps + 4 * math.sqrt(mean_rps / _WINDOW_S)


def _concurrency(scenario: ScenarioSpec, name: str) -> float:
    """Return a bound on the requests in slots plus queued requests, per instance that is ready at the start."""
    service = scenario.services[name]
    sources = [scenario.traffic[index] for index in scenario.sources_of(name)]
    users = math.inf
    if sources and all(source.closed is not None for source in sources):
        users = sum(source.closed.users_max for source in sources if source.closed is not None)
    queued = 0.0
    if service.waiting.mode == "queue":
        queued = min(service.waiting.queue, _rate(peak_rps(scenario, name)) * service.waiting.wait_s)
    ready = max(1, service.ready_at_start)
    return min(users / ready, service.max_concurrency + queued / ready)


def _high(values: NDArray[np.float64]) -> float:
    """Return the _QUANTILE of values, interpolated as by `np.quantile`, which would import numpy.ma."""
    ordered = np.sort(values)
    place = _QUANTILE * (len(values) - 1)
    below = int(place)
    return float(ordered[below] + (ordered[below + 1] - ordered[below]) * (place - below))


def _latency_s(service: ServiceSpec, simulated: SimulatedSpec | None, *, queues: bool) -> float:
    """Return the latency of a request on an instance with MaxConcurrency requests; infinite if it is not bounded."""
    if simulated is None or simulated.depends_on_size or queues:
        return math.inf
    rng = RandomStreams(0).stream("signal levels")
    drawn = [
        [_high(distribution.distribution.draw(rng, _DRAWS)) for distribution in (cpu, io)]
        for cpu, io in simulated.works()
    ]
    cpu_s, io_s = max(cpu for cpu, _ in drawn), max(io for _, io in drawn)
    wake_s = _high(service.wake.distribution.draw(rng, _DRAWS))
    slots, vcpu = service.max_concurrency, simulated.cpu_use.usable(service.size.vcpu)
    at_once = min(slots, simulated.workers or slots)
    cpu_s *= slowdown(at_once, simulated.contention, simulated.coherency)
    stretched_s = cpu_s * max(1 / min(1.0, vcpu), at_once / vcpu) + io_s
    return stretched_s * math.ceil(slots / at_once) + wake_s
