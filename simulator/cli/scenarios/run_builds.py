"""Builds the source code of a real-time scenario before its run begins."""

from __future__ import annotations

import asyncio

import typer

from simulator.builds.artifact import BuildFailed
from simulator.builds.local import LocalBuilder
from simulator.builds.settings import BuildSettings
from simulator.cli.exit_codes import INTERRUPTED, broke
from simulator.cli.printing import echo
from simulator.model.resources.phase import Phase
from simulator.replay.source_builds import needs_builds, with_builds
from simulator.scenario.scenario import ScenarioSpec
from simulator.world.clock import ClockKind, run
from simulator.world.tasks import Tasks, first_of


def built(scenario: ScenarioSpec, settings: BuildSettings, *, quiet: bool = False) -> ScenarioSpec:
    """Return the scenario with its built applications. Prints the build log.

    Ends the command if a build fails or is interrupted.
    """
    if not needs_builds(scenario):
        return scenario
    stop = asyncio.Event()
    try:
        given = run(ClockKind.REAL, lambda: _built(scenario, settings, PrintedSteps(quiet=quiet), stop), stop.set)
    except BuildFailed as failed:
        for line in failed.lines:
            echo(line, err=True)
        broke(
            f"an internal error stopped the run: Failed to build your application source code. Reason: {failed.reason}"
        )
    if given is None:
        echo("interrupted before the run began", err=True)
        raise typer.Exit(INTERRUPTED)
    return given


async def _built(
    scenario: ScenarioSpec, settings: BuildSettings, steps: PrintedSteps, stop: asyncio.Event
) -> ScenarioSpec | None:
    """Build the applications. Return None if interrupted."""
    builder = LocalBuilder(settings)
    try:
        async with Tasks("builds before the run") as tasks:
            building = tasks.spawn(with_builds(scenario, builder, steps), "builds")
            if await first_of(building, tasks.spawn(stop.wait(), "until stopped")) != 0:
                return None
            made: ScenarioSpec = building.result()
            return made
    finally:
        await builder.close()


class PrintedSteps:
    """Implements `BuildSteps`. It prints to standard error, because the report may go to standard output."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    async def reach(self, phase: Phase) -> None:
        """Do nothing: no phase is timed here."""

    def log(self, line: str) -> None:
        if not self._quiet:
            echo(line, err=True)
