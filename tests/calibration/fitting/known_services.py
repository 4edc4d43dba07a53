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
from simulator.calibration.observation.tables import InstanceSamples, ObservedRequests
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
) -> ServiceObservation:
    """Return the observation of a model at fractions of its capacity, Poisson arrivals, in virtual time."""
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
