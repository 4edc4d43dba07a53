"""Plays a scenario of one service in virtual time and records its minutes, on the compiled backend where it can.

The figures are those that the CloudWatch exporter computes (telemetry/cloudwatch/minute_aggregator.py), which needs the
platform's own objects for each request; here whole columns of ended requests are counted, so a day takes seconds.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.assembly.cloudwatch_feed import run_view
from simulator.lab.minutes.row_reader import run_with_reader
from simulator.lab.minutes.service_minutes import MINUTE_S, Floats, ServiceMinutes
from simulator.records.events import SecondClosed
from simulator.records.journal import Journal
from simulator.records.request_log import Chunk
from simulator.replay.run_context import PlatformOpened
from simulator.replay.runner import play
from simulator.scenario.scenario import ScenarioSpec
from simulator.telemetry.cloudwatch.cpu_readings import LOOK_EVERY_S, CpuReadings
from simulator.telemetry.cloudwatch.platform_view import PlatformView

_QUANTILES: Final = {"latency_p50_s": 0.5, "latency_p95_s": 0.95, "latency_p99_s": 0.99}
_ROUNDING: Final = 1e-6


class MinuteRecorder:
    """Reads the ended requests, the seconds and the instances of the only service of a run."""

    def __init__(self, scenario: ScenarioSpec) -> None:
        (self._service,) = scenario.services
        self._minutes = max(1, math.ceil(scenario.duration_s / MINUTE_S - _ROUNDING))
        self._region = scenario.aws.region
        self._view: PlatformView | None = None
        self._at: list[NDArray[np.int64]] = []
        self._latencies: list[Floats] = []
        self._requests = np.zeros(self._minutes)
        self._concurrency = np.zeros(self._minutes)
        self._errors = np.zeros(self._minutes)
        self._seconds = np.zeros(self._minutes)
        self._cpu, self._looks = np.zeros(self._minutes), np.zeros(self._minutes)
        self._readings = CpuReadings()

    def follow(self, journal: Journal) -> None:
        """Read the events of a run from now on. Call it before the run."""
        journal.subscribe(PlatformOpened, self._opened)
        journal.subscribe(SecondClosed, self._second)

    def read(self, chunk: Chunk) -> None:
        """Count ended requests; those that reached no instance have no latency here."""
        ends_s = chunk.intended_s + chunk.latency_s
        at = np.minimum(ends_s / MINUTE_S, self._minutes - 1).astype(np.int64)
        self._errors += np.bincount(at[(chunk.status >= 500)], minlength=self._minutes)
        reached = chunk.instance > 0
        self._at.append(at[reached])
        self._latencies.append(chunk.service_s[reached].astype(np.float64))

    def minutes(self) -> ServiceMinutes:
        """Return the minutes of the finished run, from time 0 on."""
        at = np.concatenate([np.zeros(0, dtype=np.int64), *self._at])
        latencies_s = np.concatenate([np.zeros(0), *self._latencies])
        order = np.argsort(at, kind="stable")
        parts = np.split(latencies_s[order], np.searchsorted(at[order], np.arange(1, self._minutes)))
        known = np.array([len(part) > 0 for part in parts])
        quantiles = np.full((len(parts), len(_QUANTILES)), np.nan)
        means = np.full(len(parts), np.nan)
        for place in np.flatnonzero(known):
            quantiles[place] = np.quantile(parts[place], list(_QUANTILES.values()), method="inverted_cdf")
            means[place] = parts[place].mean()
        with np.errstate(invalid="ignore", divide="ignore"):
            return ServiceMinutes.of(
                0.0,
                self._minutes,
                requests=self._requests,
                latency_mean_s=means,
                **{name: quantiles[:, column] for column, name in enumerate(_QUANTILES)},
                cpu=self._cpu / self._looks,
                concurrency=self._concurrency / self._seconds,
                server_errors=self._errors,
            )

    def _opened(self, opened: PlatformOpened) -> None:
        self._view = run_view(opened.platform, self._region)

    def _second(self, closed: SecondClosed) -> None:
        sample = closed.sample
        at = min(self._minutes - 1, int(sample.second // MINUTE_S))
        self._requests[at] += sample.arrivals
        self._concurrency[at] += sample.in_flight
        self._seconds[at] += 1
        if (sample.second + 1) % LOOK_EVERY_S == 0:
            self._look(at, sample.second + 1.0)

    def _look(self, at: int, now_s: float) -> None:
        """Add the utilization of each instance since it was last read."""
        assert self._view is not None, "a second ends after the platform was opened"
        for reading in self._readings.read(self._view.readings(self._service), now_s):
            if reading.utilization is not None:
                self._cpu[at] += reading.utilization
                self._looks[at] += 1


def recorded_minutes(scenario: ScenarioSpec, requests: float) -> ServiceMinutes:
    """Play the scenario and return its minutes. `requests`: about how many it has, which chooses the backend.

    Raises what `play` raises.
    """
    recorder = MinuteRecorder(scenario)
    run = run_with_reader(scenario, requests, recorder.read)
    recorder.follow(run.journal)
    play(run, signals=False)
    return recorder.minutes()
