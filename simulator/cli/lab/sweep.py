"""`simulator sweep`: runs a scenario over a grid of its settings."""

from __future__ import annotations

import contextlib
import functools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from simulator.cli.exit_codes import CHECK_FAILED, INTERRUPTED, bad_input, broke
from simulator.cli.lab.answers import print_answer
from simulator.cli.lab.lab_options import SweepOutputs, SweepRunOptions
from simulator.cli.lab.run_lines import point_line
from simulator.cli.lab.tables import print_table, wide_console
from simulator.cli.lab.worker_options import WorkerOptions, opened_workers
from simulator.cli.options import grouped
from simulator.cli.outputs import Outputs, summarize_step
from simulator.cli.platform.event_lines import check_loudness
from simulator.cli.printing import echo
from simulator.cli.scenarios.scenario_file import file_path, policy_files, scenario_names, tell_recordings
from simulator.cli.terminal import Terminal
from simulator.console.batch_progress import BatchProgress
from simulator.lab.answer.markdown import answer_markdown
from simulator.lab.answer.parts import AnswerPart
from simulator.lab.backend_names import BACKEND_NAMES
from simulator.lab.compare.tables import Cell
from simulator.lab.compare.tables import Table as LabTable
from simulator.lab.sweep.answers import SWEEP_OBJECTIVES, own_values, sweep_answer
from simulator.lab.sweep.chart import COST, FAILING, LATENCY, LOST, draw, front_of, means
from simulator.lab.sweep.grid import Axis, GridPoint, parse_axis
from simulator.lab.sweep.page import sweep_html
from simulator.lab.sweep.point_run import Row, play_point
from simulator.lab.sweep.sweep import Sweep
from simulator.lab.table_file import FORMATS, write_table
from simulator.lab.workers.kept_results import ResultsConflict
from simulator.model.extras import explain_missing
from simulator.model.text.problems import one_of
from simulator.model.text.quantities import latency_text, ratio_text, usd_text
from simulator.scenario.document import parse_document
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, load_scenario

FAILURES_SHOWN = 5


@grouped
def sweep(
    scenario: Annotated[
        str,
        typer.Argument(
            autocompletion=scenario_names, metavar="FILE", help="A scenario file, or the name of a shipped scenario."
        ),
    ],
    vary: Annotated[
        list[str],
        typer.Option(
            metavar="FIELD=VALUES",
            help="What varies: max_concurrency=10,20,50, min_size=1..10, policy.window=30s,60s; may be given again.",
        ),
    ],
    shown: SweepOutputs,
    runs: SweepRunOptions,
    workers: WorkerOptions,
) -> None:
    """Run a scenario at every point of a grid of settings.

    After an interruption or a crash, the same command continues where it stopped. Exit code 0: all ran; 1: some failed;
    2: bad input.
    """
    check_loudness(quiet=shown.quiet, verbose=shown.verbose)
    path, out = file_path(scenario), shown.out
    if out.suffix not in FORMATS:
        bad_input(f"out = {str(out)!r}, must end in {' or '.join(FORMATS)}")
    if runs.backend not in BACKEND_NAMES:
        bad_input(f"backend = {runs.backend!r}, must be {one_of(runs.backend, BACKEND_NAMES)}")
    if runs.objective not in SWEEP_OBJECTIVES:
        bad_input(f"objective = {runs.objective!r}, must be {one_of(runs.objective, SWEEP_OBJECTIVES)}")
    console = Terminal(stderr=True)
    try:
        axes = [parse_axis(text) for text in vary]
        count = runs.seeds * math.prod(len(axis.values) for axis in axes)
        play = functools.partial(play_point, backend=runs.backend, runs=count)
        inputs, first = _first(path, axes)
        plan = Sweep(path, axes, [first + number for number in range(runs.seeds)], out, play, inputs)
        own = own_values(parse_document(path.read_text(encoding="utf-8"), str(path)), axes)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    with Outputs() as outputs:
        outputs.protect(inputs)
        table, picture = outputs.path("--out", out), outputs.path("--chart", shown.chart)
        outputs.claim("--out's journal", plan.journal)
        texts = {name: outputs.path(name, file) for name, file in shown.texts.items()}
        rows, before = _rows(plan, workers, Terminal(stderr=True, quiet=shown.quiet), verbose=shown.verbose)
        assert table is not None
        answer = sweep_answer(rows, [axis.name for axis in axes], own, SWEEP_OBJECTIVES[runs.objective])
        _write(rows, plan, table, picture)
        _write_answer(answer, rows, plan, texts)
        outputs.commit()
    plan.forget()
    console.print(
        f"{len(rows)} points in {out}{f', {before} of them played by an earlier start' if before else ''}",
        markup=False,
        soft_wrap=True,
    )
    print_answer(plan.file.stem, answer, wide_console())
    failed = [row for row in rows if "error" in row]
    _tell(rows, failed, axes, console)
    raise typer.Exit(CHECK_FAILED if failed else 0)


def _first(path: Path, axes: Sequence[Axis]) -> tuple[list[Path], int]:
    """Return the files that the sweep reads, and its seed. An unknown axis is reported before any run."""
    changes = {axis.name: axis.values[0] for axis in axes}
    scenario = load_scenario(path, changes)
    scenario.require("virtual")
    tell_recordings(scenario)
    files = _files(scenario)
    for axis in axes:
        for value in axis.values[1:]:
            if isinstance(value, str | dict | list):  # may name a file; an invalid point is reported when it is played
                with contextlib.suppress(ScenarioError, ValueError):
                    files += _files(load_scenario(path, {**changes, axis.name: value}))
    return list(dict.fromkeys(files)), scenario.seed


