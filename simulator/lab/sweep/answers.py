"""The answer of a sweep: which setting is best among those that pass, and how it differs from the scenario's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from simulator.lab.answer.alternatives import ERROR_RATE, MONTH_COST, P50, P95, P99, Alternative, AnswerFigure
from simulator.lab.answer.answer import answer_of
from simulator.lab.answer.parts import AnswerPart
from simulator.lab.frontier import failures_of
from simulator.lab.sweep.grid import Axis
from simulator.lab.sweep.point_run import Row
from simulator.scenario.changes import changed
from simulator.scenario.document import Document

# The figures of a point that an answer compares, and that may be its objective.
SWEEP_OBJECTIVES: Final[Mapping[str, AnswerFigure]] = {
    figure.name: figure for figure in (MONTH_COST, P50, P95, P99, ERROR_RATE)
}
MORE_RUNS: Final = "`--seeds 20` plays enough runs"


def sweep_answer(
    rows: Sequence[Row], axes: Sequence[str], own: Mapping[str, Any], objective: AnswerFigure
) -> AnswerPart:
    """Return the answer. `own`: the scenario's own values of the axes; it need not have all."""
    settings = settings_of(rows, axes)
    baseline = setting_name({name: own[name] for name in axes}) if set(axes) <= own.keys() else ""
    return answer_of(settings, baseline, objective, described=False, more_runs=MORE_RUNS)


def settings_of(rows: Sequence[Row], axes: Sequence[str]) -> list[Alternative]:
    """Return each combination of values with its figures by seed, without those of which every run failed."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(setting_name({name: row[name] for name in axes}), []).append(row)
    return [_setting(name, group) for name, group in groups.items() if any("error" not in row for row in group)]


def setting_name(values: Mapping[str, Any]) -> str:
    """Return a setting in words: `max_concurrency 20, min_size 2`."""
    return ", ".join(f"{name} {value}" for name, value in values.items())


def own_values(document: Document, axes: Sequence[Axis]) -> dict[str, Any]:
    """Return the values of the axes that the scenario file states itself."""
    return {
        axis.name: value
        for axis in axes
        for value in axis.values
        if changed(document, {axis.name: value}).data == document.data
    }


def _setting(name: str, group: Sequence[Row]) -> Alternative:
    columns = {figure: [_number(row.get(figure)) for row in group] for figure in SWEEP_OBJECTIVES}
    played = [row for row in group if "error" not in row]
    failed = Counter(text for row in played for text in str(row.get("failed_checks") or "").split("; ") if text)
    setting = Alternative(name, columns)
    return Alternative(name, columns, failing=failures_of(setting.mean(ERROR_RATE.name) or 0.0, failed, len(played)))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
