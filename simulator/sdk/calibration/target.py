"""The service that Python observes or verifies: an image, a command, a scenario file, or a `Scenario`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simulator.calibration.observing.observed_service import ObservedService, RouteLoad
from simulator.calibration.observing.targets.route_text import parse_routes
from simulator.calibration.observing.targets.targets import TargetKind, TargetSettings, parse_target, service_of
from simulator.calibration.prediction.settings import parse_size
from simulator.edge.live.live_settings import LiveSettings
from simulator.model.sizes import InstanceSize


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
        ValueError: for a target, route or size that cannot be used, or a folder, which only the command line builds.
    """
    given = parse_target(str(target))
    if given.kind is TargetKind.FOLDER:
        msg = f"target = {target}, must be an image, a command or a scenario: `simulator observe` builds folders"
        raise ValueError(msg)
    wanted = parse_size(size) if isinstance(size, str) else size
    loads = parse_routes(list(routes)) if routes or not default else default
    return service_of(given, loads, TargetSettings(wanted, service=service))


def live_settings(state: str | Path) -> LiveSettings:
    """Return the settings of sockets. `state`: folder of the local certificate authority."""
    return LiveSettings(Path(state).expanduser(), ejection=None)
