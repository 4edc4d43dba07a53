"""`simulator observe`: measures a service under load found by itself, and writes one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from simulator.calibration.observation.observation import ServiceObservation
from simulator.calibration.observation.observation_file import SUFFIX, write_observation
from simulator.calibration.observing.observer import BUDGET_MIN_S, Observer, UnusableService
from simulator.calibration.observing.targets.targets import TargetKind, parse_target, service_of
from simulator.cli.calibration.observe_options import ObserveOutput, ObserveRequests, ObserveService
from simulator.cli.calibration.observe_progress import ObserveProgress
from simulator.cli.calibration.observe_tables import observation_lines
from simulator.cli.calibration.observed_target import live_service, route_loads, target_settings
from simulator.cli.exit_codes import INTERRUPTED, bad_input, run_broke
from simulator.cli.listening import allow_many_files
from simulator.cli.options import grouped
from simulator.cli.outputs import Outputs
from simulator.cli.printing import echo
from simulator.model.text.units import parse_duration
from simulator.replay.runner import BrokenRun, InterruptedRun
from simulator.scenario.problems import ScenarioError

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
            help="A folder with a project, a container image, a command line, a scenario file, or the URL of a server "
            "on this machine. A prefix names the kind: image:shop, command:./server, folder:shop.",
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
        settings = target_settings(service)
        routes = route_loads(requests)
        budget_s = _budget_s(output.duration_max)
        observed = service_of(given, routes, settings)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    allow_many_files()
    path = output.out or Path(f"{given.name}{SUFFIX}")
    with Outputs() as outputs:
        if given.kind is TargetKind.SCENARIO:
            outputs.protect([Path(given.text)])
        if requests.traffic is not None:
            outputs.protect([requests.traffic])
        new = outputs.path("--out", path)
        assert new is not None
        live, observed = live_service(given, observed, service, quiet=output.quiet)
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


def _budget_s(text: str) -> float:
    budget_s = parse_duration(text)
    if not BUDGET_MIN_S <= budget_s <= BUDGET_MAX_S:
        msg = f"duration-max = {text!r}, must be {BUDGET_MIN_S:g} s to {BUDGET_MAX_S / 60:g} min"
        raise ValueError(msg)
    return budget_s
