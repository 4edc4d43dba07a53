"""The world of an application: the kernel's arrays with its settings and those of its service's pool."""

from __future__ import annotations

import numpy as np

from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.lab.compiled.state import BALANCINGS, NO_LIMIT, NOBODY, QUOTA, World, new_world, with_attributes


def world_of(
    application: SimulatedApplication, settings: PoolSettings, sources: int, instances: int, chunk: int
) -> World:
    """Return the arrays for `sources` sources of requests, which supply at most `chunk` arrivals at a time, and at
    first `instances` instances.
    """
    capacity = settings.scaling.max_concurrency
    world = new_world(sources, capacity, instances, chunk)
    state = world.pool[0]
    state["capacity"] = capacity
    state["queue"] = settings.overflow.queue
    state["wait_s"] = settings.overflow.wait_s
    state["timeout_s"] = settings.request_timeout_s
    state["balancing"] = BALANCINGS.index(settings.balancing)
    state["workers"] = NOBODY if application.workers is None else application.workers
    use = application.cpu_use
    state["usable"] = use.usable(settings.size.vcpu)
    state["turns"] = min(use.turns(settings.size.vcpu), NO_LIMIT)
    state["visits"] = use.visits
    state["contention"], state["coherency"] = use.contention, use.coherency
    state["all_arrive"] = application.requests_may_wait
    state["failure_share"] = application.failure_share
    state["takes_wakes"] = application.wake.mean > 0
    state["backlog"] = NO_LIMIT if application.backlog is None else application.backlog
    if application.failures is not None:
        failures = application.failures
        state["has_memory"], state["memory_bytes"] = 1, settings.size.memory_gb * 1024**3
        state["rest_bytes"], state["request_bytes"] = failures.memory_bytes, failures.request_memory_bytes
    quota = application.cpu_quota
    if quota is None:
        return world
    state["cores"], state["period_s"] = quota.cores, quota.period_s
    state["turns"] = min(use.turns(quota.cores), NO_LIMIT)
    state["busy_max"] = use.usable(quota.cores)
    state["quota_s"] = settings.size.vcpu * quota.period_s
    state["shared_core_speed"] = quota.shared_core_speed
    return world._replace(quotas=with_attributes(np.zeros(instances, QUOTA)))
