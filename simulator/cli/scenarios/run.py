"""`simulator run`: its options. The work (run_scenario.py) is imported after the file has been found."""

from __future__ import annotations

from pathlib import Path

import typer

from simulator.cli.console_port import DEFAULT_PORT
from simulator.cli.option_help import ENGINE_HELP, IMAGE_HELP, NEAR_HELP, OTLP_HELP, SAMPLING_HELP, TOOLCHAIN_HELP
from simulator.cli.scenarios.scenario_file import scenario_path
from simulator.edge.access_log_entry import LogFormat
from simulator.lab.backend_names import AUTO, BACKEND_NAMES
from simulator.model.data_plane import Profile
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.telemetry.cloudwatch.settings import NAMESPACE
from simulator.world.clock import ClockKind


def run(
    scenario: str = typer.Argument(
        ..., metavar="FILE", help="A scenario file, the name of a shipped scenario, or - for standard input."
    ),
    clock: ClockKind = typer.Option(ClockKind.VIRTUAL, help="Virtual time (default), or real time over sockets."),
    seed: int | None = typer.Option(None, min=0, help="Override the scenario's seed."),
    policy: str | None = typer.Option(
        None,
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
    requests: Path | None = typer.Option(None, metavar="F.csv", help="Write a row for every request to F.csv."),
    state: Path | None = typer.Option(
        None, metavar="FOLDER", help="Where the local certificate authority is kept (real time)."
    ),
    https_port: int = typer.Option(
        0, min=0, max=65535, help="Port of the load balancer (real time); 0 is any free one."
    ),
    http_port: int = typer.Option(
        0, min=0, max=65535, help="Port that redirects to HTTPS (real time); 0 is any free one."
    ),
    access_log: Path | None = typer.Option(
        None, metavar="F", help="Write a line for every request that reaches the load balancer to F (real time)."
    ),
    access_log_format: LogFormat = typer.Option(LogFormat.JSON, help="JSON lines, or Envoy's default format."),
    profile: Profile = typer.Option(
        Profile.APP_RUNNER, help="Response headers of the balancer: App Runner's (Envoy) or standard (real time)."
    ),
    metrics_file: Path | None = typer.Option(
        None, "--metrics", metavar="F", help="Write the run's metrics over time to F, as OpenMetrics text."
    ),
    metrics_port: int | None = typer.Option(
        None,
        min=0,
        max=65535,
        help="Port of a Prometheus endpoint, /metrics on 127.0.0.1 (real time); 0 is any free one.",
    ),
    otlp_endpoint: str | None = typer.Option(None, metavar="URL", help=f"{OTLP_HELP} Virtual time has traces only."),
    cloudwatch: str | None = typer.Option(
        None, metavar="URL", help="Write App Runner's CloudWatch metrics and logs to an AWS-compatible endpoint."
    ),
    cloudwatch_namespace: str = typer.Option(
        NAMESPACE, metavar="NAME", help="Namespace of these metrics. AWS rejects writes to AWS/."
    ),
    trace_sampling: float | None = typer.Option(None, min=0, max=1, help=SAMPLING_HELP),
    websocket: bool = typer.Option(
        False, "--websocket", help="Allow WebSockets, which App Runner rejects (real time)."
    ),
    engine: str | None = typer.Option(None, metavar="URL", help=ENGINE_HELP),
    toolchain: list[str] = typer.Option([], metavar="RUNTIME=FOLDER", help=f"{TOOLCHAIN_HELP[:-1]} (source_code)."),
    build_image: list[str] = typer.Option([], metavar="[RUNTIME=]IMAGE", help=f"{IMAGE_HELP[:-1]} (source_code)."),
    near_versions: bool = typer.Option(False, "--near-versions", help=f"{NEAR_HELP[:-1]} (source_code)."),
    backend: str = typer.Option(
        AUTO, help=f"Engine for virtual time: {', '.join(BACKEND_NAMES)}. The report is the same."
    ),
    with_console: bool = typer.Option(False, "--console", help="Open a live console in the browser (localhost only)."),
    console_port: int = typer.Option(
        DEFAULT_PORT, min=0, max=65535, help="Port of the console on 127.0.0.1; 0 is any free one."
    ),
    speed: float | None = typer.Option(
        None, help="With --console: virtual seconds in a second, 0.01 to 10000; the page can change it."
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress, and only checks at the end."),
) -> None:
    """Run a scenario and report: exit 0 if its checks pass, 1 if one failed, 2 bad input, 3 internal error."""
    path = scenario_path(scenario)
    from simulator.cli.scenarios.run_scenario import run_scenario  # noqa: PLC0415 report a wrong name before the import

    raise typer.Exit(
        run_scenario(
            path,
            clock=clock,
            seed=seed,
            policy=policy,
            on_policy_error=on_policy_error,
            json_file=json_file,
            html_file=html_file,
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
            quiet=quiet,
        )
    )
