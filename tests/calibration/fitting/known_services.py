"""Observations of services whose model is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.fitting.candidate import ModelCandidate
from simulator.calibration.fitting.laws import Array
from simulator.calibration.observation.observation import (
    LimitFacts,
    LoadStage,
    MachineFacts,
    ObservationKind,
    ObservedRoute,
    ServiceObservation,
)
from simulator.calibration.observation.tables import InstanceSamples, ObservedRequests, UnloadedRequests
from simulator.fleet.pool.settings import PoolSettings
from simulator.lab.compiled.instance.instance_play import InstanceWork, play_instance
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.rules.stations.cpu_quota import CpuQuota
from simulator.world.random_streams import RandomStreams

FRACTIONS: Final = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95, 1.15)
MAX_CONCURRENCY: Final = 200


def capacity_rps(model: ModelCandidate, weights: Sequence[float], vcpu: float) -> float:
    """Return the highest throughput of an instance, by the utilisation law and Little's law."""
    mix = np.array(weights) / sum(weights)
    cpu_s = float(sum(share * law.mean_s for share, law in zip(mix, model.cpu, strict=True)))
    io_s = float(sum(share * law.mean_s for share, law in zip(mix, model.io, strict=True)))
    structure = model.structure
    limits = [min(vcpu, structure.parallelism or math.inf) / cpu_s]
    call_s = 0.0 if model.call is None else model.call.mean_s
    if structure.is_contended or structure.is_coherent:
        limits.append(0.6 * limits[0])  # beyond, more requests in progress reduce the throughput further
    if structure.workers is not None:
        limits.append(structure.workers / (cpu_s / min(1.0, vcpu) + io_s + call_s))
    if structure.pool is not None:
        limits.append(structure.pool / call_s)
    return min(limits)


def observed(
    model: ModelCandidate,
    seed: int,
    *,
    weights: Sequence[float] = (1.0,),
    size: InstanceSize | None = None,
    quota: CpuQuota | None = None,
    fractions: Sequence[float] = FRACTIONS,
    stage_s: float = 30.0,
    failure_share: float = 0.0,
    unloaded_s: float = 0.0,
) -> ServiceObservation:
    """Return the observation of a model at fractions of its capacity, Poisson arrivals, in virtual time.

    For `unloaded_s` before, the routes in turn are requested one at a time.
    """
    size = size or InstanceSize()
    rng = RandomStreams(seed).stream("known service")
    highest_rps = capacity_rps(model, weights, size.vcpu)
    loads = []
    for number, fraction in enumerate(fractions, 1):
        rate_rps = fraction * highest_rps
        count = int(rng.poisson(rate_rps * stage_s))
        at_s = np.sort(rng.uniform(0.0, stage_s, count))
        route = rng.choice(len(weights), count, p=np.array(weights) / sum(weights))
        warm_up_s = 0.1 * stage_s
        calls_s = None if model.call is None else model.call.at(rng.standard_normal((1, count)))
        settings = PoolSettings(service="observed", size=size, scaling=AutoScalingConfiguration(MAX_CONCURRENCY, 1, 1))
        cpu_s, io_s = _work(model, route, rng)
        marks_s = np.unique([*np.arange(math.ceil(stage_s) + 1.0).clip(max=stage_s), warm_up_s])
        work = InstanceWork(at_s, cpu_s, io_s, calls_s=calls_s, marks_s=marks_s)
        played = play_instance(model.application(quota), settings, work, RandomStreams(seed))
        status = played.status.copy()
        status[(status == 200) & (rng.random(count) < failure_share)] = 500
        requests = ObservedRequests.of(
            sent_s=at_s, latency_s=played.latency_s, status=status, route=route, late_s=np.zeros(count)
        )
        used_s = np.diff(played.cpu_s[:-1])
        samples = InstanceSamples.of(at_s=marks_s[1:], cpu_s=used_s)
        settled_s = float(used_s[marks_s[1:] > warm_up_s].sum())
        loads.append(LoadStage(number, rate_rps, stage_s, warm_up_s, requests, samples, cpu_s=settled_s))
    period_s = math.nan if quota is None else quota.period_s
    return ServiceObservation(
        kind=ObservationKind.STEPPED,
        target="a known service",
        routes=tuple(ObservedRoute(f"GET /{number}", weight) for number, weight in enumerate(weights)),
        loads=tuple(loads),
        unloaded=_unloaded(model, seed, size, quota, unloaded_s, failure_share) if unloaded_s else None,
        size=size,
        max_concurrency=MAX_CONCURRENCY,
        machine=MachineFacts(cores=0 if quota is None else quota.cores),
        limits=LimitFacts("simulated", period_s, cpu_limited=quota is not None),
        is_virtual=True,
    )


def _work(model: ModelCandidate, route: NDArray[np.int64], rng: np.random.Generator) -> tuple[Array, Array]:
    cpu_s, io_s = np.empty(len(route)), np.empty(len(route))
    for number, (cpu, io) in enumerate(zip(model.cpu, model.io, strict=True)):
        own = route == number
        z = rng.standard_normal((2, int(own.sum())))
        cpu_s[own], io_s[own] = cpu.at(z[0]), io.at(z[1])
    return cpu_s, io_s


_PAUSE_S: Final = 0.01  # at least, after each request
_APART_S: Final = 130.0  # between requests of the play: more than the longest lasts


def _unloaded(
    model: ModelCandidate, seed: int, size: InstanceSize, quota: CpuQuota | None, duration_s: float, failing: float
) -> UnloadedRequests:
    """Return requests of the routes in turn, each sent after the answer to the one before and a pause, in which the
    use of the CPU is below half of what the instance may use.
    """
    rng = RandomStreams(seed).stream("known service", "unloaded")
    routes = len(model.cpu)
    shortest_s = sum(cpu.mean_s + io.mean_s for cpu, io in zip(model.cpu, model.io, strict=True)) / routes + _PAUSE_S
    count = math.ceil(1.5 * duration_s / shortest_s) + routes
    route = np.arange(count) % routes
    cpu_s, io_s = _work(model, route, rng)
    calls_s = np.zeros(count) if model.call is None else model.call.at(rng.standard_normal(count))
    called = np.array([model.structure.uses_pool(each) for each in range(routes)])[route]
    # each begins at any phase of the quota's period
    at_s = _APART_S * np.arange(count) + rng.uniform(0.0, 1.0, count)
    settings = PoolSettings(service="observed", size=size, scaling=AutoScalingConfiguration(MAX_CONCURRENCY, 1, 1))
    work = InstanceWork(
        at_s,
        cpu_s,
        io_s,
        may=called.astype(np.int64) if model.call is not None else None,
        calls_s=None if model.call is None else calls_s[called][None, :],
    )
    latency_s = play_instance(model.application(quota), settings, work, RandomStreams(seed)).latency_s
    pauses_s = np.maximum(_PAUSE_S, 2 * cpu_s / size.vcpu - latency_s)
    sent = np.concatenate(([0.0], np.cumsum(latency_s + pauses_s)[:-1])) < duration_s
    assert not sent.all(), count
    throttled_s = np.maximum(latency_s - cpu_s - io_s - np.where(called, calls_s, 0.0), 0.0)
    return UnloadedRequests(
        route=route[sent],
        latency_s=latency_s[sent],
        cpu_s=cpu_s[sent],
        throttled_s=throttled_s[sent],
        status=np.where(rng.random(count) < failing, 500, 200)[sent],
    )
