"""`simulator run`: run a scenario on either clock and report."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import typer
from rich.console import Console

from simulator.assembly import LiveSettings, LogFormat, Platform, Profile
from simulator.builds.settings import BuildSettings
from simulator.cli.broken_run import run_broke
from simulator.cli.build_options import IMAGE_HELP, NEAR_HELP, TOOLCHAIN_HELP, build_settings
from simulator.cli.console_port import DEFAULT_PORT
from simulator.cli.engine import ENGINE_HELP, engine_host
from simulator.cli.exits import CHECK_FAILED, INTERRUPTED, OK, bad_input
from simulator.cli.listening import allow_many_files, unheard
from simulator.cli.otel import OTLP_HELP, SAMPLING_HELP
from simulator.cli.outputs import STDOUT, Outputs
from simulator.cli.printing import echo
from simulator.cli.run_builds import built
from simulator.cli.run_console import opened_console, pace_of, stay
from simulator.cli.run_exports import cloudwatch_of, exports_of, otlp_of, send_kept, tell_exports
from simulator.cli.scenario_file import patient, policy_files, scenario_path, tell_recordings
from simulator.cli.state import state_folder
from simulator.cli.terminal import Terminal
from simulator.console.progress import Progress
from simulator.console.report_html import report_page
from simulator.console.report_text import print_checks, print_report
from simulator.console.run_console import RunConsole
from simulator.lab.compare_gears import AUTO, COMPILED, EVENT_LOOP, GEAR_NAMES, kind_of
from simulator.lab.fast_gear import fast_run
from simulator.replay.problems import ScenarioError
from simulator.replay.progress import NobodyWatches, Watcher
from simulator.replay.report import RunRecord, build_report
from simulator.replay.report_json import report_json
from simulator.replay.report_schema import Report
from simulator.replay.runner import BrokenRun, InterruptedRun, Run, play
from simulator.replay.scenario import Scenario, load_scenario
from simulator.replay.user_policy import OnPolicyError
from simulator.rules.policies import POLICIES
from simulator.telemetry.cloudwatch.settings import NAMESPACE
from simulator.telemetry.exporters import Exporters
from simulator.wire.listening import CannotListen
from simulator.world.clock import ClockKind, wall_s


def run(
    scenario: str = typer.Argument(..., metavar="FILE", help="A scenario file, or the name of a shipped scenario."),
    clock: ClockKind = typer.Option(ClockKind.VIRTUAL, help="Virtual time (default), or real time over sockets."),
    seed: int | None = typer.Option(None, min=0, help="Override the scenario's seed."),
    policy: str | None = typer.Option(
        None,
        help=f"Override the scenario's policies, with defaults: {', '.join(POLICIES)}; or your own, FILE.py:CLASS.",
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
        AUTO, help=f"Engine for virtual time: {', '.join(GEAR_NAMES)}. The report is the same."
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
    chosen = _load(scenario, clock, seed, policy, on_policy_error)
    to_stdout = json_file is not None and str(json_file) == STDOUT
    console = Terminal(stderr=to_stdout)
    with contextlib.ExitStack() as afterwards:
        with Outputs() as outputs, contextlib.ExitStack() as files:
            outputs.protect([*chosen.files, *policy_files(policy)])
            rows = outputs.text("--requests", requests)
            json_out = outputs.text_or_stdout("--json", json_file)
            html_out = outputs.text("--html", html_file)
            metrics_out = outputs.text("--metrics", metrics_file)
            log = _open_log(access_log, clock, outputs, files)
            live = None
            if clock is ClockKind.REAL:
                allow_many_files()
                kept, host = state_folder(state), engine_host(engine)
                chosen = built(
                    chosen, _builds(kept, toolchain, build_image, host, near_versions=near_versions), quiet=quiet
                )
                live = LiveSettings(
                    kept,
                    https_port,
                    http_port,
                    profile=profile,
                    websocket=websocket,
                    access_log=log,
                    access_log_format=access_log_format,
                    engine=host,
                )
            watched: RunConsole | None = None
            if with_console:
                pace = pace_of(chosen, clock, speed)
                watched = afterwards.enter_context(opened_console(console_port, pace, console))
            sent = cloudwatch_of(chosen, clock, cloudwatch, cloudwatch_namespace, console)
            otlp = otlp_of(chosen, clock, otlp_endpoint, trace_sampling)
            exports = exports_of(chosen, clock, metrics_port, metrics_out, otlp, sent)
            run = _run_in(backend, chosen, live, rows, touched=with_console or exports.is_wanted)
            run.exports = exports
            ports = {"--https-port": https_port, "--http-port": http_port, "--metrics-port": metrics_port or 0}
            record = _play(run, console, watched, ports, quiet=quiet)
            report = build_report(record)
            if json_out is not None:
                json_out.write(report_json(report))
            if html_out is not None:
                html_out.write(report_page(report, record))
            outputs.commit()
        (print_checks if quiet else print_report)(report, console)
        if watched is not None:
            watched.finish(report_page(report, record))
            if report.run.complete:
                stay(watched, console)
    raise typer.Exit(_exit_code(report))


def _run_in(backend: str, scenario: Scenario, live: LiveSettings | None, rows: TextIO | None, *, touched: bool) -> Run:
    """Choose the backend. A console and metrics exports observe single requests of the platform, as does real time."""
    if live is not None or touched:
        if backend not in {AUTO, EVENT_LOOP}:
            bad_input(f"backend = {backend}, must be left out in real time, with --console and with metrics")
        return Run(scenario, live, csv=rows)
    try:
        kind = kind_of(backend, scenario)
    except ValueError as error:
        bad_input(str(error))
    return fast_run(scenario, csv=rows) if kind.name == COMPILED else Run(scenario, csv=rows)


def _builds(
    state: Path, toolchain: list[str], build_image: list[str], engine: str, *, near_versions: bool
) -> BuildSettings:
    try:
        return build_settings(state, toolchain, build_image, near_versions=near_versions, engine=engine)
    except ValueError as error:
        bad_input(str(error))


def _exit_code(report: Report) -> int:
    if not report.run.complete:
        return INTERRUPTED
    return OK if report.passed else CHECK_FAILED


def _load(
    name: str, clock: ClockKind, seed: int | None, policy: str | None, on_policy_error: OnPolicyError
) -> Scenario:
    path = scenario_path(name)
    try:
        with patient(path):
            scenario = load_scenario(path)
        if seed is not None:
            scenario = scenario.with_seed(seed)
        if policy is not None:
            scenario = scenario.with_policy(policy, on_policy_error)
        scenario.require(clock.value)
        tell_recordings(scenario)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    return scenario


def _open_log(
    path: Path | None, clock: ClockKind, outputs: Outputs, files: contextlib.ExitStack
) -> io.RawIOBase | None:
    """Open the log unbuffered, since it buffers its lines itself; append as usual for logs."""
    if path is None:
        return None
    if clock is not ClockKind.REAL:
        bad_input("access-log = given, must be left out in virtual time: no request passes the load balancer's wire")
    outputs.claim("--access-log", path)
    try:
        return files.enter_context(path.open("ab", buffering=0))
    except OSError as error:
        bad_input(f"access-log = {str(path)!r}, cannot be written: {error.strerror}")


def _tell_losses(platform: Platform) -> None:
    log = platform.front.access_log if platform.front is not None else None
    if log is not None and log.dropped:
        echo(f"access log: {log.dropped} lines are missing: {log.error or 'the disk was too slow'}", err=True)


def _tell_where(platform: Platform, console: Console) -> None:
    """Print how to reach the services from outside, while they run."""
    if platform.front is None:
        return
    for service in platform.services.values():
        url = platform.front.url(service.host)
        console.print(f"{service.name} answers at {url}/", soft_wrap=True)
        console.print(f"  curl --cacert {platform.front.root_certificate} {url}/", soft_wrap=True)


def _progress(title: str, console: Console, *, quiet: bool) -> contextlib.AbstractContextManager[Watcher]:
    return contextlib.nullcontext(NobodyWatches()) if quiet else Progress(console, title, wall_s)


def _play(
    run: Run, console: Console, watched: RunConsole | None, ports: Mapping[str, int], *, quiet: bool
) -> RunRecord:
    """Run the scenario. `ports`: option -> requested port."""
    opened: list[Platform] = []
    exported: list[Exporters] = []

    def on_open(platform: Platform) -> None:
        opened.append(platform)
        _tell_where(platform, console)

    run.on_open = on_open

    def on_export(exporters: Exporters) -> None:
        exported.append(exporters)
        tell_exports(console, exporters)

    run.on_export = on_export
    if watched is not None:
        watched.attach(run)
    try:
        with _progress(run.scenario.name, console, quiet=quiet) as run.watcher:
            record = play(run)
    except ScenarioError as error:  # a data file, which is read during the run
        bad_input(str(error))
    except InterruptedRun as error:
        echo("interrupted before the run began", err=True)
        raise typer.Exit(INTERRUPTED) from error
    except BrokenRun as error:
        if isinstance(error.__cause__, CannotListen):
            bad_input(unheard(error.__cause__, ports))
        run_broke(error)
    finally:
        for platform in opened:
            _tell_losses(platform)
    for exporters in exported:
        send_kept(exporters.cloudwatch, console)
    return record
