"""Plays a load against instances of the real service, on the path of `run --clock real`, and reads its figures.

The instances are fresh for every load, as for an observation. Without settings of real time the load is played in
virtual time, which is for simulated services.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.observing.client_priority import client_priority
from simulator.calibration.observing.instance_weight import favoured
from simulator.calibration.observing.level import REST_S, poisson_traffic, with_traffic
from simulator.calibration.observing.machine import MachineReading, machine_facts
from simulator.calibration.observing.observed_service import ObservedService
from simulator.calibration.prediction.runs import RunFigures, figures_of
from simulator.calibration.prediction.settings import PredictedService
from simulator.calibration.prediction.usage_meter import UsageMeter
from simulator.model.rejection import OVERFLOW
from simulator.records.journal import Journal
from simulator.records.request_log import Chunk
from simulator.replay.runner import InterruptedRun, Run, play
from simulator.scenario.scenario import ScenarioSpec
from simulator.world.random_streams import RandomStreams

if TYPE_CHECKING:
    from simulator.edge.live.live_settings import LiveSettings

Floats = NDArray[np.float64]

_QUANTILES: Final = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class MeasuredLoad:
    """The figures of a load that was played.

    `late_p99_s`: how late the load client was; `load`: load average of the machine (1 minute) at the end; `stolen`:
    share of the CPU time that the hypervisor gave to others. NaN: unknown, as in virtual time. `sent_s`: the times at
    which the requests of each route were sent, warm-up included, in seconds of the run.
    """

    figures: RunFigures
    requests: int
    late_p99_s: float
    load: float = math.nan
    stolen: float = math.nan
    sent_s: tuple[Floats, ...] = field(default=(), compare=False, repr=False)


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
    run.rows = sent = SentRequests(settings)
    meter = usage_meter(run.journal, service.name, settings)
    if live is not None:
        favoured(run.journal)
    with nullcontext() if live is None else client_priority(run.journal):
        record = play(run, signals=signals)
    if not record.complete:
        raise InterruptedRun
    facts = machine_facts(before, MachineReading.now())
    stats = record.stats_by_source.after_warm_up()
    return MeasuredLoad(
        sent.replaced_in(figures_of(record, service.name, meter, ())),
        stats.requests,
        stats.late.quantile(0.99) or 0.0,
        math.nan if live is None else facts.load_after,
        math.nan if live is None else facts.steal_share,
        sent.times_s(len(service.routes)),
    )


class SentRequests:
    """The requests of a run, from when they were sent.

    The latencies of a report count from when a request was to be sent, so they contain the delay of the load client,
    about a millisecond; no model of the service has it, and it was no part of the observation either.
    """

    def __init__(self, settings: PredictedService) -> None:
        self._warm_up_s = REST_S + settings.warm_up_s
        self._span_s = settings.duration_s - settings.warm_up_s
        self._rows: list[tuple[NDArray[np.int64], Floats, Floats, NDArray[np.bool_], NDArray[np.bool_]]] = []

    def read(self, chunk: Chunk) -> None:
        sent_s, latency_s = chunk.intended_s + chunk.late_s, chunk.latency_s - chunk.late_s
        self._rows.append((chunk.source.copy(), sent_s, latency_s, chunk.failed, chunk.status == OVERFLOW.status))

    def times_s(self, sources: int) -> tuple[Floats, ...]:
        """Return the times at which the requests of each source were sent, in order."""
        if not self._rows:
            return (np.zeros(0),) * sources
        source, sent_s, *_ = self._columns()
        return tuple(np.sort(sent_s[source == number]) for number in range(sources))

    def replaced_in(self, figures: RunFigures) -> RunFigures:
        """Return the figures with those of the requests that were sent after the warm-up."""
        if not self._rows:
            return figures
        _, sent_s, latency_s, failed, rejected = self._columns()
        counted = sent_s >= self._warm_up_s
        served = counted & ~failed
        count = int(counted.sum())
        if not count:
            return figures
        p50_s, p95_s, p99_s = np.quantile(latency_s[served], _QUANTILES).tolist() if served.any() else (None,) * 3
        return figures._replace(
            p50_s=p50_s,
            p95_s=p95_s,
            p99_s=p99_s,
            error_rate=int((counted & failed).sum()) / count,
            served_rps=int(served.sum()) / self._span_s,
            rejected_rate=int((counted & rejected).sum()) / count,
        )

    def _columns(self) -> tuple[NDArray[np.int64], Floats, Floats, NDArray[np.bool_], NDArray[np.bool_]]:
        source, sent_s, latency_s, failed, rejected = (np.concatenate(each) for each in zip(*self._rows, strict=True))
        return source, sent_s, latency_s, failed, rejected


def load_scenario_of(service: ObservedService, settings: PredictedService, rate_rps: float, seed: int) -> ScenarioSpec:
    """Return the scenario that plays the rate. It begins after a rest, in which fresh instances settle."""
    own_seed = int(RandomStreams(seed).stream("verify", float(rate_rps)).integers(2**62))
    traffic = poisson_traffic(service, rate_rps, REST_S + settings.duration_s)
    return with_load(service, settings, traffic, own_seed)


def with_load(
    service: ObservedService,
    settings: PredictedService,
    traffic: Sequence[Mapping[str, object]],
    seed: int,
    until_s: float = 0.0,
) -> ScenarioSpec:
    """Return the scenario of a load: the instances of `settings` with this traffic.

    It ends at `until_s` if that is after the end of the load.
    """
    count = settings.instances
    prepared = service.prepared(min_size=count, max_size=count, max_concurrency=settings.max_concurrency)
    scenario = with_traffic(prepared, traffic, max(REST_S + settings.duration_s, until_s), seed)
    return scenario.model_copy(update={"warm_up_s": REST_S + settings.warm_up_s})


def usage_meter(journal: Journal, service: str, settings: PredictedService) -> UsageMeter:
    """Return a meter of the measured part of a load."""
    return UsageMeter(journal, service, REST_S + settings.warm_up_s, REST_S + settings.duration_s)
