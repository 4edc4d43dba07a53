"""Observes a target in real time, for callers in Python. `simulator observe` does the same with messages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simulator.builds.settings import BuildSettings
from simulator.calibration.observation.observation import ServiceObservation
from simulator.calibration.observing.observed_service import RouteLoad
from simulator.calibration.observing.observer import BUDGET_S, Observer
from simulator.calibration.observing.targets.route_text import parse_routes
from simulator.calibration.observing.targets.target_application import with_application
from simulator.calibration.observing.targets.targets import TargetSettings, parse_target, service_of
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.docker.engine_address import DEFAULT_HOST
from simulator.model.resources.phase import Phase
from simulator.model.sizes import InstanceSize
from simulator.records.journal import Journal


class SilentSteps:
    """Implements `BuildSteps` without output."""

    async def reach(self, phase: Phase) -> None:
        """Do nothing: no phase is timed."""

    def log(self, line: str) -> None:
        """Do nothing."""


def observe(
    target: str,
    routes: Sequence[str | RouteLoad] = (),
    *,
    state: Path,
    size: InstanceSize | None = None,
    budget_s: float = BUDGET_S,
    seed: int = 1,
    settings: TargetSettings | None = None,
    engine: str = DEFAULT_HOST,
    journal: Journal | None = None,
) -> ServiceObservation:
    """Return the observation of a target on this machine.

    Args:
        target: a folder, an image, a command line or a scenario file, as for `simulator observe`.
        routes: texts such as `GET /items/1:3`, or their values; empty: `GET /`.
        state: folder of builds and of the local certificate authority.
        size: of the instance; None: 1 vCPU and 2 GB, or the size in a scenario.
        budget_s: time for all levels, builds excluded.
        seed: of the arrivals.
        settings: further settings of the target; its size is replaced by `size`.
        engine: address of the container engine.
        journal: gets the events of `observer`, for progress.

    Raises:
        ScenarioError, ValueError: if the target or a route is invalid.
        BuildFailed, EngineGone, EngineRejected: if the target cannot be built, or the engine cannot be used.
        BrokenRun: if it cannot be launched.
        UnusableService: if it fails at light load.
    """
    given = parse_target(target)
    chosen = settings or TargetSettings()
    loads = [route if isinstance(route, RouteLoad) else parse_routes([route])[0] for route in routes]
    observed = service_of(given, tuple(loads) or parse_routes([]), chosen.with_size(size))
    builds = BuildSettings(state / "builds", engine=engine)
    observed = with_application(given, observed, builds, SilentSteps(), port=chosen.port)
    live = LiveSettings(state, engine=engine, ejection=None)
    return Observer(observed, seed, live, budget_s, journal=journal or Journal()).observe()
