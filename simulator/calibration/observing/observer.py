"""Makes an observation: plays levels until the search has enough, then requests one at a time, then wakes, and puts
everything into one value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from simulator.calibration.observation.observation import (
    LimitFacts,
    LoadStage,
    MachineFacts,
    ObservationKind,
    ServiceObservation,
    StartTimes,
)
from simulator.calibration.observing.level import Level
from simulator.calibration.observing.level_run import LevelRun, PlayedLevel
from simulator.calibration.observing.level_search import WARM_UP_S, LevelSearch, figures_of
from simulator.calibration.observing.machine import MachineReading, machine_facts
from simulator.calibration.observing.notes import RUNS_ALREADY, observation_notes
from simulator.calibration.observing.observed_service import ObservedService
from simulator.calibration.observing.unloaded.plan import unloaded_plan, unloaded_s
from simulator.calibration.observing.unloaded.run import OVERHEAD_S, PlayedUnloaded, UnloadedRun
from simulator.calibration.observing.wake_run import WAKES_S, played_wakes
from simulator.lab.backend_names import AUTO
from simulator.records.journal import Journal
from simulator.replay.runner import InterruptedRun
from simulator.world.clock import utc_now

if TYPE_CHECKING:
    from simulator.edge.live.live_settings import LiveSettings

BUDGET_S: Final = 300.0
# Of a real service by default: with the build before, and calibration and prediction after, some six minutes.
LIVE_BUDGET_S: Final = 240.0
BUDGET_MIN_S: Final = 20.0
_WAKES_SHARE: Final = 0.1  # wakes are measured if they take at most this share of the budget
_LATE_S: Final = 5.0  # with a larger excess over the budget wakes are left out
_CRASHES_MAX: Final = 2


class LevelBegan(NamedTuple):
    """A level is about to be played; `left_s` of the budget is left."""

    level: Level
    left_s: float


class LevelPlayed(NamedTuple):
    """A level has been played. `is_saturated`: the service did not keep up."""

    level: Level
    played: PlayedLevel
    is_saturated: bool


class UnloadedBegan(NamedTuple):
    """Requests are about to be sent one at a time, for `seconds`."""

    seconds: float


class WakesBegan(NamedTuple):
    """Requests to an idle instance are about to be sent."""


class UnusableService(Exception):
    """The service cannot be observed: its responses at light load are errors. The message says what to change."""


@dataclass(slots=True, eq=False)
class Observer:
    """Observes a service. `live`: settings of real time; None: virtual time, in the backend `backend`.

    `rates`: requests/s of levels to play, each for `level_s`, instead of a search. `unloaded_s`: seconds in which
    requests are sent one at a time; None: a share of the budget, or none with `rates`. `signals`: SIGINT ends the
    observation; what it has so far is kept. `journal` gets the events of this module.
    """

    service: ObservedService
    seed: int
    live: LiveSettings | None = None
    budget_s: float = BUDGET_S
    rates: tuple[float, ...] = ()
    level_s: float = 20.0
    unloaded_s: float | None = None
    wakes: bool = True
    backend: str = AUTO
    signals: bool = False
    journal: Journal = field(default_factory=Journal)
    interrupted: bool = False
    _stages: list[LoadStage] = field(default_factory=list)
    _starts: list[StartTimes] = field(default_factory=list)
    _memory: list[float] = field(default_factory=list)
    _unloaded: PlayedUnloaded | None = None
    _wakes: tuple[float, ...] = ()
    _limits: LimitFacts = field(default_factory=LimitFacts)

    def observe(self) -> ServiceObservation:
        """Make the observation.

        Raises:
            UnusableService: if the service answers with errors at light load.
            BrokenRun: if it cannot be launched, or a run fails.
            InterruptedRun: if it was interrupted before there was anything to keep.
        """
        before = MachineReading.now()
        wakes = self.wakes and not self.service.runs_already  # a server that runs already is not throttled
        wakes_s = WAKES_S if wakes and _WAKES_SHARE * self.budget_s >= WAKES_S else 0.0
        alone_s = self._unloaded_s()
        reserved_s = wakes_s + (alone_s + OVERHEAD_S if alone_s else 0.0)
        search = LevelSearch(self.budget_s - reserved_s, self.service.size.vcpu)
        try:
            self._play_levels(search)
            if alone_s and not self.interrupted:
                self._play_unloaded(search, alone_s)
            if wakes_s and not self.interrupted and search.left_s > -_LATE_S:
                self.journal.publish(WakesBegan())
                self._wakes = played_wakes(self.service, self.seed, self.live, signals=self.signals)
        except (InterruptedRun, KeyboardInterrupt):
            if not self._stages:
                raise
            self.interrupted = True
        return self._observation(search, before)

    def _play_levels(self, search: LevelSearch) -> None:
        crashes = 0
        for level in self._levels(search):
            self.journal.publish(LevelBegan(level, search.left_s))
            played = LevelRun(self.service, level, self.seed, self.live, self.backend).play(signals=self.signals)
            self._keep(played)
            search.add(played.stage, played.spent_s)
            saturated = figures_of(played.stage).is_saturated(search.light)
            self.journal.publish(LevelPlayed(level, played, saturated))
            self._require_usable()
            crashes += bool(played.crash)
            if played.interrupted:
                self.interrupted = True
                return
            if crashes >= _CRASHES_MAX:
                search.end(f"the instance ended {crashes} times: {played.crash}")

    def _unloaded_s(self) -> float:
        if self.unloaded_s is not None:
            return self.unloaded_s
        return 0.0 if self.rates else unloaded_s(self.budget_s)

    def _play_unloaded(self, search: LevelSearch, seconds: float) -> None:
        """Send requests one at a time, planned by the lightest load; none if even that saturated the service."""
        light = search.light_stage
        if light is None:
            return
        self.journal.publish(UnloadedBegan(seconds))
        plan = unloaded_plan(light, len(self.service.routes), self.service.size.vcpu, seconds)
        self._unloaded = UnloadedRun(self.service, plan, self.seed, self.live).play(signals=self.signals)
        self.interrupted = self._unloaded.interrupted

    def _levels(self, search: LevelSearch) -> Iterator[Level]:
        if self.rates:
            for number, rate_rps in enumerate(self.rates, 1):
                yield Level(number, rate_rps, min(WARM_UP_S, self.level_s / 4), self.level_s)
            return
        while (level := search.next()) is not None:
            yield level

    def _keep(self, played: PlayedLevel) -> None:
        self._stages.append(played.stage)
        self._limits = played.limits
        if played.start is not None and not self.service.runs_already:
            self._starts.append(played.start)
        if not math.isnan(played.memory_at_rest_bytes):
            self._memory.append(played.memory_at_rest_bytes)

    def _require_usable(self) -> None:
        """Stop at the first stage if no response is usable."""
        stage = self._stages[0]
        if len(self._stages) == 1 and len(stage.requests) and not stage.requests.served.any():
            statuses, counts = np.unique(stage.requests.status, return_counts=True)
            most = int(statuses[np.argmax(counts)])
            name = self.service.routes[int(stage.requests.route[0])].observed.name
            what = f"status {most}" if most else "no response"
            msg = f"{name} has {what} at {stage.rate_rps:g}/s, must be served: another route (--route), size or port"
            raise UnusableService(msg)

    def _observation(self, search: LevelSearch, before: MachineReading) -> ServiceObservation:
        is_virtual = self.live is None
        machine = MachineFacts() if is_virtual else machine_facts(before, MachineReading.now())
        made = ServiceObservation(
            kind=ObservationKind.STEPPED,
            target=self.service.target,
            routes=tuple(route.observed for route in self.service.routes),
            loads=tuple(self._stages),
            size=self.service.size,
            max_concurrency=self.service.max_concurrency,
            starts=tuple(self._starts),
            wakes=self._wakes,
            unloaded=None if self._unloaded is None else self._unloaded.requests,
            memory_at_rest_bytes=float(np.median(self._memory)) if self._memory else None,
            machine=machine,
            limits=self._limits,
            is_virtual=is_virtual,
            made_at="" if is_virtual else utc_now().isoformat(timespec="seconds"),
            seed=self.seed,
        )
        if self.service.runs_already:
            made = replace(made, notes=(RUNS_ALREADY,))
        return observation_notes(made, search, self._unloaded, interrupted=self.interrupted)
