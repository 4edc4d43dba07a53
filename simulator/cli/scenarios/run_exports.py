"""The exports of `simulator run` besides its report, and their messages on the terminal."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from simulator.cli.exit_codes import bad_input
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.aws_spec import ENDPOINT
from simulator.telemetry.cloudwatch.settings import MINUTE_S, CloudWatchSettings
from simulator.telemetry.exporters import Exporters, ExportSettings
from simulator.world.clock import ClockKind, epoch_s
from simulator.world.clock import run as run_loop

if TYPE_CHECKING:
    from simulator.cli.printing import Status
    from simulator.telemetry.cloudwatch.exporter import CloudWatch
    from simulator.telemetry.otlp.settings import OtlpSettings


def exports_of(
    scenario: ScenarioSpec,
    clock: ClockKind,
    port: int | None,
    file: TextIO | None,
    otlp: OtlpSettings | None = None,
    cloudwatch: CloudWatchSettings | None = None,
) -> ExportSettings:
    """Return the exports of a run.

    In virtual time it begins at 1970-01-01, so that a seed always gives the same file.
    """
    is_real = clock is ClockKind.REAL
    if port is not None and not is_real:
        bad_input("metrics-port = given, must be left out in virtual time, which allows no sockets; write --metrics F")
    return ExportSettings(port, file, scenario.duration_s, epoch_s() if is_real else 0.0, otlp, cloudwatch)


def otlp_of(
    scenario: ScenarioSpec, clock: ClockKind, endpoint: str | None, sampling: float | None
) -> OtlpSettings | None:
    """Return the OTLP settings. In virtual time only traces are exported, and only with an option.

    OpenTelemetry's variables are for live processes, so they do not apply then. The traces are dated as if the run had
    just ended.
    """
    is_virtual = clock is ClockKind.VIRTUAL
    if is_virtual and endpoint is None:
        return None
    from simulator.cli.front.otel import OtelSection, otlp_settings  # noqa: PLC0415 for runs that export
    from simulator.telemetry.otlp.settings import TracedServices  # noqa: PLC0415

    try:
        section = OtelSection(sampling=sampling, services=TracedServices.ALL, metrics=not is_virtual)
        found = otlp_settings(section, endpoint)
    except ValueError as error:
        bad_input(str(error))
    if found is None or found.traces is None or not is_virtual:
        return found
    return replace(found, traces=replace(found.traces, begin_s=epoch_s() - scenario.duration_s))


def cloudwatch_of(
    scenario: ScenarioSpec,
    clock: ClockKind,
    endpoint: str | None,
    namespace: str,
    status: Status,
    file: TextIO | None = None,
) -> CloudWatchSettings | None:
    """Return the settings of CloudWatch. `file` gets the metrics after a run in virtual time.

    A run in virtual time is dated as if it had begun at a full minute and had just ended, because CloudWatch rejects
    old points.
    """
    if file is not None and clock is not ClockKind.VIRTUAL:
        bad_input("cloudwatch-metrics = given, must be left out in real time; `--cloudwatch URL` sends metrics")
    if endpoint is None and file is None:
        return None
    if endpoint is not None and not re.match(ENDPOINT, endpoint):
        bad_input(f"cloudwatch = {endpoint!r}, must be a URL such as http://127.0.0.1:5000")
    return CloudWatchSettings(
        endpoint or "",
        region=scenario.aws.region,
        namespace=namespace,
        begin_s=(epoch_s() - scenario.duration_s) // MINUTE_S * MINUTE_S if clock is ClockKind.VIRTUAL else None,
        tell=status.tell,
        logs=endpoint is not None,
        file=file,
    )


def send_kept(cloudwatch: CloudWatch | None, status: Status) -> None:
    """Write the metrics of a finished run in virtual time to a file, and send its data to CloudWatch. A failure of the
    endpoint does not affect the report.
    """
    if cloudwatch is None or not cloudwatch.is_kept:
        return
    if cloudwatch.file is not None:
        json.dump(cloudwatch.kept_metrics(), cloudwatch.file, indent=1)
        cloudwatch.file.write("\n")
        if cloudwatch.points.lost:
            status.tell(f"CloudWatch metrics: the first {cloudwatch.points.lost} points exceed the memory for them")
    if cloudwatch.has_endpoint:
        try:
            run_loop(ClockKind.REAL, cloudwatch.send_kept)
        except OSError as error:
            status.tell(f"{error}; nothing is sent")


def tell_exports(exporters: Exporters, status: Status) -> None:
    for line in exporters.lines:
        status.tell(line)
