"""`simulator tune`: finds the setting that holds an SLO at the lowest cost."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from simulator.cli.exit_codes import CHECK_FAILED, INTERRUPTED, OK, bad_input
from simulator.cli.lab.tables import print_table, wide_console
from simulator.cli.lab.tune_check import CurrentSetting, current_setting, report_check, share_of
from simulator.cli.lab.tune_options import TuneAims, TuneDays, TuneOutputs, TuneRunOptions, TuneUseOptions
from simulator.cli.lab.tune_texts import TuneTexts
from simulator.cli.lab.worker_options import ResumeOptions, opened_results, opened_workers, tell_interrupted
from simulator.cli.options import grouped
from simulator.cli.outputs import Outputs
from simulator.cli.platform.event_lines import check_loudness
from simulator.cli.printing import echo
from simulator.cli.scenarios.scenario_file import file_path, scenario_names, tell_recordings
from simulator.cli.terminal import Terminal
from simulator.console.batch_progress import BatchProgress
from simulator.lab.backend_names import BACKEND_NAMES
from simulator.lab.tune.current_check import check_current
from simulator.lab.tune.days import ADVERSE, Condition
from simulator.lab.tune.page import tune_html
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.result import TuneResult, tune_json
from simulator.lab.tune.slo import parse_objective, parse_slo
from simulator.lab.tune.tables import tables_of
from simulator.lab.tune.tune import kept_runs, tune
from simulator.model.text.problems import one_of
from simulator.scenario.problems import ScenarioError


@grouped
def tune_verb(
    scenarios: Annotated[
        list[str],
        typer.Argument(
            autocompletion=scenario_names,
            metavar="FILE...",
            help="Scenario files of the days to choose on, or names of shipped ones.",
        ),
    ],
    slo: Annotated[
        str,
        typer.Option(metavar="CHECKS", help="What must hold, joined by commas: 'p95 < 300 ms, error_rate < 0.1 %'."),
    ],
    aims: TuneAims,
    shown: TuneOutputs,
    days: TuneDays,
    use: TuneUseOptions,
    runs: TuneRunOptions,
    workers: ResumeOptions,
) -> None:
    """Find the setting of a service that holds an SLO at the lowest cost, and say how sure that is.

    Exit code 0: a setting holds, and with --check today's setting is near it; 1: otherwise; 2: bad input.
    """
    check_loudness(quiet=shown.quiet, verbose=shown.verbose)
    if runs.backend not in BACKEND_NAMES:
        bad_input(f"backend = {runs.backend!r}, must be {one_of(runs.backend, BACKEND_NAMES)}")
    try:
        plan = _plan(scenarios, slo, aims, days, runs)
        today = current_setting(plan, use)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    with Outputs() as outputs:
        for each in plan.scenarios:
            outputs.protect(each.files)
        if workers.resume is not None:
            outputs.claim("--resume", workers.resume)
        file = outputs.path("--json", shown.json_file)
        page = outputs.path("--html", shown.html)
        junit = outputs.text("--junit", use.junit)
        texts = TuneTexts(plan, today, use.texts, outputs)
        result = _played(plan, workers, shown, today)
        _print(result)
        texts.finish(result, quiet=shown.quiet)
        if result.check is not None:
            report_check(result, junit)
        if file is not None:
            file.write_text(tune_json(result), encoding="utf-8")
        if page is not None:
            page.write_text(tune_html(result), encoding="utf-8")
        outputs.commit()
    passed = result.choice is not None if result.check is None else result.check.passed
    raise typer.Exit(OK if passed else CHECK_FAILED)


def _plan(scenarios: list[str], slo: str, aims: TuneAims, days: TuneDays, runs: TuneRunOptions) -> TunePlan:
    """Return the plan of the tuning. Raises ScenarioError or ValueError for bad input."""
    known = [condition.value for condition in ADVERSE]
    for name in days.withstand:
        if name not in known:
            msg = f"withstand = {name!r}, must be {one_of(name, known)}"
            raise ValueError(msg)
    plan = TunePlan(
        [file_path(name) for name in dict.fromkeys(scenarios)],
        parse_slo(slo),
        vary=aims.vary,
        objective=parse_objective(aims.minimise),
        judge=[file_path(name) for name in dict.fromkeys(days.judge)],
        required=[Condition(name) for name in dict.fromkeys(days.withstand)],
        indifference=share_of("indifference", days.indifference),
        share=share_of("hold", days.hold),
        runs_max=runs.runs or None,
        backend=runs.backend,
    )
    for each in plan.scenarios:
        tell_recordings(each)
    return plan


def _played(plan: TunePlan, workers: ResumeOptions, shown: TuneOutputs, today: CurrentSetting | None) -> TuneResult:
    console = Terminal(stderr=True, quiet=shown.quiet)
    phase = ""
    try:
        if not shown.quiet:
            count = len(plan.space.settings)
            echo(f"{count:,} settings of {', '.join(knob.label for knob in plan.space.knobs)}", err=True)
        with (
            opened_results(None if workers.resume is None else kept_runs(plan, workers.resume)) as kept,
            opened_workers(workers, None, workers.resume) as pool,
            BatchProgress(console, "runs", plan.runs, first="exploring") as progress,
        ):

            def on_phase(name: str) -> None:
                nonlocal phase
                phase = name
                if shown.verbose:
                    progress.print([name])

            def on_runs(count: int) -> None:
                for _ in range(count):
                    progress.advance(phase)

            result = tune(plan, pool, on_phase, on_runs, kept)
            if today is None:
                return result
            on_phase("checking today's setting")
            check = check_current(plan, pool, result, today.changes, today.within, on_runs, kept)
            return result.model_copy(update={"check": check})
    except KeyboardInterrupt as error:
        tell_interrupted(workers)
        raise typer.Exit(INTERRUPTED) from error
    except ValueError as error:
        bad_input(str(error))


def _print(result: TuneResult) -> None:
    console = wide_console()
    is_pipe = not console.is_terminal
    style = "bold" if result.choice is not None else "bold yellow"
    console.print(Text(result.answer, style=style), soft_wrap=is_pipe)
    console.print(Text(f"{result.guarantee.text}."), soft_wrap=is_pipe)
    console.print()
    for table in tables_of(result):
        print_table(table, console)
    for line in result.failing_neighbours:
        console.print(Text(f"fails beside it: {line}"), soft_wrap=is_pipe)
    for note in result.notes:
        console.print(Text(f"{note[0].upper()}{note[1:]}.", style="yellow"), soft_wrap=is_pipe)
    played = result.played
    console.print(
        f"{played.runs} runs in {played.seconds:.1f} s ({played.backend}); every setting on every day would be "
        f"{played.exhaustive_runs:,}",
        soft_wrap=is_pipe,
        highlight=False,
    )
