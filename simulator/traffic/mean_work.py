"""The mean time of an undisturbed request of a service: its CPU and I/O time, over the mix of its traffic.

The mean is weighted: kinds of requests (their paths and the sizes of their bodies) by their weights, and sources by
their numbers of requests in the run. A retry repeats a request, so retries do not change the mix of a source.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from simulator.scenario.rate_factor import RateFactor, rate_factor
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.session_spec import RequestSpec
from simulator.scenario.sections.simulated.simulated_spec import PathSpec, SimulatedSpec
from simulator.scenario.sections.traffic_spec import SourceSpec
from simulator.traffic.demand import data_stamp
from simulator.traffic.shapes.arrivals import arrival_chunks
from simulator.world.random_streams import RandomStreams

_MB = 1024**2
_SAME = PathSpec()


def mean_work_s(scenario: ScenarioSpec, service: str) -> float | None:
    """Return the mean CPU + I/O time of a request of `service`; None if its application is not simulated.

    Raises:
        ScenarioError: for an invalid row of a data file.
    """
    simulated = scenario.services[service].application.simulated
    if simulated is None:
        return None
    indexes = scenario.sources_of(service)
    means_s = [_mean_of_kinds(simulated, scenario.traffic[index]) for index in indexes]
    if not means_s:
        return _kind_s(simulated, RequestSpec())
    if len(set(means_s)) == 1:
        return means_s[0]
    weights = [_requests(scenario, index, mean_s) for index, mean_s in zip(indexes, means_s, strict=True)]
    return _weighted(means_s, weights if any(weights) else [1.0] * len(weights))


def _mean_of_kinds(simulated: SimulatedSpec, source: SourceSpec) -> float:
    """Return the mean of a source: every step of a session is sent once, other kinds by their weights."""
    works_s = [_kind_s(simulated, kind) for kind in source.kinds]
    return _weighted(works_s, [1.0 if source.session else kind.weight for kind in source.kinds])


def _kind_s(simulated: SimulatedSpec, kind: RequestSpec) -> float:
    given = simulated.paths.get(kind.path.partition("?")[0], _SAME)
    cpu, io = given.cpu or simulated.cpu, given.io or simulated.io
    cpu_s = simulated.cpu_per_mb_s if given.cpu_per_mb_s is None else given.cpu_per_mb_s
    io_s = simulated.io_per_mb_s if given.io_per_mb_s is None else given.io_per_mb_s
    return cpu.distribution.mean + io.distribution.mean + (cpu_s + io_s) * kind.body_bytes / _MB


def _requests(scenario: ScenarioSpec, index: int, mean_s: float) -> float:
    """Return the approximate number of requests that a source sends in the run."""
    source = scenario.traffic[index]
    steps = max(1, len(source.session))
    if source.closed is None:
        factor = rate_factor(scenario.timeline, source.name)
        return float(steps * _arrivals(source, index, scenario.seed, scenario.duration_s, factor, data_stamp(source)))
    # ASSUMPTION: a closed population sends as if its requests took only the time of their work and all users were
    # present for the whole time of the source. The actual waiting time depends on the policy, but the SLO must not.
    thinking_s = sum(step.think_time.distribution.mean for step in source.session)
    round_s = steps * mean_s + thinking_s + source.closed.think_time.distribution.mean
    lasts_s = max(0.0, source.end_s(scenario.duration_s) - source.from_s)
    return source.closed.users_max * steps * lasts_s / max(round_s, 1e-6)


@lru_cache(maxsize=32)
def _arrivals(
    source: SourceSpec, index: int, seed: int, duration_s: float, factor: RateFactor, _stamp: tuple[int, int]
) -> int:
    return sum(len(times) for times in arrival_chunks(source, RandomStreams(seed), index, duration_s, factor))


def _weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    return math.fsum(value * weight for value, weight in zip(values, weights, strict=True)) / math.fsum(weights)
