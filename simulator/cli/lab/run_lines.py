"""A line for each finished run of a batch, which `--verbose` prints on standard error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from simulator.lab.compare.figures import FIGURES
from simulator.lab.compare.run import Task, TaskOutcome, task_name
from simulator.lab.sweep.grid import GridPoint
from simulator.lab.sweep.point_run import Row
from simulator.lab.validate.validate import CaseResult
from simulator.model.text.quantities import quantity_text

# The figures in a line by their names, in this order; a figure that the run does not have is omitted.
_SHOWN: Final = {
    "requests": "requests",
    "latency_p95_s": "p95",
    "error_rate": "error rate",
    "slo_miss_ratio": "SLO misses",
    "run_usd": "cost",
    "month_usd": "per month",
}


def outcome_lines(case: str, task: Task, outcome: TaskOutcome) -> Iterable[str]:
    """Yield a line for every service of a run of `compare` on the scenario named `case`, or the run's error."""
    run = f"{case}, {task_name(task)}"
    if outcome.error:
        yield f"{run}: failed: {outcome.error}"
    for name, service in outcome.services.items():
        changes = f"{service.decisions} decision{'s' * (service.decisions != 1)}"
        failed = f"; failed checks: {'; '.join(service.failed_checks)}" if service.failed_checks else ""
        yield f"{run}: {name}: {_figures_text(service.values)}, {changes}{failed}"


def point_line(point: GridPoint, row: Row, *, before: bool) -> str:
    """Return the line of a point of `sweep`. `before`: True if an earlier start has played it."""
    values = ", ".join(f"{name} = {value}" for name, value in (*point.changes, ("seed", point.seed)))
    numbers = {name: value for name, value in row.items() if isinstance(value, int | float)}
    text = f"failed: {row['error']}" if "error" in row else _figures_text(numbers)
    return f"{values}: {text}{' (by an earlier start)' if before else ''}"


def case_line(result: CaseResult) -> str:
    """Return the line of a case of `validate`."""
    missed = [finding.figure for finding in result.findings if not finding.passed]
    verdict = f"MISS: {', '.join(missed)}" if missed else "ok"
    count = len(result.findings)
    return f"{result.case.number} {result.case.title}: {count} figure{'s' * (count != 1)}, {verdict}"


def _figures_text(values: Mapping[str, float | None]) -> str:
    shown = [(name, value) for name in _SHOWN if (value := values.get(name)) is not None]
    return ", ".join(f"{_SHOWN[name]} {quantity_text(value, FIGURES[name].unit)}" for name, value in shown)
