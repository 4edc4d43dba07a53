"""The work of `simulator run`: runs the scenario and reports."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from simulator.cli.engine import engine_host
from simulator.cli.exit_codes import CHECK_FAILED, INTERRUPTED, OK, bad_input, run_broke
from simulator.cli.front.access_log_file import opened_log, tell_losses
from simulator.cli.imports import without_collections
from simulator.cli.listening import allow_many_files, unheard
from simulator.cli.outputs import STDOUT, Outputs, summarize_step, summary_file
from simulator.cli.platform.event_lines import check_loudness, tell_events
from simulator.cli.printing import Status, echo
from simulator.cli.scenarios.last_run import keep_run
from simulator.cli.scenarios.report import show_report
from simulator.cli.scenarios.run_options import check_options
from simulator.cli.scenarios.scenario_file import loaded, policy_files, tell_recordings
from simulator.lab.backend_names import AUTO, COMPILED, EVENT_LOOP
from simulator.lab.compare.backends import kind_of
from simulator.lab.compiled.compiled_backend import compiled_run
from simulator.replay.progress import SilentWatcher, Watcher
from simulator.replay.run_context import ExportsOpened, PlatformOpened
from simulator.replay.runner import BrokenRun, InterruptedRun, Run, play
from simulator.report.report import RunRecord, build_report
from simulator.report.schema import Report
from simulator.report.serialization import report_json
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec
from simulator.wire.listening import CannotListen
from simulator.world.clock import ClockKind, wall_s

if TYPE_CHECKING:
    from simulator.builds.settings import BuildSettings
    from simulator.cli.front.run_service_times import MeasuredFile
    from simulator.cli.scenarios.run_options import (
        BuildsOptions,
        ChoiceOptions,
        ConsoleOptions,
        ExportOptions,
        RealTimeOptions,
        ReportOptions,
    )
    from simulator.console.run_console import RunConsole
    from simulator.edge.live.live_settings import LiveSettings
    from simulator.platform.platform import Platform
    from simulator.telemetry.exporters import Exporters, ExportSettings


def run_scenario(
    path: Path,
    choice: ChoiceOptions,
    report_to: ReportOptions,
    export: ExportOptions,
    real_time: RealTimeOptions,
    builds: BuildsOptions,
    console: ConsoleOptions,
) -> int:
    """Run the scenario of `path` and return the exit code."""
    check_loudness(quiet=report_to.quiet, verbose=report_to.verbose)
    check_options(choice, report_to, console)
    with without_collections():
        chosen = _load(path, choice)
    clock, html_file, quiet = choice.clock, report_to.html_file, report_to.quiet
    to_stdout = report_to.json_file is not None and str(report_to.json_file) == STDOUT
    status = Status()
    with contextlib.ExitStack() as afterwards:
        with Outputs() as outputs, contextlib.ExitStack() as files:
            outputs.protect([*chosen.files, *policy_files(choice.policy)])
            rows = outputs.text("--requests", export.requests)
            json_out = outputs.text_or_stdout("--json", report_to.json_file)
            html_out = outputs.text("--html", html_file)
            junit_out = outputs.text("--junit", report_to.junit)
            measured = _measured_file(report_to.measured_service_time, chosen, outputs)
            metrics_out = outputs.text("--metrics", export.metrics_file)
            points_out = outputs.text("--cloudwatch-metrics", export.cloudwatch_metrics)
            log = _open_log(real_time.access_log, clock, outputs, files)
            live = None
            if clock is ClockKind.REAL:
                chosen, live = _in_real_time(chosen, real_time, builds, log, quiet=quiet)
            watched: RunConsole | None = None
            if console.with_console:
                from simulator.cli.scenarios.run_console import opened_console, playback_of  # noqa: PLC0415

                playback = playback_of(chosen, clock, console.speed)
                watched = afterwards.enter_context(opened_console(console.console_port, playback, status))
                if report_to.open_page:
                    typer.launch(watched.url)
            exports = _exports(chosen, clock, export, real_time.metrics_port, (metrics_out, points_out), status)
            touched = console.with_console or (exports is not None and exports.is_wanted)
            run = _run_in(choice.backend, chosen, live, rows, touched=touched)
            run.exports = exports
            if report_to.verbose:
                tell_events(run.journal, status.tell)
            record = _play(run, status, watched, real_time.ports, quiet=quiet)
            report = _report_of(record, chosen, choice.backend, report_to, is_touched=console.with_console)
            with without_collections():
                document = _write(report, record, json_out, html_out, junit_out)
            if measured is not None:
                measured.write(report)
            outputs.commit()
        _after(report, document, html_file if report_to.open_page else None)
        show_report(report, to_stderr=to_stdout, quiet=quiet)
        if watched is not None:
            from simulator.cli.scenarios.run_console import stay  # noqa: PLC0415
            from simulator.console.report.html import report_page  # noqa: PLC0415

            watched.finish(report_page(report, record), report.verdict)
            if report.run.complete:
                stay(watched, status)
    return _exit_code(report)


def _measured_file(target: Path | None, scenario: ScenarioSpec, outputs: Outputs) -> MeasuredFile | None:
    if target is None:
        return None
    from simulator.cli.front.run_service_times import opened_file  # noqa: PLC0415 few runs write one

    return opened_file(target, scenario, outputs)


def _report_of(
    record: RunRecord, scenario: ScenarioSpec, backend: str, report_to: ReportOptions, *, is_touched: bool
) -> Report:
    """Return the report, for a complete run with modelled service times beside measured ones, or with assumptions."""
    with without_collections():
        report = build_report(record)
    if record.real_service_time and record.complete:
        from simulator.cli.front.run_service_times import compared  # noqa: PLC0415 in real time only

        return compared(report, record, scenario, is_touched=is_touched, quiet=report_to.quiet)
    if record.clock == "virtual" and report_to.plays_changes(report.verdict, has_summary=summary_file() is not None):
        from simulator.cli.front.run_what_ifs import with_changes  # noqa: PLC0415 only after a loss

        report = with_changes(report, scenario, report_to.what_ifs, backend, quiet=report_to.quiet)
    if report_to.assumptions and record.complete:
        from simulator.cli.front.run_assumptions import with_assumptions  # noqa: PLC0415 few runs want them

        return with_assumptions(report, scenario, backend, quiet=report_to.quiet)
    return report


def _in_real_time(
    scenario: ScenarioSpec, options: RealTimeOptions, builds: BuildsOptions, log: io.RawIOBase | None, *, quiet: bool
) -> tuple[ScenarioSpec, LiveSettings]:
    """Return the scenario with its source code built, and the settings of its sockets."""
    # Imports of builders, isolation and sockets, which only real time needs.
    from simulator.cli.scenarios.run_builds import built  # noqa: PLC0415
    from simulator.cli.state.folder import state_folder  # noqa: PLC0415
    from simulator.edge.live.live_settings import LiveSettings  # noqa: PLC0415

    allow_many_files()
    kept, engine = state_folder(options.state), engine_host(options.engine)
    live = LiveSettings(
        kept,
        options.https_port,
        options.http_port,
        profile=options.profile,
        websocket=options.websocket,
        access_log=log,
        access_log_format=options.access_log_format,
        engine=engine,
    )
    return built(scenario, _build_settings(kept, builds, engine), quiet=quiet), live


def _exports(
    scenario: ScenarioSpec,
    clock: ClockKind,
    export: ExportOptions,
    port: int | None,
    files: tuple[TextIO | None, TextIO | None],
    status: Status,
) -> ExportSettings | None:
    """Return the exports of the run; most in virtual time have none. `files`: of metrics, and of CloudWatch's."""
    if clock is ClockKind.VIRTUAL and {export.cloudwatch, export.otlp_endpoint, port, *files} == {None}:
        return None
    from simulator.cli.scenarios.run_exports import cloudwatch_of, exports_of, otlp_of  # noqa: PLC0415

    sent = cloudwatch_of(scenario, clock, export.cloudwatch, export.cloudwatch_namespace, status, files[1])
    otlp = otlp_of(scenario, clock, export.otlp_endpoint, export.trace_sampling)
    return exports_of(scenario, clock, port, files[0], otlp, sent)


