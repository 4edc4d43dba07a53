"""`simulator tune`: finds the setting that holds an SLO at the lowest cost."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from simulator.cli.exit_codes import CHECK_FAILED, INTERRUPTED, OK, bad_input, broke
from simulator.cli.lab.tables import print_table, wide_console
from simulator.cli.lab.tune_options import TuneAims, TuneDays, TuneOutputs, TuneRunOptions
from simulator.cli.options import grouped
from simulator.cli.outputs import Outputs
from simulator.cli.platform.event_lines import check_loudness
from simulator.cli.printing import echo
from simulator.cli.scenarios.scenario_file import file_path, scenario_names, tell_recordings
from simulator.cli.terminal import Terminal
from simulator.console.batch_progress import BatchProgress
from simulator.lab.backend_names import BACKEND_NAMES
from simulator.lab.tune.days import ADVERSE, Condition
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.result import TuneResult, tune_json
from simulator.lab.tune.slo import parse_objective, parse_slo
from simulator.lab.tune.tables import tables_of
from simulator.lab.tune.tune import tune
from simulator.lab.workers.opening import worker_pool
from simulator.lab.workers.worker_pool import NoWorkers
from simulator.model.extras import explain_missing
from simulator.model.text.problems import one_of
from simulator.model.text.units import parse_share
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
    runs: TuneRunOptions,
) -> None:
    """Find the setting of a service that holds an SLO at the lowest cost, and say how sure that is.

    Exit code 0: a setting holds; 1: none does; 2: bad input.
    """
    check_loudness(quiet=shown.quiet, verbose=shown.verbose)
    if runs.backend not in BACKEND_NAMES:
        bad_input(f"backend = {runs.backend!r}, must be {one_of(runs.backend, BACKEND_NAMES)}")
    try:
        plan = _plan(scenarios, slo, aims, days, runs)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    with Outputs() as outputs:
        for each in plan.scenarios:
            outputs.protect(each.files)
        file = outputs.path("--json", shown.json_file)
        result = _played(plan, runs, shown)
        _print(result)
        if file is not None:
            file.write_text(tune_json(result), encoding="utf-8")
        outputs.commit()
    raise typer.Exit(OK if result.choice is not None else CHECK_FAILED)


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
        indifference=_share("indifference", days.indifference),
        share=_share("hold", days.hold),
        runs_max=runs.runs or None,
        backend=runs.backend,
    )
    for each in plan.scenarios:
        tell_recordings(each)
    return plan


def _share(option: str, text: str) -> float:
    try:
        share = parse_share(text)
    except ValueError as error:
        msg = f"{option} = {text!r}: {error}"
        raise ValueError(msg) from error
    if not 0 < share < 1:
        msg = f"{option} = {text!r}, must be above 0 % and below 100 %"
        raise ValueError(msg)
    return share


def _played(plan: TunePlan, runs: TuneRunOptions, shown: TuneOutputs) -> TuneResult:
    console = Terminal(stderr=True, quiet=shown.quiet)
    phase = ""
    try:
        if not shown.quiet:
            count = len(plan.space.settings)
            echo(f"{count:,} settings of {', '.join(knob.label for knob in plan.space.knobs)}", err=True)
        with (
            worker_pool(runs.workers, runs.scheduler) as pool,
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

            return tune(plan, pool, on_phase, on_runs)
    except KeyboardInterrupt as error:
        echo("interrupted", err=True)
        raise typer.Exit(INTERRUPTED) from error
    except ValueError as error:
        bad_input(str(error))
    except ImportError as error:
        bad_input(explain_missing(error) or str(error))
    except NoWorkers as error:
        broke(str(error))


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