def _files(scenario: ScenarioSpec) -> list[Path]:
    return scenario.files + policy_files(*(service.policy.name for service in scenario.services.values()))


def _rows(plan: Sweep, workers: WorkerOptions, console: Console, *, verbose: bool) -> tuple[list[Row], int]:
    """Return the rows, and the number of rows that an earlier start has finished."""
    befores: list[bool] = []
    try:
        with (
            opened_workers(workers, len(plan), plan.journal) as pool,
            BatchProgress(console, plan.file.stem, len(plan)) as progress,
        ):

            def on_row(point: GridPoint, row: Row, before: bool) -> None:
                befores.append(before)
                progress.advance(before=before)
                if verbose:
                    progress.print([point_line(point, row, before=before)])

            return plan.run(pool, on_row, lambda note: echo(f"note: {note}", err=True)), sum(befores)
    except ResultsConflict as error:
        bad_input(str(error))
    except KeyboardInterrupt as error:
        echo(f"interrupted; the same command continues from {plan.journal}", err=True)
        raise typer.Exit(INTERRUPTED) from error
    except OSError as error:
        broke(f"the sweep failed: {error}")


def _write(rows: Sequence[Row], plan: Sweep, table: Path, chart: Path | None) -> None:
    """Write the result. The journal is kept until then, so that a failed write can be repeated without new runs."""
    names = [axis.name for axis in plan.axes]
    try:
        write_table(rows, table)
        if chart is not None:
            draw(rows, names, plan.file.stem, chart)
    except ImportError as error:
        bad_input(explain_missing(error) or str(error))
    except ValueError as error:
        bad_input(str(error))
    except OSError as error:
        why = error.strerror or error
        broke(f"the result could not be written: {why}; the same command writes it from {plan.journal}")


def _write_answer(answer: AnswerPart, rows: Sequence[Row], plan: Sweep, texts: Mapping[str, Path | None]) -> None:
    """Write the answer to the files that were asked for, and to the summary of a step."""
    title, markdown = plan.file.stem, answer_markdown(plan.file.stem, answer)
    summarize_step(markdown)
    if (file := texts["--json"]) is not None:
        file.write_text(answer.model_dump_json(indent=1) + "\n", encoding="utf-8")
    if (file := texts["--markdown"]) is not None:
        file.write_text(markdown, encoding="utf-8")
    if (file := texts["--html"]) is not None:
        file.write_text(sweep_html(title, rows, [axis.name for axis in plan.axes], answer), encoding="utf-8")


def _tell(rows: Sequence[Row], failed: Sequence[Row], axes: Sequence[Axis], console: Console) -> None:
    names = [axis.name for axis in axes]
    mean_rows = means(rows, names)
    _print_unable(rows, console)
    front = front_of(mean_rows)
    if front:
        table = LabTable(
            "Among the points that pass, no other is both cheaper and faster",
            (*names[1:], "p95", "error rate", "USD a month"),
            tuple((str(mean_rows[index][names[0]]), _cells(mean_rows[index], names)) for index in front),
            heading=names[0],
        )
        print_table(table, wide_console())
        _print_basis(rows, console)
    _print_failing(mean_rows, has_front=bool(front), console=console)
    for row in failed[:FAILURES_SHOWN]:
        point = ", ".join(f"{name} = {row[name]}" for name in (*names, "seed"))
        console.print(f"failed: {point}: {row['error']}", markup=False, soft_wrap=True)
    if len(failed) > FAILURES_SHOWN:
        console.print(f"... and {len(failed) - FAILURES_SHOWN} more; the column `error` has them all")


def _print_basis(rows: Sequence[Row], console: Console) -> None:
    """Print the basis of the monthly costs: a run ends with its last request, so each run has its own duration."""
    bases = list(dict.fromkeys(str(row["month_rests_on"]) for row in rows if row.get("month_rests_on")))
    if bases:
        others = len(bases) - 1
        more = f" ({others} other length{'s' * (others != 1)} in the column month_rests_on)" if others else ""
        console.print(f"USD a month: {bases[0]}{more}", markup=False, soft_wrap=True)


def _print_unable(rows: Sequence[Row], console: Console) -> None:
    """Print the number of points whose policy cannot scale out at any load, by reason (column `cannot_act`)."""
    for text, count in Counter(str(row["cannot_act"]) for row in rows if row.get("cannot_act")).most_common():
        console.print(f"Warning: {count} of {len(rows)} runs cannot act: {text}", markup=False, soft_wrap=True)


def _cells(row: Row, names: Sequence[str]) -> tuple[Cell, ...]:
    latency, lost, cost = (float(row[name] or 0) for name in (LATENCY, LOST, COST))
    figures = (latency_text(latency), ratio_text(lost), usd_text(cost))
    return tuple(Cell(text) for text in (*(str(row[name]) for name in names[1:]), *figures))


def _print_failing(mean_rows: Sequence[Row], *, has_front: bool, console: Console) -> None:
    """Print the number of points that fail, and the number for each reason."""
    failing = [str(row[FAILING]) for row in mean_rows if row[FAILING]]
    if not failing:
        return
    reasons = Counter(
        "error rate of 5 % and more" if text.startswith("error rate") else text
        for reasons in failing
        for text in reasons.split("; ")
    )
    counted = ", ".join(f"{text} ({count})" for text, count in reasons.most_common())
    head = f"{len(failing)} of {len(mean_rows)} points fail" if has_front else "No point passes, so none is best"
    console.print(f"{head}: {counted}", markup=False, soft_wrap=True)