def _write(
    report: Report, record: RunRecord, json_out: TextIO | None, html_out: TextIO | None, junit_out: TextIO | None
) -> str:
    """Write the report in each requested format; return the JSON."""
    document = report_json(report)
    if json_out is not None:
        json_out.write(document)
    if junit_out is not None:
        from simulator.cli.scenarios.check_results import junit_xml  # noqa: PLC0415

        junit_out.write(junit_xml(report))
    if html_out is not None:
        from simulator.console.report.html import report_page  # noqa: PLC0415

        html_out.write(report_page(report, record))
    return document


def _after(report: Report, document: str, page: Path | None) -> None:
    """Keep the report, write the summary of a GitHub Actions step, and open the HTML page if there is one."""
    keep_run(document)
    if summary_file() is not None:
        from simulator.cli.scenarios.check_results import step_summary  # noqa: PLC0415

        summarize_step(step_summary(report))
    if page is not None:
        typer.launch(str(page.resolve()))


def _run_in(
    backend: str, scenario: ScenarioSpec, live: LiveSettings | None, rows: TextIO | None, *, touched: bool
) -> Run:
    """Choose the backend.

    The console, metrics exports and real time observe single requests, so they need the event loop.
    """
    if live is not None or touched:
        if backend not in {AUTO, EVENT_LOOP}:
            bad_input(f"backend = {backend}, must be left out in real time, with --console and with metrics")
        return Run(scenario, live, csv=rows)
    try:
        kind = kind_of(backend, scenario)
    except ValueError as error:
        bad_input(str(error))
    return compiled_run(scenario, csv=rows) if kind.name == COMPILED else Run(scenario, csv=rows)


