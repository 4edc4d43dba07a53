"""`simulator compare`: compares policies and platforms on the same traffic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.text import Text

from simulator.cli.exit_codes import BROKE, CHECK_FAILED, INTERRUPTED, OK, bad_input, hint_of
from simulator.cli.lab.answers import print_answer
from simulator.cli.lab.compare_options import (
    CandidateOptions,
    CompareRunOptions,
    ComparisonOutputs,
    FormerOptions,
    ScoreOptions,
)
from simulator.cli.lab.run_lines import outcome_lines
from simulator.cli.lab.tables import print_table, wide_console
from simulator.cli.lab.worker_options import ResumeOptions, opened_results, opened_workers, tell_interrupted
from simulator.cli.options import grouped
from simulator.cli.outputs import Outputs, summarize_step
from simulator.cli.platform.event_lines import check_loudness
from simulator.cli.printing import echo
from simulator.cli.scenarios.scenario_file import file_path, policy_files, scenario_names, tell_recordings
from simulator.cli.terminal import Terminal
from simulator.console.batch_progress import BatchProgress
from simulator.lab.backend_names import BACKEND_NAMES
from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.compare import Plan, compare
from simulator.lab.compare.comparison import Comparison, comparison_json, read_comparison, run_rows
from simulator.lab.compare.figures import Terms
from simulator.lab.compare.guard import check_against
from simulator.lab.compare.notes import WARNING
from simulator.lab.compare.page.html import comparison_html
from simulator.lab.compare.prices import read_prices
from simulator.lab.compare.run import Task, TaskOutcome, kept_tasks, task_name
from simulator.lab.compare.summary.markdown import comparison_markdown
from simulator.lab.compare.tables import difference_tables, failure_lines, main_tables, overall_table
from simulator.lab.extras import MissingLibrary, needed
from simulator.lab.table_file import write_table
from simulator.lab.workers.kept_results import KeptResults
from simulator.model.text.problems import one_of
from simulator.model.text.units import parse_duration
from simulator.scenario.problems import ScenarioError

FAILURES_SHOWN = 5


@grouped
def compare_verb(
    scenarios: Annotated[
        list[str],
        typer.Argument(
            autocompletion=scenario_names, metavar="FILE...", help="Scenario files, or names of shipped ones."
        ),
    ],
    chosen: CandidateOptions,
    shown: ComparisonOutputs,
    score: ScoreOptions,
    runs: CompareRunOptions,
    workers: ResumeOptions,
    former: FormerOptions,
) -> None:
    """Compare policies and platforms on the same traffic.

    Exit code 0: all ran; 1: worse than an earlier comparison; 2: bad input; 3: an internal error stopped a run.
    """
    check_loudness(quiet=shown.quiet, verbose=shown.verbose)
    try:
        before = None if former.fail_if_worse_than is None else read_comparison(former.fail_if_worse_than)
        plan = _plan(scenarios, chosen, score, runs)
        _require_libraries(shown)
        _check_suffix("--csv", shown.csv_file, ".csv")
        _check_suffix("--parquet", shown.parquet, ".parquet")
    except (ScenarioError, ValueError, MissingLibrary) as error:
        bad_input(str(error), hint_of(error))
    if shown.open_page and shown.html is None:
        bad_input("open = given, must come with --html F.html: there is no page to open")
    if runs.backend not in BACKEND_NAMES:
        bad_input(f"backend = {runs.backend!r}, must be {one_of(runs.backend, BACKEND_NAMES)}")
    with Outputs() as outputs:
        for each in plan.scenarios.values():
            outputs.protect(each.files)
        read = [file for file in (score.prices, former.fail_if_worse_than) if file is not None]
        outputs.protect(read + policy_files(*chosen.policy))
        if workers.resume is not None:
            outputs.claim("--resume", workers.resume)
        files = _opened(shown, outputs)
        comparison = _played(plan, workers, shown)
        _print(comparison)
        _write(comparison, files)
        summarize_step(comparison_markdown(comparison))
        outputs.commit()
    if shown.open_page and shown.html is not None:
        typer.launch(str(shown.html.resolve()))
    if comparison.failures:
        raise typer.Exit(BROKE)
    raise typer.Exit(OK if before is None else _verdict(comparison, before, former))


def _plan(scenarios: list[str], chosen: CandidateOptions, score: ScoreOptions, runs: CompareRunOptions) -> Plan:
    """Return the plan of the comparison. Raises ScenarioError or ValueError for bad input."""
    prices = {} if score.prices is None else read_prices(score.prices)
    candidates = candidates_of(chosen.policy, chosen.platform, prices, runs.on_policy_error)
    plan = Plan(
        [file_path(name) for name in dict.fromkeys(scenarios)],
        candidates,
        baseline=chosen.baseline or (candidates[0].label if candidates else ""),
        seeds=chosen.seeds,
        terms=Terms(None if score.slo is None else parse_duration(score.slo), score.miss_usd),
        backend=runs.backend,
        oracle=runs.oracle,
        objective=score.objective,
    )
    for each in plan.scenarios.values():
        tell_recordings(each)
    return plan


class _Files(NamedTuple):
    """The output files."""

    json: Path | None
    tables: list[Path]
    html: Path | None
    markdown: Path | None


def _opened(shown: ComparisonOutputs, outputs: Outputs) -> _Files:
    tables = (outputs.path("--csv", shown.csv_file), outputs.path("--parquet", shown.parquet))
    return _Files(
        outputs.path("--json", shown.json_file),
        [table for table in tables if table is not None],
        outputs.path("--html", shown.html),
        outputs.path("--markdown", shown.markdown_file),
    )


def _check_suffix(option: str, file: Path | None, suffix: str) -> None:
    """Raise ValueError if the suffix, which selects the format, is unknown."""
    if file is not None and file.suffix != suffix:
        msg = f"{option} = {str(file)!r}, must end in {suffix}"
        raise ValueError(msg)


def _require_libraries(shown: ComparisonOutputs) -> None:
    """Check the libraries that the outputs need before the runs, so that a missing one does not waste them."""
    if shown.parquet:
        needed("pyarrow")


def _played(plan: Plan, workers: ResumeOptions, shown: ComparisonOutputs) -> Comparison:
    console = Terminal(stderr=True, quiet=shown.quiet)
    names = {str(file): scenario.name for file, scenario in plan.scenarios.items()}
    try:
        if not shown.quiet:
            echo(_announced(plan), err=True)
        tasks = plan.tasks()
        with (
            opened_results(_kept(plan, workers)) as kept,
            opened_workers(workers, len(tasks), workers.resume) as pool,
            BatchProgress(console, "runs", len(tasks), first=task_name(tasks[0])) as progress,
        ):

            def on_done(task: Task, outcome: TaskOutcome, before: bool) -> None:
                progress.advance(task_name(task), before=before)
                if shown.verbose:
                    progress.print(outcome_lines(names[task.file], task, outcome))

            return compare(plan, pool, on_done, kept)
    except KeyboardInterrupt as error:
        tell_interrupted(workers)
        raise typer.Exit(INTERRUPTED) from error


def _kept(plan: Plan, workers: ResumeOptions) -> KeptResults[Task, TaskOutcome] | None:
    return None if workers.resume is None else kept_tasks(workers.resume, plan.scenarios, plan.all_candidates)


def _announced(plan: Plan) -> str:
    """Describe the planned runs."""
    names = ", ".join(candidate.label for candidate in plan.candidates)
    oracles = len(plan.all_candidates) - len(plan.candidates)
    cases = ", ".join(scenario.name for scenario in plan.scenarios.values())
    beside = f" and {oracles} oracle{'s' * (oracles != 1)} as measures" if oracles else ""
    return f"{len(plan.tasks())} runs: {names}{beside} on {cases}, {plan.seeds} seed{'s' * (plan.seeds != 1)} each"


def _print(comparison: Comparison) -> None:
    console = wide_console()
    if comparison.answer is not None:
        print_answer(f"All {len(comparison.cases)} cases", comparison.answer, console)
    for case in comparison.cases:
        if case.answer is not None:
            print_answer(case.name, case.answer, console)
        for note in case.notes:
            style = "bold yellow" if note.startswith(WARNING) else "yellow"
            console.print(Text(f"{case.name}: {note}.", style=style), soft_wrap=not console.is_terminal)
        console.print()
        for table in main_tables(case) + difference_tables(case, comparison.baseline):
            print_table(table, console)
        for line in failure_lines(case):
            console.print(Text(f"{case.name}: {line}."), soft_wrap=not console.is_terminal)
    if len(comparison.cases) > 1:
        print_table(overall_table(comparison), console)
    for failure in comparison.failures[:FAILURES_SHOWN]:
        echo(f"failed: {failure.candidate} on {failure.scenario}, seed {failure.seed}: {failure.error}", err=True)
    if len(comparison.failures) > FAILURES_SHOWN:
        echo(f"... and {len(comparison.failures) - FAILURES_SHOWN} more; --json has them all", err=True)


def _write(comparison: Comparison, files: _Files) -> None:
    if files.json is not None:
        files.json.write_text(comparison_json(comparison), encoding="utf-8")
    for file in files.tables:
        write_table(run_rows(comparison), file)
    if files.html is not None:
        files.html.write_text(comparison_html(comparison), encoding="utf-8")
    if files.markdown is not None:
        files.markdown.write_text(comparison_markdown(comparison), encoding="utf-8")


def _verdict(comparison: Comparison, before: Comparison, former: FormerOptions) -> int:
    verdict = check_against(comparison, before, former.tolerance)
    if verdict.compared == 0:
        bad_input("fail-if-worse-than = given, must have a case and a candidate of this comparison")
    for name in verdict.missing:
        echo(f"missing: {name}", err=True)
    if verdict.missing and not former.allow_missing:
        echo("what is missing cannot be judged, so this fails; --allow-missing accepts it", err=True)
    for worse in verdict.worse:
        echo(f"worse: {worse}", err=True)
    if not verdict.worse:
        echo(f"none of {verdict.compared} figures is worse than before", err=True)
    return CHECK_FAILED if verdict.failed(allow_missing=former.allow_missing) else OK
