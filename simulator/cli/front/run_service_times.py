"""`simulator run --clock real`: measured beside modelled service times, in the report and as a scenario file."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple, TextIO

from simulator.cli.exit_codes import bad_input
from simulator.cli.outputs import Outputs
from simulator.cli.printing import echo
from simulator.lab.measured.service_times import with_service_times
from simulator.model.text.edited_yaml import with_values
from simulator.report.report import RunRecord
from simulator.report.schema import Report
from simulator.report.service_times.part import ServiceTimesPart
from simulator.scenario.scenario import ScenarioSpec

_OPTION: Final = "measured-service-time"
_IO: Final = ("application", "simulated", "io")


class MeasuredFile(NamedTuple):
    """The file of `--measured-service-time`, which receives the scenario with the measured service times."""

    target: Path
    scenario: ScenarioSpec
    stream: TextIO

    def write(self, report: Report) -> None:
        """Write the scenario, and say on standard error what is different in it."""
        part = report.service_times
        laws = [] if part is None else part.laws
        values = {("services", law.service, *law.setting): law.yaml for law in laws}
        self.stream.write(with_values(self.scenario.text or "", values))
        if laws:
            echo(f"{self.target}: the scenario with measured {', '.join(map('.'.join, values))}", err=True)
            return
        echo(f"{self.target}: the scenario unchanged, because {_why_unchanged(part)}", err=True)


def _why_unchanged(part: ServiceTimesPart | None) -> str:
    if part is None:
        return "nothing could be compared"
    reasons = [f"{service}: {why}" for service, why in part.no_law.items()]
    return "; ".join(reasons) or "no service time differs by more than chance"


def opened_file(target: Path, scenario: ScenarioSpec, outputs: Outputs) -> MeasuredFile:
    """Return the opened file. Ends the command with an error if the scenario cannot be written to it."""
    services = sorted(scenario.measurable_services)
    if not services:
        bad_input(f"{_OPTION} = given, must come with a service that has a real and a simulated application")
    if target.resolve().parent != Path(scenario.file).resolve().parent:
        bad_input(
            f"{_OPTION} = {str(target)!r}, must be in the folder of the scenario file, to which its paths are relative",
            "`simulator scenarios --copy-to FOLDER` copies shipped scenarios",
        )
    try:
        places: dict[tuple[str, ...], str] = {("services", each, *_IO): "1ms" for each in services}
        with_values(scenario.text or "", places)
    except ValueError as error:
        bad_input(f"{_OPTION} = {str(target)!r}, must be left out for this file: {error}")
    stream = outputs.text(f"--{_OPTION}", target)
    assert stream is not None, "it has a target"
    return MeasuredFile(target, scenario, stream)


def compared(report: Report, record: RunRecord, scenario: ScenarioSpec, *, is_touched: bool, quiet: bool) -> Report:
    """Return the report of a run that measured real instances, with its comparison of service times."""
    if not quiet:
        echo("comparing service times with virtual time", err=True)
    try:
        return with_service_times(report, record, scenario, is_touched=is_touched)
    except KeyboardInterrupt:
        echo("interrupted: the report does not compare service times", err=True)
        return report
