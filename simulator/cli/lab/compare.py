"""`simulator compare`: policies and platforms compared on the same traffic."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import typer
from rich.text import Text

from simulator.cli.exit_codes import BROKE, CHECK_FAILED, INTERRUPTED, OK, bad_input
from simulator.cli.lab.batch_progress import BatchProgress
from simulator.cli.lab.tables import print_table, wide_console
from simulator.cli.outputs import Outputs
from simulator.cli.printing import echo
from simulator.cli.scenarios.name_completion import candidate_names, platform_names
from simulator.cli.scenarios.scenario_file import file_path, policy_files, scenario_names, tell_recordings
from simulator.cli.terminal import Terminal
from simulator.lab.backend_names import AUTO, BACKEND_NAMES
from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.compare import SEEDS_DEFAULT, Plan, compare
from simulator.lab.compare.comparison import Comparison, comparison_json, read_comparison, run_rows
from simulator.lab.compare.figures import MISS_USD, Terms
from simulator.lab.compare.guard import TOLERANCE, held_against
from simulator.lab.compare.notes import WARNING
from simulator.lab.compare.page.html import comparison_html
from simulator.lab.compare.prices import read_prices
from simulator.lab.compare.run import Task, TaskOutcome, task_name
from simulator.lab.compare.tables import best_candidate, difference_tables, failure_lines, main_tables, overall_table
from simulator.lab.extras import MissingLibrary, needed
from simulator.lab.table_file import write_table
from simulator.model.text.problems import one_of
from simulator.model.text.units import parse_duration
from simulator.rules.platforms.presets import PLATFORMS
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.scenario.problems import ScenarioError

FAILURES_SHOWN = 5


def compare_verb(
    scenarios: list[str] = typer.Argument(
        ..., autocompletion=scenario_names, metavar="FILE...", help="Scenario files, or names of shipped ones."
    ),
    policy: list[str] = typer.Option(
        [],
        autocompletion=candidate_names,
        metavar="NAME",
        help=f"A policy to compare; may be given again: configured (the scenario's, with its parameters), "
        f"FILE.py:CLASS, or one of {', '.join(POLICIES)}.",
    ),
    platform: list[str] = typer.Option(
        [],
        autocompletion=platform_names,
        metavar="NAME",
        help=f"A platform to compare; may be given again: {', '.join(PLATFORMS)}.",
    ),
    seeds: int = typer.Option(SEEDS_DEFAULT, min=1, max=10_000, help="Runs of each, with the same random numbers."),
    baseline: str | None = typer.Option(
        None, metavar="NAME", help="Baseline for the difference table; default: the first candidate."
    ),
    slo: str | None = typer.Option(
        None, metavar="TIME", help="Slower requests miss the SLO, such as 500ms; default: 5 x an undisturbed request."
    ),
    miss_usd: float = typer.Option(MISS_USD, min=0, help="Cost in the score of a request that misses the SLO."),
    prices: Path | None = typer.Option(None, metavar="F.yaml", help="Prices of your own, by platform and item."),
    backend: str = typer.Option(AUTO, help=f"Engine of the runs: {', '.join(BACKEND_NAMES)}."),
    oracle: bool = typer.Option(True, help="Also run the oracle, the reference for regret."),
    on_policy_error: OnPolicyError = typer.Option(
        OnPolicyError.STOP, help="When a policy of your own fails: stop that run, or keep the last desired count."
    ),
    workers: int = typer.Option(0, min=0, help="Processes of this machine; 0 is one for each core."),
    json_file: Path | None = typer.Option(None, "--json", metavar="F", help="Write the comparison as JSON to F."),
    csv_file: Path | None = typer.Option(None, "--csv", metavar="F.csv", help="Write a row for every run to F.csv."),
    parquet: Path | None = typer.Option(None, metavar="F.parquet", help="Write the same rows as Parquet."),
    html: Path | None = typer.Option(None, metavar="F.html", help="Write a page with charts: one file, no network."),
    fail_if_worse_than: Path | None = typer.Option(
        None,
        metavar="F.json",
        help="An earlier --json: exit 1 when latency, error rate, misses or cost are worse, or something is missing.",
    ),
    tolerance: float = typer.Option(TOLERANCE, min=0, help="By how much of its value a figure may be worse."),
    allow_missing: bool = typer.Option(
        False, "--allow-missing", help="Candidates, cases and seeds of the earlier --json may be missing."
    ),
    open_page: bool = typer.Option(False, "--open", help="Open the page of --html in the browser."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress: the result only."),
) -> None:
    """Compare policies and platforms on the same traffic.

    Exit code 0: all ran; 1: worse than an earlier comparison; 2: bad input; 3: an internal error stopped a run.
    """
    try:
        former = None if fail_if_worse_than is None else read_comparison(fail_if_worse_than)
        candidates = candidates_of(policy, platform, {} if prices is None else read_prices(prices), on_policy_error)
        plan = Plan(
            [file_path(name) for name in dict.fromkeys(scenarios)],
            candidates,
            baseline=baseline or (candidates[0].label if candidates else ""),
            seeds=seeds,
            terms=Terms(None if slo is None else parse_duration(slo), miss_usd),
            backend=backend,
            oracle=oracle,
        )
        for each in plan.scenarios.values():
            tell_recordings(each)
        _require_libraries(parquet, html)
        _check_suffix("--csv", csv_file, ".csv")
        _check_suffix("--parquet", parquet, ".parquet")
    except (ScenarioError, ValueError, MissingLibrary) as error:
        bad_input(str(error))
    if open_page and html is None:
        bad_input("open = given, must come with --html F.html: there is no page to open")
    if backend not in BACKEND_NAMES:
        bad_input(f"backend = {backend!r}, must be {one_of(backend, BACKEND_NAMES)}")
    with Outputs() as outputs:
        for each in plan.scenarios.values():
            outputs.protect(each.files)
        outputs.protect([file for file in (prices, fail_if_worse_than) if file is not None] + policy_files(*policy))
        files = _Files(
            outputs.path("--json", json_file),
            [
                made
                for made in (outputs.path("--csv", csv_file), outputs.path("--parquet", parquet))
                if made is not None
            ],
            outputs.path("--html", html),
        )
        comparison = _played(plan, workers, quiet=quiet)
        _print(comparison)
        _write(comparison, files)
        outputs.commit()
    if open_page and html is not None:
        typer.launch(str(html.resolve()))
    if comparison.failures:
        raise typer.Exit(BROKE)
    raise typer.Exit(OK if former is None else _verdict(comparison, former, tolerance, allow_missing=allow_missing))


class _Files(NamedTuple):
    """The output files."""

    json: Path | None
    tables: list[Path]
    html: Path | None


def _check_suffix(option: str, file: Path | None, suffix: str) -> None:
    """Raise ValueError for an unknown suffix, which determines the format."""
    if file is not None and file.suffix != suffix:
        msg = f"{option} = {str(file)!r}, must end in {suffix}"
        raise ValueError(msg)


def _require_libraries(parquet: Path | None, html: Path | None) -> None:
    """Check the libraries of the outputs before the runs, so that a missing one does not waste them."""
    wanted = [*(["pyarrow"] if parquet else []), *(["matplotlib", "jinja2"] if html else [])]
    for module in wanted:
        needed(module)


def _played(plan: Plan, workers: int, *, quiet: bool) -> Comparison:
    console = Terminal(stderr=True, quiet=quiet)
    try:
        if not quiet:
            echo(_announced(plan), err=True)
        tasks = plan.tasks()
        with BatchProgress(console, "runs", len(tasks), first=task_name(tasks[0])) as progress:

            def on_done(task: Task, _outcome: TaskOutcome) -> None:
                progress.advance(task_name(task))

            return compare(plan, workers or os.cpu_count() or 1, on_done)
    except KeyboardInterrupt as error:
        echo("interrupted", err=True)
        raise typer.Exit(INTERRUPTED) from error


def _announced(plan: Plan) -> str:
    """Describe the planned runs before the first one starts."""
    names = ", ".join(candidate.label for candidate in plan.candidates)
    oracles = len(plan.everybody) - len(plan.candidates)
    cases = ", ".join(scenario.name for scenario in plan.scenarios.values())
    beside = f" and {oracles} oracle{'s' * (oracles != 1)} as measures" if oracles else ""
    return f"{len(plan.tasks())} runs: {names}{beside} on {cases}, {plan.seeds} seed{'s' * (plan.seeds != 1)} each"


def _print(comparison: Comparison) -> None:
    console = wide_console()
    for case in comparison.cases:
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
    best = best_candidate(comparison)
    where = " in every case" * (len(comparison.cases) > 1)
    console.print(f"Best score of those that pass{where}: {best}" if best else f"No candidate passes{where}.")
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


def _verdict(comparison: Comparison, former: Comparison, tolerance: float, *, allow_missing: bool) -> int:
    verdict = held_against(comparison, former, tolerance)
    if verdict.compared == 0:
        bad_input("fail-if-worse-than = given, must have a case and a candidate of this comparison")
    for name in verdict.missing:
        echo(f"missing: {name}", err=True)
    if verdict.missing and not allow_missing:
        echo("what is missing cannot be judged, so this fails; --allow-missing accepts it", err=True)
    for worse in verdict.worse:
        echo(f"worse: {worse}", err=True)
    if not verdict.worse:
        echo(f"none of {verdict.compared} figures is worse than before", err=True)
    return CHECK_FAILED if verdict.failed(allow_missing=allow_missing) else OK
