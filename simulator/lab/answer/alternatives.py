"""What an answer is computed from: alternatives that were played with the same seeds, and the figures to compare."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from simulator.lab.statistics import Scope
from simulator.model.text.quantities import Unit


@dataclass(frozen=True, slots=True)
class AnswerFigure:
    """A figure that an answer compares; lower is better.

    `noun` names it in a sentence. A cost has the verb "to cost" instead. The differences of a `ratio`, such as an error
    rate, are in percentage points; those of other figures are relative.
    """

    name: str
    noun: str
    unit: Unit
    is_cost: bool = False

    @property
    def is_relative(self) -> bool:
        return self.unit not in {"ratio", "percent"}

    def scope(self, step: float) -> Scope:
        """Return the bounds of the figure, with the smallest change that one event makes to it."""
        return Scope(0.0, 1.0 if self.unit == "ratio" else 100.0 if self.unit == "percent" else math.inf, step)


@dataclass(frozen=True, slots=True)
class Alternative:
    """A candidate of a comparison, or a setting of a sweep.

    `columns`: figure to its values by seed, in the same order for all alternatives; None: nothing to measure, or the
    run failed. `steps`: the smallest change of a figure by one event. `failing`: why it must not be chosen; empty if it
    passes.
    """

    name: str
    columns: Mapping[str, Sequence[float | None]]
    steps: Mapping[str, float] = field(default_factory=dict)
    failing: tuple[str, ...] = ()

    def mean(self, figure: str) -> float | None:
        """Return the mean over the runs in which the figure was measured."""
        known = [value for value in self.columns.get(figure, ()) if value is not None]
        return math.fsum(known) / len(known) if known else None


SCORE: Final = AnswerFigure("score", "score", "usd")
MONTH_COST: Final = AnswerFigure("month_usd", "cost", "usd", is_cost=True)
P50: Final = AnswerFigure("latency_p50_s", "p50", "s")
P95: Final = AnswerFigure("latency_p95_s", "p95", "s")
P99: Final = AnswerFigure("latency_p99_s", "p99", "s")
ERROR_RATE: Final = AnswerFigure("error_rate", "error rate", "ratio")
SLO_MISSES: Final = AnswerFigure("slo_miss_ratio", "share of SLO misses", "ratio")

OBJECTIVES: Final[Mapping[str, AnswerFigure]] = {
    figure.name: figure for figure in (SCORE, MONTH_COST, P50, P95, P99, ERROR_RATE, SLO_MISSES)
}
COMPARED: Final = (MONTH_COST, P95, ERROR_RATE)
"""Figures that every answer compares, besides its objective."""