def _build_settings(state: Path, options: BuildsOptions, engine: str) -> BuildSettings:
    from simulator.cli.build_options import build_settings  # noqa: PLC0415

    try:
        return build_settings(
            state,
            options.toolchain,
            options.build_image,
            options.run_image,
            runtime_images=options.runtime_images,
            near_versions=options.near_versions,
            offline=options.offline,
            engine=engine,
        )
    except ValueError as error:
        bad_input(str(error))


def _exit_code(report: Report) -> int:
    if not report.run.complete:
        return INTERRUPTED
    return OK if report.passed else CHECK_FAILED


def _load(path: Path, choice: ChoiceOptions) -> ScenarioSpec:
    try:
        scenario = loaded(path)
        if choice.seed is not None:
            scenario = scenario.with_seed(choice.seed)
        if choice.policy is not None:
            scenario = scenario.with_policy(choice.policy, choice.on_policy_error)
        scenario.require(choice.clock.value)
        tell_recordings(scenario)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    return scenario


def _open_log(
    path: Path | None, clock: ClockKind, outputs: Outputs, files: contextlib.ExitStack
) -> io.RawIOBase | None:
    """Open the file of `--access-log`, which only real time has."""
    if path is not None and clock is not ClockKind.REAL:
        bad_input("access-log = given, must be left out in virtual time: no request passes the load balancer's wire")
    return opened_log(path, files, outputs)


def _print_addresses(platform: Platform, status: Status) -> None:
    """Print how to reach the services from outside during the run."""
    if platform.front is None:
        return
    for service in platform.services.values():
        url = platform.front.url(service.host)
        status.tell(f"{service.name} answers at {url}/")
        status.tell(f"  curl --cacert {platform.front.root_certificate} {url}/")


def _progress(title: str, status: Status, *, quiet: bool) -> contextlib.AbstractContextManager[Watcher]:
    if quiet:
        return contextlib.nullcontext(SilentWatcher())
    from simulator.console.progress import Progress  # noqa: PLC0415

    return Progress(status.terminal, title, wall_s)


def _play(run: Run, status: Status, watched: RunConsole | None, ports: Mapping[str, int], *, quiet: bool) -> RunRecord:
    """Run the scenario. `status` prints progress and notices; `ports` maps an option to its requested port."""
    opened: list[Platform] = []
    exported: list[Exporters] = []

    def platform_opened(event: PlatformOpened) -> None:
        opened.append(event.platform)
        _print_addresses(event.platform, status)

    def exports_opened(event: ExportsOpened) -> None:
        from simulator.cli.scenarios.run_exports import tell_exports  # noqa: PLC0415

        exported.append(event.exporters)
        tell_exports(event.exporters, status)

    run.journal.subscribe(PlatformOpened, platform_opened)
    run.journal.subscribe(ExportsOpened, exports_opened)
    if watched is not None:
        watched.attach(run)
    try:
        with _progress(run.scenario.name, status, quiet=quiet) as run.watcher:
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
            tell_losses(platform)
    for exporters in exported:
        from simulator.cli.scenarios.run_exports import send_kept  # noqa: PLC0415

        send_kept(exporters.cloudwatch, status)
    return record
