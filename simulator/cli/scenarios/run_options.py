"""The options of `simulator run`, in groups, without the imports of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from simulator.cli.exit_codes import bad_input
from simulator.cli.front.console_options import CONSOLE, LiveConsoleOptions
from simulator.cli.front.name_completion import policy_names
from simulator.cli.options import (
    ACCESS_LOG_HELP,
    ENGINE_HELP,
    IMAGE_HELP,
    LOG_FORMAT_HELP,
    NEAR_HELP,
    OFFLINE_HELP,
    OTLP_HELP,
    PROFILE_HELP,
    RUN_IMAGE_HELP,
    RUNTIME_IMAGES_HELP,
    SAMPLING_HELP,
    TOOLCHAIN_HELP,
    WEBSOCKET_HELP,
)
from simulator.edge.access_log_entry import LogFormat
from simulator.lab.backend_names import AUTO, BACKEND_NAMES
from simulator.model.header_profile import Profile
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.telemetry.cloudwatch.namespace import NAMESPACE
from simulator.world.clock import ClockKind

if TYPE_CHECKING:
    from simulator.report.verdict.part import VerdictPart

REAL_TIME: Final = "Real time (--clock real)"
EXPORTS: Final = "Exports"
BUILDS: Final = "Builds (services with source_code)"


@dataclass(frozen=True, slots=True)
class ChoiceOptions:
    """What to run, and how."""

    clock: Annotated[ClockKind, typer.Option(help="Virtual time (default), or real time over sockets.")] = (
        ClockKind.VIRTUAL
    )
    seed: Annotated[int | None, typer.Option(min=0, help="Override the scenario's seed.")] = None
    policy: Annotated[
        str | None,
        typer.Option(
            autocompletion=policy_names,
            help="Override the scenario's policies, with defaults: one that `simulator policies` lists, or your own, "
            "FILE.py:CLASS.",
        ),
    ] = None
    on_policy_error: Annotated[
        OnPolicyError,
        typer.Option(help="When a policy of your own fails: stop the run, or keep the last desired count and log it."),
    ] = OnPolicyError.STOP
    backend: Annotated[
        str, typer.Option(help=f"Engine for virtual time: {', '.join(BACKEND_NAMES)}. The report is the same.")
    ] = AUTO


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What to show of the run, and the files for its report."""

    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="F", help="Write the report as JSON to F (- for standard output).")
    ] = None
    html_file: Annotated[
        Path | None, typer.Option("--html", metavar="F", help="Write the report as one page that opens offline to F.")
    ] = None
    assumptions: Annotated[
        bool,
        typer.Option(
            "--assumptions",
            help="Play the scenario with each assumption that it depends on at both ends of its range, and rank the "
            "assumptions by their effect. Virtual time only.",
        ),
    ] = False
    what_ifs: Annotated[
        int | None,
        typer.Option(
            "--what-ifs",
            min=0,
            max=100,
            metavar="N",
            help="How often to play the scenario again with a changed setting, to say what would have prevented a "
            "loss; 0: never. Default: up to 12 times, fewer for a long run. Virtual time only.",
        ),
    ] = None
    measured_service_time: Annotated[
        Path | None,
        typer.Option(
            metavar="F.yaml",
            help="Write the scenario to F.yaml, its simulated applications with the service times that were measured.",
            rich_help_panel=REAL_TIME,
        ),
    ] = None
    junit: Annotated[Path | None, typer.Option(metavar="F.xml", help="Write the checks as JUnit's XML to F.xml.")] = (
        None
    )
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the page of --html, or the console, in the browser.")
    ] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, and only checks at the end.")] = False
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print each decision and event on standard error as it happens.")
    ] = False

    def plays_changes(self, verdict: VerdictPart | None, *, has_summary: bool) -> bool:
        """Return True if changes are played for the verdict: it has a cause, and is requested, printed or written."""
        if verdict is None or not any(part.causes for part in verdict.services):
            return False
        is_written = {self.json_file, self.html_file} != {None} or has_summary
        return self.what_ifs != 0 and (self.what_ifs is not None or not self.quiet or is_written)


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to write or send besides the report."""

    requests: Annotated[
        Path | None,
        typer.Option(metavar="F.csv", help="Write a row for every request to F.csv.", rich_help_panel=EXPORTS),
    ] = None
    metrics_file: Annotated[
        Path | None,
        typer.Option(
            "--metrics",
            metavar="F",
            help="Write the run's metrics over time to F, as OpenMetrics text.",
            rich_help_panel=EXPORTS,
        ),
    ] = None
    otlp_endpoint: Annotated[
        str | None,
        typer.Option(metavar="URL", help=f"{OTLP_HELP} Virtual time has traces only.", rich_help_panel=EXPORTS),
    ] = None
    cloudwatch: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Write App Runner's CloudWatch metrics and logs to an AWS-compatible endpoint.",
            rich_help_panel=EXPORTS,
        ),
    ] = None
    cloudwatch_namespace: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Namespace of these metrics. AWS rejects writes to AWS/.", rich_help_panel=EXPORTS
        ),
    ] = NAMESPACE
    cloudwatch_metrics: Annotated[
        Path | None,
        typer.Option(
            metavar="F",
            help="Write these metrics to F in virtual time, as `aws cloudwatch get-metric-data` answers.",
            rich_help_panel=EXPORTS,
        ),
    ] = None
    trace_sampling: Annotated[float | None, typer.Option(min=0, max=1, help=SAMPLING_HELP, rich_help_panel=EXPORTS)] = (
        None
    )


@dataclass(frozen=True, slots=True)
class RealTimeOptions:
    """Options for real time only."""

    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where the local certificate authority is kept.", rich_help_panel=REAL_TIME
        ),
    ] = None
    https_port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Port of the load balancer; 0 is any free one.", rich_help_panel=REAL_TIME),
    ] = 0
    http_port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help="Port that redirects to HTTPS; 0 is any free one.", rich_help_panel=REAL_TIME
        ),
    ] = 0
    access_log: Annotated[
        Path | None,
        typer.Option(
            metavar="F",
            help=ACCESS_LOG_HELP,
            rich_help_panel=REAL_TIME,
        ),
    ] = None
    access_log_format: Annotated[LogFormat, typer.Option(help=LOG_FORMAT_HELP, rich_help_panel=REAL_TIME)] = (
        LogFormat.JSON
    )
    profile: Annotated[
        Profile,
        typer.Option(help=PROFILE_HELP, rich_help_panel=REAL_TIME),
    ] = Profile.APP_RUNNER
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port of a Prometheus endpoint, /metrics on 127.0.0.1; 0 is any free one.",
            rich_help_panel=REAL_TIME,
        ),
    ] = None
    websocket: Annotated[bool, typer.Option("--websocket", help=WEBSOCKET_HELP, rich_help_panel=REAL_TIME)] = False
    engine: Annotated[str | None, typer.Option(metavar="URL", help=ENGINE_HELP, rich_help_panel=REAL_TIME)] = None

    @property
    def ports(self) -> dict[str, int]:
        """The requested port of each option."""
        return {
            "--https-port": self.https_port,
            "--http-port": self.http_port,
            "--metrics-port": self.metrics_port or 0,
        }


@dataclass(frozen=True, slots=True)
class BuildsOptions:
    """How services with source code are built."""

    toolchain: Annotated[
        list[str], typer.Option(metavar="RUNTIME=FOLDER", help=TOOLCHAIN_HELP, rich_help_panel=BUILDS)
    ] = field(default_factory=list)
    build_image: Annotated[
        list[str], typer.Option(metavar="[RUNTIME=]IMAGE", help=IMAGE_HELP, rich_help_panel=BUILDS)
    ] = field(default_factory=list)
    run_image: Annotated[
        list[str], typer.Option(metavar="[RUNTIME=]IMAGE", help=RUN_IMAGE_HELP, rich_help_panel=BUILDS)
    ] = field(default_factory=list)
    runtime_images: Annotated[
        str | None, typer.Option(metavar="PREFIX", help=RUNTIME_IMAGES_HELP, rich_help_panel=BUILDS)
    ] = None
    near_versions: Annotated[bool, typer.Option("--near-versions", help=NEAR_HELP, rich_help_panel=BUILDS)] = False
    offline: Annotated[bool, typer.Option("--offline", help=OFFLINE_HELP, rich_help_panel=BUILDS)] = False


@dataclass(frozen=True, slots=True)
class ConsoleOptions(LiveConsoleOptions):
    """The live console of a run."""

    speed: Annotated[
        float | None,
        typer.Option(
            help="With --console: virtual seconds in a second, 0.01 to 10000; the page can change it.",
            rich_help_panel=CONSOLE,
        ),
    ] = None


def check_options(choice: ChoiceOptions, report_to: ReportOptions, console: ConsoleOptions) -> None:
    """End with an error for options that exclude each other."""
    if report_to.open_page and report_to.html_file is None and not console.with_console:
        bad_input("open = given, must come with --html F or --console: there is no page to open")
    if report_to.assumptions and choice.clock is not ClockKind.VIRTUAL:
        bad_input("assumptions = given, must be left out in real time: only virtual time can play a run again")
    if report_to.what_ifs and choice.clock is not ClockKind.VIRTUAL:
        bad_input("what-ifs = given, must be left out in real time: only virtual time can play a run again")
    if report_to.measured_service_time is not None and choice.clock is not ClockKind.REAL:
        bad_input("measured-service-time = given, must come with --clock real, which measures it")
