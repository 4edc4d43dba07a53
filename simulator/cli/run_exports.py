"""What `simulator run` exports beside its report, and what is said about it on the terminal."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console

from simulator.cli.exits import bad_input
from simulator.cli.otel import otlp_settings
from simulator.replay.scenario import Scenario
from simulator.telemetry.exporters import Exporters, ExportSettings
from simulator.world.clock import ClockKind, epoch_s


def exports_of(
    scenario: Scenario, clock: ClockKind, port: int | None, file: TextIO | None, otlp_endpoint: str | None = None
) -> ExportSettings:
    """In virtual time the run's 0 is the calendar's 0 of 1970: the same seed gives the same file."""
    is_real = clock is ClockKind.REAL
    if port is not None and not is_real:
        bad_input("metrics-port = given, must be left out in virtual time, which lets no socket in; write --metrics F")
    try:
        # OpenTelemetry's variables are for what goes on now: they send nothing of virtual time.
        otlp = otlp_settings(endpoint=otlp_endpoint) if is_real else None
    except ValueError as error:
        bad_input(str(error))
    return ExportSettings(port, file, scenario.duration_s, epoch_s() if is_real else 0.0, otlp)


def tell_exports(console: Console, exporters: Exporters) -> None:
    for line in exporters.lines:
        console.print(line, soft_wrap=True)
