"""The answer of each case of a comparison, and over all cases.

Over several cases a figure is the geometric mean of the cases' means, so that no case counts more because its figures
are large; shares of requests are averaged. The values by seed are linearised: `G (1 + mean over cases of (value / mean
of the case - 1))`, whose mean is the geometric mean `G` and which vary as it does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from simulator.lab.answer.alternatives import COMPARED, OBJECTIVES, Alternative, AnswerFigure
from simulator.lab.answer.answer import answer_of
from simulator.lab.answer.parts import AnswerPart
from simulator.lab.compare.comparison import CasePart, OverallPart, RowPart
from simulator.lab.compare.tables import is_oracle

MORE_RUNS: Final = "`--seeds 20` plays enough runs"
Column = list[float | None]


def case_answer(
    rows: Sequence[RowPart],
    equal: Sequence[Sequence[str]],
    steps: Mapping[str, Mapping[str, float]],
    baseline: str,
    objective: str,
) -> AnswerPart:
    """Return the answer of a case. `steps`: candidate and figure to the smallest change by one event."""
    left_out = {name for names in equal for name in names if name != (baseline if baseline in names else names[0])}
    return answer_of(
        [
            Alternative(row.candidate, row.values, steps.get(row.candidate, {}), tuple(row.failing))
            for row in rows
            if not is_oracle(row.candidate) and row.candidate not in left_out
        ],
        baseline,
        OBJECTIVES[objective],
        more_runs=MORE_RUNS,
    )


def overall_answer(
    cases: Sequence[CasePart], overall: Sequence[OverallPart], baseline: str, objective: str
) -> AnswerPart:
    """Return the answer over all cases."""
    figures = {figure.name: figure for figure in (OBJECTIVES[objective], *COMPARED)}.values()
    return answer_of(
        [
            Alternative(
                part.candidate,
                {figure.name: _over_cases(cases, part.candidate, figure) for figure in figures},
                failing=tuple(part.failing),
            )
            for part in overall
            if not is_oracle(part.candidate)
        ],
        baseline,
        OBJECTIVES[objective],
        more_runs=MORE_RUNS,
    )


def _over_cases(cases: Sequence[CasePart], candidate: str, figure: AnswerFigure) -> Column:
    """Return the figure's values by the place of the seed, of which every case has the same number."""
    columns = [row.values.get(figure.name, []) for case in cases for row in case.rows if row.candidate == candidate]
    places = list(zip(*columns, strict=True))
    if not figure.is_relative:
        return [_mean(values) for values in places]
    means = [_mean([value for value in column if value is not None]) for column in columns]
    known = [mean for mean in means if mean is not None and mean > 0]
    if len(known) < len(columns):
        return [None for _ in places]
    whole = math.exp(math.fsum(map(math.log, known)) / len(known))
    shares = [_mean([None if v is None else v / m for v, m in zip(values, known, strict=True)]) for values in places]
    return [None if share is None else whole * share for share in shares]


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the mean; None if a value is missing, or without values."""
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(values) else None
