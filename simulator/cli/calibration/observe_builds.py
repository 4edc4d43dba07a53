"""The application of an observed service, with the messages and exit codes of a command."""

from __future__ import annotations

from pathlib import Path

import typer

from simulator.builds.artifact import BuildFailed
from simulator.calibration.observing.observed_service import ObservedService
from simulator.calibration.observing.targets.target_application import with_application
from simulator.calibration.observing.targets.targets import ObservedTarget
from simulator.cli.build_options import build_settings
from simulator.cli.exit_codes import BAD_INPUT, BROKE, bad_input, broke, tell_error
from simulator.cli.printing import echo
from simulator.cli.scenarios.run_builds import PrintedSteps
from simulator.fleet.docker.engine import EngineGone, EngineRejected
from simulator.model.text.problems import FileProblems


def launchable(
    target: ObservedTarget, observed: ObservedService, state: Path, engine: str, *, port: int | None, quiet: bool
) -> ObservedService:
    """Return the service with an application that can be launched. Ends the command if there is none."""
    settings = build_settings(state, engine=engine)
    try:
        return with_application(target, observed, settings, PrintedSteps(quiet=quiet), port=port)
    except BuildFailed as failed:
        for line in failed.lines:
            echo(line, err=True)
        tell_error(f"the application cannot be built: {failed.reason}")
        raise typer.Exit(BAD_INPUT if isinstance(failed.__cause__, FileProblems) else BROKE) from None
    except (EngineGone, EngineRejected) as error:
        broke(f"the container engine cannot be used: {error}")
    except ValueError as error:
        bad_input(str(error), "a folder is written ./NAME, a command with its arguments or command:NAME")
