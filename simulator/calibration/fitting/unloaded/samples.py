"""The times of requests that were sent one at a time: the CPU time of each, and the rest of its latency.

Such a request waits for nothing, so its latency is the sum of its CPU time, of the time for which a CPU quota stopped
it, and of its I/O time (with a pool or a lock, the I/O time and the time with a connection).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.fit_stage import quota_of
from simulator.calibration.fitting.laws import Array
from simulator.calibration.observation.observation import ServiceObservation
from simulator.model.sizes import InstanceSize

_FEWEST: Final = 12  # requests of a route: fewer say nothing about a spread
_LEAST_S: Final = 1e-7  # a time below it is one that clocks do not resolve


class RouteSamples(NamedTuple):
    """CPU times of a route's requests (none if they were not measured), the rest of their latencies, and, if the CPU
    times are not known, the latencies.
    """

    cpu_s: Array
    rest_s: Array
    latency_s: Array


class UnloadedSamples(NamedTuple):
    """The samples of each route. `is_live`: measured in real time."""

    routes: tuple[RouteSamples, ...]
    is_live: bool


def unloaded_samples(observations: Sequence[ServiceObservation]) -> UnloadedSamples | None:
    """Return the samples of all observations; None if a route has too few."""
    given = [each for each in observations if each.unloaded is not None]
    if not given:
        return None
    routes = []
    for route in range(len(given[0].routes)):
        parts = [_of_route(each, route) for each in given]
        routes.append(RouteSamples(*(np.concatenate(columns) for columns in zip(*parts, strict=True))))
    if any(len(each.rest_s) < _FEWEST and len(each.latency_s) < _FEWEST for each in routes):
        return None
    return UnloadedSamples(tuple(routes), any(not each.is_virtual for each in given))


def _of_route(observation: ServiceObservation, route: int) -> RouteSamples:
    rows = observation.unloaded
    assert rows is not None, observation.target
    own = rows.rows((rows.route == route) & rows.served)
    is_known = np.isfinite(own.cpu_s)
    cpu_s, latency_s = own.cpu_s[is_known], own.latency_s[is_known]
    throttled_s = own.throttled_s[is_known]
    vcpu = (observation.size or InstanceSize()).vcpu
    quota = quota_of(observation)
    if quota is None:
        rest_s = latency_s - cpu_s / min(1.0, vcpu)
    else:
        # a request is not stopped if it fits into one period's share: the share is whole when the request begins
        is_short = cpu_s <= min(vcpu, quota.cores) * quota.period_s
        throttled_s = np.where(np.isfinite(throttled_s), throttled_s, np.where(is_short, 0.0, np.nan))
        rest_s = latency_s - cpu_s - throttled_s
    is_exact = np.isfinite(rest_s)
    if not observation.is_virtual:
        # the time of a real kernel is added over CPUs, so it may be more than that for which the request waited
        is_exact &= ~(throttled_s > 0)
    rest_s = rest_s[is_exact]
    unknown_s = own.latency_s[~is_known]
    return RouteSamples(np.maximum(cpu_s, _LEAST_S), np.maximum(rest_s, _LEAST_S), np.maximum(unknown_s, _LEAST_S))
