"""The console of `simulator run`: its playback speed and its messages on the terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from simulator.cli.console_port import port_taken
from simulator.cli.exit_codes import bad_input
from simulator.cli.listening import allow_many_files
from simulator.cli.printing import Status
from simulator.console.run_console import RunConsole
from simulator.scenario.scenario import ScenarioSpec
from simulator.world.clock import ClockKind, until_interrupted, wall_s
from simulator.world.playback import SPEED_MAX, Playback

# Seconds that a run takes on the console without a speed setting; it is never slower than the real clock.
LENGTH_S: Final = 120.0


def playback_of(scenario: ScenarioSpec, clock: ClockKind, speed: float | None) -> Playback | None:
    """Return the playback speed of virtual time; None in real time."""
    if clock is ClockKind.REAL:
        if speed is not None:
            bad_input("speed = given, must be left out in real time, which has a fixed speed")
        return None
    chosen = speed if speed is not None else min(SPEED_MAX, max(1.0, scenario.duration_s / LENGTH_S))
    try:
        return Playback(wall_s, chosen)
    except ValueError as error:
        bad_input(str(error))


@contextlib.contextmanager
def opened_console(port: int, playback: Playback | None, status: Status) -> Iterator[RunConsole]:
    """Open the console and print its address."""
    allow_many_files()
    console = RunConsole(port, playback)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(console)
        except OSError as error:
            port_taken(port, error)
        status.tell(f"console at {console.url}")
        if playback is not None:
            status.tell("  the run begins when you open it")
        yield console


def stay(console: RunConsole, status: Status) -> None:
    """Keep the console open after the run."""
    status.tell(f"the console stays at {console.url} until Ctrl-C")
    until_interrupted()
