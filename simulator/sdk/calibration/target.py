"""The service that Python observes or verifies: a folder, an image, a command, a scenario file, or a URL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simulator.builds.settings import BuildSettings
from simulator.calibration.observing.observed_service import ObservedService, RouteLoad
from simulator.calibration.observing.targets.route_text import parse_routes
from simulator.calibration.observing.targets.target_application import with_application
from simulator.calibration.observing.targets.targets import TargetSettings, parse_target, service_of
from simulator.calibration.prediction.settings import parse_size
from simulator.edge.live.live_settings import LiveSettings
from simulator.model.resources.phase import Phase
from simulator.model.sizes import InstanceSize
from simulator.sdk.run_in_thread import run_in_thread


class SilentSteps:
    """Implements `BuildSteps` without output."""

    async def reach(self, phase: Phase) -> None:
        """Do nothing: no phase is timed."""

    def log(self, line: str) -> None:
        """Do nothing."""


def observed_service(
    target: str | Path,
    routes: Sequence[str],
    *,
    size: str | InstanceSize | None,
    service: str,
    default: tuple[RouteLoad, ...] = (),
) -> ObservedService:
    """Return the service of a target, as `simulator observe` names it. `default`: requests if no `routes` are given.

    Raises:
        ScenarioError: for an invalid scenario file.
        ValueError: for a target, route or size that cannot be used.
    """
    given = parse_target(str(target))
    wanted = parse_size(size) if isinstance(size, str) else size
    loads = parse_routes(list(routes)) if routes or not default else default
    return service_of(given, loads, TargetSettings(wanted, service=service))


def launchable(target: str | Path, observed: ObservedService, state: str | Path) -> ObservedService:
    """Return the service with an application that can be launched: built if the target is a folder.

    Raises:
        BuildFailed: if it cannot be built.
        EngineGone, EngineRejected: if the container engine cannot be used.
        ValueError: if there is no such image, or the folder has no project.
    """
    settings = BuildSettings(Path(state).expanduser() / "builds")
    return run_in_thread(lambda: with_application(parse_target(str(target)), observed, settings, SilentSteps()))


def live_settings(state: str | Path) -> LiveSettings:
    """Return the settings of sockets. `state`: folder of the local certificate authority."""
    return LiveSettings(Path(state).expanduser(), ejection=None)
