"""Plays a load against instances of the real service, on the path of `run --clock real`, and reads its figures.

The instances are fresh for every load, as for an observation. Without settings of real time the load is played in
virtual time, which is for simulated services.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.calibration.observing.level import REST_S, poisson_traffic, with_traffic
from simulator.calibration.observing.machine import MachineReading, machine_facts
from simulator.calibration.observing.observed_service import ObservedService
from simulator.calibration.prediction.runs import RunFigures, figures_of
from simulator.calibration.prediction.settings import PredictedService
from simulator.calibration.prediction.usage_meter import UsageMeter
from simulator.records.request_log import Chunk
from simulator.replay.runner import InterruptedRun, Run, play
from simulator.scenario.scenario import ScenarioSpec
from simulator.world.random_streams import RandomStreams

if TYPE_CHECKING:
    from simulator.edge.live.live_settings import LiveSettings


@dataclass(frozen=True, slots=True)
class MeasuredLoad:
    """The figures of a load that was played.

    `late_p99_s`: how late the load client was; `load`: load average of the machine (1 minute) at the end; `stolen`:
    share of the CPU time that the hypervisor gave to others. NaN: unknown, as in virtual time.
    """

    figures: RunFigures
    requests: int
    late_p99_s: float
    load: float = math.nan
    stolen: float = math.nan


def play_load(
    service: ObservedService,
    settings: PredictedService,
    rate_rps: float,
    seed: int,
    live: LiveSettings | None = None,
    *,
    signals: bool = False,
) -> MeasuredLoad:
    """Play a rate of the whole service for the duration of `settings`, and return its figures after the warm-up.

    With `signals`, SIGINT ends the load.

    Raises:
        BrokenRun: if the service cannot be launched, or the run failed.
        InterruptedRun: if it was interrupted.
    """
    scenario = load_scenario_of(service, settings, rate_rps, seed)
    run, before = Run(scenario, live), MachineReading.now()
    run.rows = latencies = SentLatencies(scenario.warm_up_s)
    meter = UsageMeter(run.journal, service.name, scenario.warm_up_s, scenario.duration_s)
    record = play(run, signals=signals)
    if not record.complete:
        raise InterruptedRun
    stats = record.stats_by_source.after_warm_up()
    measured = MeasuredLoad(
        figures_of(record, service.name, meter, ()), stats.requests, stats.late.quantile(0.99) or 0.0
    )
    if live is None:
        return measured
    facts = machine_facts(before, MachineReading.now())
    figures = latencies.replaced_in(measured.figures)
    return MeasuredLoad(figures, measured.requests, measured.late_p99_s, facts.load_after, facts.steal_share)


class SentLatencies:
    """Latencies of served requests from when they were sent.

    The latencies of a report count from when a request was to be sent, so they contain the delay of the load client,
    about a millisecond; no model of the service has it, and it was no part of the observation either.
    """

    def __init__(self, warm_up_s: float) -> None:
        self._warm_up_s = warm_up_s
        self._latencies: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []

    def read(self, chunk: Chunk) -> None:
        served = (chunk.intended_s >= self._warm_up_s) & (chunk.status > 0) & ~chunk.failed
        self._latencies.append((chunk.latency_s - chunk.late_s)[served])

    def replaced_in(self, figures: RunFigures) -> RunFigures:
        """Return the figures with the quantiles of these latencies."""
        latency_s = np.concatenate(self._latencies) if self._latencies else np.zeros(0)
        if not len(latency_s):
            return figures
        p50_s, p95_s, p99_s = np.quantile(latency_s, (0.5, 0.95, 0.99)).tolist()
        return figures._replace(p50_s=p50_s, p95_s=p95_s, p99_s=p99_s)


def load_scenario_of(service: ObservedService, settings: PredictedService, rate_rps: float, seed: int) -> ScenarioSpec:
    """Return the scenario that plays the rate. It begins after a rest, in which fresh instances settle."""
    duration_s = REST_S + settings.duration_s
    count = settings.instances
    prepared = service.prepared(min_size=count, max_size=count, max_concurrency=settings.max_concurrency)
    own_seed = int(RandomStreams(seed).stream("verify", float(rate_rps)).integers(2**62))
    scenario = with_traffic(prepared, poisson_traffic(service, rate_rps, duration_s), duration_s, own_seed)
    return scenario.model_copy(update={"warm_up_s": REST_S + settings.warm_up_s})
