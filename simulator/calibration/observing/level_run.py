"""Plays one level: a run of the service with one instance, in real time, in virtual time or in the compiled backend."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from simulator.calibration.observation.observation import LimitFacts, LoadStage, StartTimes
from simulator.calibration.observing.client_priority import client_priority
from simulator.calibration.observing.instance_weight import favoured
from simulator.calibration.observing.level import REST_S, Level, level_scenario
from simulator.calibration.observing.load_guard import LoadGuard
from simulator.calibration.observing.machine import MachineReading, others_share
from simulator.calibration.observing.observed_service import ObservedService
from simulator.calibration.observing.stage_meter import StageMeter
from simulator.lab.backend_names import EVENT_LOOP
from simulator.lab.compare.backends import kind_of
from simulator.replay.progress import ProgressView
from simulator.replay.runner import InterruptedRun, Run, play
from simulator.world.clock import wall_s

if TYPE_CHECKING:
    from simulator.edge.live.live_settings import LiveSettings

# A level measures at least this long before it may end early.
_MEASURED_MIN_S: Final = 3.0
_MB: Final = 1024**2


@dataclass(frozen=True, slots=True, eq=False)
class PlayedLevel:
    """The result of a level.

    `spent_s`: seconds that it took with everything beside the requests, on its clock. `interrupted`: the user ended it.
    `crash`: why the instance ended, empty if it did not.
    """

    stage: LoadStage
    start: StartTimes | None
    memory_at_rest_bytes: float
    limits: LimitFacts
    spent_s: float
    interrupted: bool = False
    crash: str = ""


class LevelRun:
    """The run of one level. In real time it is the watcher of its own run (`Watcher`), which it ends early if the
    service is overloaded; in virtual time a level always takes its time, so that all backends give the same result.
    """

    def __init__(
        self,
        service: ObservedService,
        level: Level,
        seed: int,
        live: LiveSettings | None = None,
        backend: str = EVENT_LOOP,
    ) -> None:
        """Prepare the run. `backend`: of virtual time; `auto` is the fastest that can play the level.

        Raises:
            ValueError: if the backend cannot play the level.
        """
        self._level = level
        scenario = level_scenario(service, level, seed)
        until_s = REST_S + level.duration_s
        self._guard = LoadGuard(
            earliest_s=REST_S + level.warm_up_s + min(_MEASURED_MIN_S, level.measured_s),
            until_s=until_s,
            in_flight_max=service.max_concurrency,
            memory_limit_bytes=float(service.size.memory_mb * _MB),
        )
        self._is_live = live is not None
        self._ended_s = 0.0  # when the last request was sent, if that was early
        self._reason = ""
        self._lost: int | None = None  # requests that did not end
        self._run = (
            Run(scenario, live, watcher=self) if live is not None else kind_of(backend, scenario).prepare(scenario)
        )
        if self._is_live:
            favoured(self._run.journal)
        self._meter = StageMeter(service, level, self._run.journal)
        self._run.rows = self._meter

    # --- the watcher of the run --------------------------------------------------------------------------------------

    def due(self) -> bool:
        return self._is_live

    def update(self, view: ProgressView) -> None:
        """End the traffic early if the service is overloaded, and the run if requests in progress do not end."""
        ended_s = self._ended_s or self._guard.until_s
        if self._guard.is_overdue(view.now_s, ended_s):
            self._lost = view.in_flight
            self._run.interrupt()
        if self._reason:
            return
        reason = self._guard.reason(view, self._meter.usage().memory_bytes)
        if self._meter.crash:
            reason = f"the instance ended: {self._meter.crash}"
        if reason:
            self._reason, self._ended_s = reason, view.now_s
            self._run.end_traffic()

    # --- playing -----------------------------------------------------------------------------------------------------

    def play(self, *, signals: bool = False) -> PlayedLevel:
        """Play the level. With `signals`, SIGINT and SIGTERM end it early.

        Raises:
            BrokenRun: if the service cannot be launched or the run fails.
            InterruptedRun: if it was interrupted before its first request.
        """
        began_s, before = wall_s(), MachineReading.now()
        with client_priority(self._run.journal) if self._is_live else nullcontext():
            record = play(self._run, signals=signals)
        interrupted = not record.complete and self._lost is None
        ended_s = record.ended_s if interrupted else self._ended_s or record.ended_s
        if ended_s <= REST_S:
            raise InterruptedRun
        start = self._meter.start
        virtual_s = record.ended_s + (0.0 if start is None else start.total_s)
        reasons = ["interrupted"] if interrupted else [self._reason] if self._reason else []
        if self._lost is not None:
            reasons.append(f"{self._lost} requests did not end within {self._guard.drain_s:g} s after the last one")
        share = math.nan
        if self._is_live:
            share = others_share(before, MachineReading.now(), self._meter.instance_cpu_s)
        return PlayedLevel(
            replace(self._meter.stage(ended_s - REST_S, "; ".join(reasons)), others_share=share),
            start,
            self._meter.memory_at_rest_bytes,
            self._meter.limits,
            spent_s=wall_s() - began_s if self._is_live else virtual_s,
            interrupted=interrupted,
            crash=self._meter.crash,
        )
