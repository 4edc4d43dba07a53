"""The real service of `simulator observe` and `verify`, from their options."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.calibration.observing.observed_service import ObservedService, RouteLoad
from simulator.calibration.observing.targets.route_mix import route_mix
from simulator.calibration.observing.targets.route_text import parse_headers, parse_routes, with_bodies
from simulator.calibration.observing.targets.targets import ObservedTarget, TargetSettings
from simulator.calibration.prediction.settings import parse_size
from simulator.cli.calibration.observe_options import ObserveRequests, ObserveService
from simulator.cli.engine import engine_host
from simulator.cli.state.folder import state_folder

if TYPE_CHECKING:
    from simulator.edge.live.live_settings import LiveSettings


def live_service(
    target: ObservedTarget, observed: ObservedService, service: ObserveService, *, quiet: bool
) -> tuple[LiveSettings, ObservedService]:
    """Return the settings of the sockets, and the service with its application built."""
    from simulator.cli.calibration.observe_builds import launchable  # noqa: PLC0415 after the errors of options
    from simulator.edge.live.live_settings import LiveSettings  # noqa: PLC0415 sockets and TLS

    state, engine = state_folder(service.state), engine_host(service.engine)
    built = launchable(target, observed, state, engine, port=service.port, quiet=quiet)
    return LiveSettings(state, engine=engine, ejection=None), built


def target_settings(service: ObserveService) -> TargetSettings:
    """Return how the target is run. Raises ValueError for an invalid variable or size."""
    environment = {}
    for text in service.env:
        name, separator, value = text.partition("=")
        if not separator or not name:
            msg = f"env = {text!r}, must be NAME=VALUE"
            raise ValueError(msg)
        environment[name] = value
    size = None if service.size is None else parse_size(service.size)
    return TargetSettings(size, service.port, service.health_check, environment, service.service)


def route_loads(requests: ObserveRequests, default: tuple[RouteLoad, ...] = ()) -> tuple[RouteLoad, ...]:
    """Return the requests that are sent; those of `default` if no routes are given.

    Raises:
        ScenarioError, ValueError: for invalid options.
    """
    if requests.traffic is not None and requests.route:
        msg = "traffic = given, must be left out beside --route, which has the routes"
        raise ValueError(msg)
    if requests.traffic is not None:
        routes = route_mix(requests.traffic)
    else:
        routes = parse_routes(requests.route) if requests.route or not default else default
    headers = parse_headers(requests.header)
    routes = with_bodies(routes, requests.body)
    return tuple(replace(route, headers={**route.headers, **headers}) for route in routes)
