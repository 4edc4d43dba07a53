"""What `simulator run` exports beside its report, and what is said about it on the terminal."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console

from simulator.cli.exits import bad_input
from simulator.replay.scenario import Scenario
from simulator.telemetry.exporters import Exporters, ExportSettings
from simulator.world.clock import ClockKind, epoch_s


def exports_of(scenario: Scenario, clock: ClockKind, port: int | None, file: TextIO | None) -> ExportSettings:
    """In virtual time the run's 0 is the calendar's 0 of 1970: the same seed gives the same file."""
    is_real = clock is ClockKind.REAL
    if port is not None and not is_real:
        bad_input("metrics-port = given, must be left out in virtual time, which lets no socket in; write --metrics F")
    return ExportSettings(port, file, scenario.duration_s, epoch_s() if is_real else 0.0)


def tell_exports(console: Console, exporters: Exporters) -> None:
    if exporters.url is not None:
        console.print(f"metrics at {exporters.url}", soft_wrap=True)
