"""Plays load stages with a candidate, several times with other work for the same arrivals.

The work of a request is the quantile of its law at a number that is the same for every candidate (common random
numbers), so a small change of a parameter changes the modelled times a little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.fit_stage import FitStage
from simulator.calibration.fitting.laws import Array
from simulator.lab.compiled.instance.instance_play import InstanceWork, play_instance
from simulator.world.random_streams import RandomStreams

# Seconds between two plays of a stage, in which the requests of the first end; a request lasts at most 120 s.
_GAP_S: Final = 200.0


class StagePlayed(NamedTuple):
    """Plays of a stage, a row each: latencies of the requests (NaN: rejected), CPU seconds after the warm-up, and CPU
    seconds in each of the stage's periods.
    """

    latency_s: Array
    cpu_s: Array
    period_cpu_s: Array


class StagePlayer:
    """Plays one stage; keeps the numbers of its requests."""

    def __init__(self, stage: FitStage, seed: int) -> None:
        self.stage = stage
        self._numbers: list[Array] = []
        count = len(stage.at_s)
        self._routes = sorted({int(route) for route in np.unique(stage.route)}) if count else []
        self._places = {route: np.flatnonzero(stage.route == route) for route in self._routes}
        period_s = stage.quota.period_s if stage.quota is not None else 1.0
        # the periods of a quota begin with the instance, so a play begins with a period
        self._stride_s = math.ceil((stage.duration_s + _GAP_S) / period_s) * period_s
        self._streams = RandomStreams(seed)
        periods = stage.periods
        whole_s = np.array([stage.warm_up_s, stage.duration_s])
        self._marks_s, places = np.unique(
            np.concatenate([whole_s, periods.begins_s, periods.ends_s]), return_inverse=True
        )
        self._whole = places[:2]
        self._begins, self._ends = places[2:].reshape(2, -1)

    def play(self, candidate: ModelCandidate, plays: Sequence[int]) -> StagePlayed:
        """Play the stage with the numbers of each of `plays`."""
        stage, count, rows = self.stage, len(self.stage.at_s), len(plays)
        numbers = np.stack([self._of_play(play) for play in plays], axis=1)
        cpu_s, io_s = np.empty((rows, count)), np.empty((rows, count))
        for route, places in self._places.items():
            cpu_s[:, places] = candidate.cpu[route].at(numbers[0][:, places])
            io_s[:, places] = candidate.io[route].at(numbers[1][:, places])
        starts_s = self._stride_s * np.arange(rows)[:, None]
        marks_s = starts_s + self._marks_s
        work = InstanceWork(
            (starts_s + stage.at_s).ravel(),
            cpu_s.ravel(),
            io_s.ravel(),
            may=self._may(candidate.structure, rows),
            calls_s=None if candidate.call is None else candidate.call.at(numbers[2]).reshape(1, -1),
            marks_s=marks_s.ravel(),
        )
        played = play_instance(candidate.application(stage.quota), stage.settings, work, self._streams)
        latency_s = played.latency_s.reshape(rows, count)
        served = (played.status < 400).reshape(rows, count)
        used_s = played.cpu_s[:-1].reshape(rows, len(self._marks_s))
        begin, end = self._whole
        return StagePlayed(
            np.where(served, latency_s, np.nan),
            used_s[:, end] - used_s[:, begin],
            used_s[:, self._ends] - used_s[:, self._begins],
        )

    def _may(self, structure: AppStructure, rows: int) -> NDArray[np.int64] | None:
        """Return which requests use the pool, for all plays; None: all."""
        if not structure.pool_routes:
            return None
        return np.tile(np.isin(self.stage.route, structure.pool_routes).astype(np.int64), rows)

    def _of_play(self, play: int) -> Array:
        """Return the standard normal numbers of a play: those of CPU, I/O and calls."""
        while len(self._numbers) <= play:
            place = (str(self.stage.observation), str(self.stage.number), str(len(self._numbers)))
            rng = self._streams.stream("calibration", *place)
            self._numbers.append(rng.standard_normal((3, len(self.stage.at_s))))
        return self._numbers[play]
