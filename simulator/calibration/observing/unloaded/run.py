"""Plays requests that are sent one at a time: a run of the service with one instance, in real or in virtual time."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.calibration.observation.tables import UnloadedRequests
from simulator.calibration.observing.client_priority import client_priority
from simulator.calibration.observing.instance_weight import favoured
from simulator.calibration.observing.level import REST_S, TAIL_S, seed_of, with_traffic
from simulator.calibration.observing.load_guard import LoadGuard
from simulator.calibration.observing.observed_service import ObservedService
from simulator.calibration.observing.unloaded.meter import IDLE_S, SETTLE_S, UnloadedMeter
from simulator.calibration.observing.unloaded.plan import UnloadedPlan
from simulator.replay.progress import ProgressView
from simulator.replay.runner import InterruptedRun, Run, play
from simulator.scenario.request_numbers import RequestNumbers
from simulator.scenario.scenario import ScenarioSpec

if TYPE_CHECKING:
    from simulator.edge.live.live_settings import LiveSettings

# What the run takes beside the requests, with the start of its instance.
OVERHEAD_S: Final = REST_S + SETTLE_S + IDLE_S + TAIL_S + 2.0
# Pauses vary around their mean, so that requests begin at all phases of the CPU quota's period.
_PAUSES: Final = (0.5, 1.5)
_SEED_NUMBER: Final = -1  # levels count from 1, the wakes have 0
_MB: Final = 1024**2


@dataclass(frozen=True, slots=True, eq=False)
class PlayedUnloaded:
    """The result. `idle_share`: CPU seconds that the instance uses in a second without requests; NaN if unknown.

    `interrupted`: the user ended it. `crash`: why the instance ended, empty if it did not.
    """

    requests: UnloadedRequests
    idle_share: float
    interrupted: bool = False
    crash: str = ""


class UnloadedRun:
    """The run. In real time it is the watcher of its own run (`Watcher`), which it ends if a request does not end."""

    def __init__(self, service: ObservedService, plan: UnloadedPlan, seed: int, live: LiveSettings | None) -> None:
        self._plan = plan
        self._is_live = live is not None
        until_s = REST_S + plan.seconds
        self._guard = LoadGuard(
            earliest_s=until_s,
            until_s=until_s,
            in_flight_max=service.max_concurrency,
            memory_limit_bytes=float(service.size.memory_mb * _MB),
        )
        self._is_overdue = False
        scenario = unloaded_scenario(service, plan, seed)
        self._run = Run(scenario, live, watcher=self) if self._is_live else Run(scenario)
        if self._is_live:
            favoured(self._run.journal)
        self._meter = UnloadedMeter(service.name, plan.seconds, self._run.journal)
        self._run.rows = self._meter

    def due(self) -> bool:
        return self._is_live

    def update(self, view: ProgressView) -> None:
        if self._guard.is_overdue(view.now_s, self._guard.until_s):
            self._is_overdue = True
            self._run.interrupt()

    def play(self, *, signals: bool = False) -> PlayedUnloaded:
        """Play the run. With `signals`, SIGINT and SIGTERM end it early.

        Raises:
            BrokenRun: if the service cannot be launched or the run fails.
            InterruptedRun: if it was interrupted before its first request.
        """
        with client_priority(self._run.journal) if self._is_live else nullcontext():
            record = play(self._run, signals=signals)
        if record.ended_s <= REST_S:
            raise InterruptedRun
        return PlayedUnloaded(
            self._meter.requests(self._plan.warm_up_s, is_live=self._is_live),
            self._meter.idle_share,
            interrupted=not record.complete and not self._is_overdue,
            crash=self._meter.crash,
        )


def unloaded_scenario(service: ObservedService, plan: UnloadedPlan, seed: int) -> ScenarioSpec:
    """Return the scenario: one user who requests the routes at random, by the weights of the plan."""
    low, high = (share * plan.pause_s for share in _PAUSES)
    traffic = [
        {
            "name": "one-at-a-time",
            "service": service.name,
            "from": f"{REST_S}s",
            "until": f"{REST_S + plan.seconds!r}s",
            "closed": {
                "users": 1,
                "think_time": {"uniform": {"low": f"{low!r}s", "high": f"{high!r}s"}},
                "begin": "request",
            },
            "requests": [
                {**route.request, "weight": weight} for route, weight in zip(service.routes, plan.weights, strict=True)
            ],
        }
    ]
    duration_s = REST_S + plan.seconds + SETTLE_S + IDLE_S + TAIL_S
    made = with_traffic(service.prepared(), traffic, duration_s, seed_of(seed, _SEED_NUMBER))
    numbers = RequestNumbers(made.traffic, measured_services={service.name})  # each route has its own
    return made.model_copy(update={"numbers": numbers})
