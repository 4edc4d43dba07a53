"""`simulator observe`: measures a service under load found by itself, and writes one file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from simulator.calibration.observation.observation import ServiceObservation
from simulator.calibration.observation.observation_file import SUFFIX, write_observation
from simulator.calibration.observing.observed_service import ObservedService, RouteLoad
from simulator.calibration.observing.observer import BUDGET_MIN_S, Observer, UnusableService
from simulator.calibration.observing.route_mix import route_mix
from simulator.calibration.observing.route_text import parse_headers, parse_routes, with_bodies
from simulator.calibration.observing.targets import ObservedTarget, TargetSettings, parse_target, service_of
from simulator.calibration.prediction.settings import parse_size
from simulator.cli.calibration.observe_options import ObserveOutput, ObserveRequests, ObserveService
from simulator.cli.calibration.observe_progress import ObserveProgress
from simulator.cli.calibration.observe_tables import observation_lines
from simulator.cli.engine import engine_host
from simulator.cli.exit_codes import INTERRUPTED, bad_input, run_broke
from simulator.cli.listening import allow_many_files
from simulator.cli.options import grouped
from simulator.cli.outputs import Outputs
from simulator.cli.printing import echo
from simulator.cli.state.folder import state_folder
from simulator.model.text.units import parse_duration
from simulator.replay.runner import BrokenRun, InterruptedRun
from simulator.scenario.problems import ScenarioError

if TYPE_CHECKING:
    from simulator.edge.live.live_settings import LiveSettings

BUDGET_MAX_S: Final = 3600.0


@grouped
def observe_verb(
    requests: ObserveRequests,
    service: ObserveService,
    output: ObserveOutput,
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="A folder with a project, a container image, a command line, or a scenario file. A prefix names the "
            "kind: image:shop, command:./server, folder:shop, scenario:shop.yaml.",
        ),
    ],
) -> None:
    """Measure a service of your own: find its levels of load up to saturation, and write everything to one file.

    One instance runs on this machine with the limits of an App Runner size. Requests arrive at random (open loop), at a
    light load first, then in steps up to saturation, then around it. Every level has a fresh instance. Ctrl-C ends it;
    the file has what was measured until then.
    """
    try:
        given = parse_target(target)
        settings = _settings(service)
        routes = _routes(requests)
        budget_s = _budget_s(output.duration_max)
        observed = service_of(given, routes, settings)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    allow_many_files()
    live, observed = _live(given, observed, service, output)
    path = output.out or Path(f"{given.name}{SUFFIX}")
    with Outputs() as outputs:
        new = outputs.path("--out", path)
        assert new is not None
        observer = Observer(observed, requests.seed, live, budget_s, signals=True)
        made = _observe(observer, quiet=output.quiet)
        write_observation(made, new)
        outputs.commit()
    if not output.quiet:
        echo("")
    for line in observation_lines(made):
        echo(line)
    echo(f"written  {path}")
    if observer.interrupted:
        raise typer.Exit(INTERRUPTED)
    if not output.quiet:
        echo(f"next     simulator calibrate {path}")


def _observe(observer: Observer, *, quiet: bool) -> ServiceObservation:
    try:
        with ObserveProgress(observer, quiet=quiet):
            return observer.observe()
    except UnusableService as error:
        bad_input(str(error))
    except BrokenRun as error:
        run_broke(error)
    except (InterruptedRun, KeyboardInterrupt):
        echo("interrupted before the first level had ended", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _live(
    target: ObservedTarget, observed: ObservedService, service: ObserveService, output: ObserveOutput
) -> tuple[LiveSettings, ObservedService]:
    """Return the settings of the sockets, and the service with its application built."""
    from simulator.cli.calibration.observe_builds import with_application  # noqa: PLC0415 after the errors of options
    from simulator.edge.live.live_settings import LiveSettings  # noqa: PLC0415 sockets and TLS

    state, engine = state_folder(service.state), engine_host(service.engine)
    built = with_application(target, observed, state, engine, port=service.port, quiet=output.quiet)
    return LiveSettings(state, engine=engine, ejection=None), built


def _settings(service: ObserveService) -> TargetSettings:
    environment = {}
    for text in service.env:
        name, separator, value = text.partition("=")
        if not separator or not name:
            msg = f"env = {text!r}, must be NAME=VALUE"
            raise ValueError(msg)
        environment[name] = value
    size = None if service.size is None else parse_size(service.size)
    return TargetSettings(size, service.port, service.health_check, environment, service.service)


def _routes(requests: ObserveRequests) -> tuple[RouteLoad, ...]:
    if requests.traffic is not None and requests.route:
        msg = "traffic = given, must be left out beside --route, which has the routes"
        raise ValueError(msg)
    routes = parse_routes(requests.route) if requests.traffic is None else route_mix(requests.traffic)
    headers = parse_headers(requests.header)
    routes = with_bodies(routes, requests.body)
    return tuple(replace(route, headers={**route.headers, **headers}) for route in routes)


def _budget_s(text: str) -> float:
    budget_s = parse_duration(text)
    if not BUDGET_MIN_S <= budget_s <= BUDGET_MAX_S:
        msg = f"duration-max = {text!r}, must be {BUDGET_MIN_S:g} s to {BUDGET_MAX_S / 60:g} min"
        raise ValueError(msg)
    return budget_s
