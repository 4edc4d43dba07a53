"""`simulator run`: its options. The work (run_scenario.py) is imported after the file has been found."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import typer

from simulator.cli.console_port import DEFAULT_PORT
from simulator.cli.imports import without_collections
from simulator.cli.option_help import ENGINE_HELP, IMAGE_HELP, NEAR_HELP, OTLP_HELP, SAMPLING_HELP, TOOLCHAIN_HELP
from simulator.cli.scenarios.name_completion import policy_names
from simulator.cli.scenarios.scenario_file import scenario_names, scenario_path
from simulator.edge.access_log_entry import LogFormat
from simulator.lab.backend_names import AUTO, BACKEND_NAMES
from simulator.model.data_plane import Profile
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.telemetry.cloudwatch.settings import NAMESPACE
from simulator.world.clock import ClockKind

REAL_TIME: Final = "Real time (--clock real)"
EXPORTS: Final = "Exports"
BUILDS: Final = "Builds (services with source_code)"
CONSOLE: Final = "Console"


def run(
    scenario: str = typer.Argument(
        ...,
        autocompletion=scenario_names,
        metavar="FILE",
        help="A scenario file, the name of a shipped scenario, or - for standard input.",
    ),
    clock: ClockKind = typer.Option(ClockKind.VIRTUAL, help="Virtual time (default), or real time over sockets."),
    seed: int | None = typer.Option(None, min=0, help="Override the scenario's seed."),
    policy: str | None = typer.Option(
        None,
        autocompletion=policy_names,
        help="Override the scenario's policies, with defaults: one that `simulator policies` lists, or your own, "
        "FILE.py:CLASS.",
    ),
    on_policy_error: OnPolicyError = typer.Option(
        OnPolicyError.STOP,
        help="When a policy of your own fails: stop the run, or keep the last desired count and log it.",
    ),
    json_file: Path | None = typer.Option(
        None, "--json", metavar="F", help="Write the report as JSON to F (- for standard output)."
    ),
    html_file: Path | None = typer.Option(
        None, "--html", metavar="F", help="Write the report as one page that opens offline to F."
    ),
    junit: Path | None = typer.Option(None, metavar="F.xml", help="Write the checks as JUnit's XML to F.xml."),
    requests: Path | None = typer.Option(
        None, metavar="F.csv", help="Write a row for every request to F.csv.", rich_help_panel=EXPORTS
    ),
    state: Path | None = typer.Option(
        None, metavar="FOLDER", help="Where the local certificate authority is kept.", rich_help_panel=REAL_TIME
    ),
    https_port: int = typer.Option(
        0, min=0, max=65535, help="Port of the load balancer; 0 is any free one.", rich_help_panel=REAL_TIME
    ),
    http_port: int = typer.Option(
        0, min=0, max=65535, help="Port that redirects to HTTPS; 0 is any free one.", rich_help_panel=REAL_TIME
    ),
    access_log: Path | None = typer.Option(
        None,
        metavar="F",
        help="Write a line for every request that reaches the load balancer to F.",
        rich_help_panel=REAL_TIME,
    ),
    access_log_format: LogFormat = typer.Option(
        LogFormat.JSON, help="JSON lines, or Envoy's default format.", rich_help_panel=REAL_TIME
    ),
    profile: Profile = typer.Option(
        Profile.APP_RUNNER,
        help="Response headers of the balancer: App Runner's (Envoy) or standard.",
        rich_help_panel=REAL_TIME,
    ),
    metrics_file: Path | None = typer.Option(
        None,
        "--metrics",
        metavar="F",
        help="Write the run's metrics over time to F, as OpenMetrics text.",
        rich_help_panel=EXPORTS,
    ),
    metrics_port: int | None = typer.Option(
        None,
        min=0,
        max=65535,
        help="Port of a Prometheus endpoint, /metrics on 127.0.0.1; 0 is any free one.",
        rich_help_panel=REAL_TIME,
    ),
    otlp_endpoint: str | None = typer.Option(
        None, metavar="URL", help=f"{OTLP_HELP} Virtual time has traces only.", rich_help_panel=EXPORTS
    ),
    cloudwatch: str | None = typer.Option(
        None,
        metavar="URL",
        help="Write App Runner's CloudWatch metrics and logs to an AWS-compatible endpoint.",
        rich_help_panel=EXPORTS,
    ),
    cloudwatch_namespace: str = typer.Option(
        NAMESPACE,
        metavar="NAME",
        help="Namespace of these metrics. AWS rejects writes to AWS/.",
        rich_help_panel=EXPORTS,
    ),
    trace_sampling: float | None = typer.Option(None, min=0, max=1, help=SAMPLING_HELP, rich_help_panel=EXPORTS),
    websocket: bool = typer.Option(
        False, "--websocket", help="Allow WebSockets, which App Runner rejects.", rich_help_panel=REAL_TIME
    ),
    engine: str | None = typer.Option(None, metavar="URL", help=ENGINE_HELP, rich_help_panel=REAL_TIME),
    toolchain: list[str] = typer.Option([], metavar="RUNTIME=FOLDER", help=TOOLCHAIN_HELP, rich_help_panel=BUILDS),
    build_image: list[str] = typer.Option([], metavar="[RUNTIME=]IMAGE", help=IMAGE_HELP, rich_help_panel=BUILDS),
    near_versions: bool = typer.Option(False, "--near-versions", help=NEAR_HELP, rich_help_panel=BUILDS),
    backend: str = typer.Option(
        AUTO, help=f"Engine for virtual time: {', '.join(BACKEND_NAMES)}. The report is the same."
    ),
    with_console: bool = typer.Option(
        False, "--console", help="Open a live console in the browser (localhost only).", rich_help_panel=CONSOLE
    ),
    console_port: int = typer.Option(
        DEFAULT_PORT,
        min=0,
        max=65535,
        help="Port of the console on 127.0.0.1; 0 is any free one.",
        rich_help_panel=CONSOLE,
    ),
    speed: float | None = typer.Option(
        None,
        help="With --console: virtual seconds in a second, 0.01 to 10000; the page can change it.",
        rich_help_panel=CONSOLE,
    ),
    open_page: bool = typer.Option(False, "--open", help="Open the page of --html, or the console, in the browser."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress, and only checks at the end."),
) -> None:
    """Run a scenario and report what happened, why, and what it would cost.

    Exit code 0: every check passes; 1: one failed; 2: bad input; 3: an internal error stopped the run.
    """
    path = scenario_path(scenario)
    with without_collections():
        from simulator.cli.scenarios.run_scenario import run_scenario  # noqa: PLC0415 report a wrong name before that

    raise typer.Exit(
        run_scenario(
            path,
            clock=clock,
            seed=seed,
            policy=policy,
            on_policy_error=on_policy_error,
            json_file=json_file,
            html_file=html_file,
            junit=junit,
            requests=requests,
            state=state,
            https_port=https_port,
            http_port=http_port,
            access_log=access_log,
            access_log_format=access_log_format,
            profile=profile,
            metrics_file=metrics_file,
            metrics_port=metrics_port,
            otlp_endpoint=otlp_endpoint,
            cloudwatch=cloudwatch,
            cloudwatch_namespace=cloudwatch_namespace,
            trace_sampling=trace_sampling,
            websocket=websocket,
            engine=engine,
            toolchain=toolchain,
            build_image=build_image,
            near_versions=near_versions,
            backend=backend,
            with_console=with_console,
            console_port=console_port,
            speed=speed,
            open_page=open_page,
            quiet=quiet,
        )
    )
