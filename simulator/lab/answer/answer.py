"""Computes an answer: the best alternative, those that tie with it, and the differences from the baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simulator.lab.answer.alternatives import COMPARED, Alternative, AnswerFigure
from simulator.lab.answer.differences import confidence_of_each, difference, is_equal_in_every_run, judged
from simulator.lab.answer.parts import AnswerDifference, AnswerPart, RankPart
from simulator.lab.answer.sentences import Told, told
from simulator.lab.statistics import CONFIDENCE

Pair = tuple[Alternative, Alternative, AnswerFigure]


def answer_of(
    alternatives: Sequence[Alternative],
    baseline: str,
    objective: AnswerFigure,
    *,
    described: bool = True,
    more_runs: str = "",
) -> AnswerPart:
    """Return the answer. The runs of all alternatives have the same seeds in the same order.

    `baseline`: the name of the alternative that the others are compared with, the best one if empty. `described`: a
    sentence for each alternative, not only for the best one and the baseline. `more_runs`: how to play more runs, for
    answers without intervals.
    """
    ranked = _ranked(alternatives, objective)
    best = next((each for each in ranked if not each.failing and each.mean(objective.name) is not None), None)
    base = next((each for each in alternatives if each.name == baseline), best)
    pairs = _pairs(ranked, best, base, objective, described=described)
    confidence = confidence_of_each(len(pairs))
    differences = [part for pair in pairs if (part := _difference(*pair, confidence)) is not None]
    ties = [] if best is None else _ties(ranked, best, objective, differences)
    ranking = [_rank(each, objective, best, ties) for each in ranked]
    runs = max((len(column) for each in alternatives for column in each.columns.values()), default=0)
    words = told(
        Told(
            objective=objective,
            figures=_figures(objective),
            ranking=ranking,
            best="" if best is None else best.name,
            baseline="" if base is None else base.name,
            ties=ties,
            differences=differences,
            runs=runs,
            comparisons=len(pairs),
            more_runs=more_runs,
            others_max=None if described else 1,
        )
    )
    return AnswerPart(
        objective=objective.name,
        best="" if best is None else best.name,
        baseline="" if base is None else base.name,
        ties=ties,
        runs=runs,
        confidence=CONFIDENCE,
        comparisons=len(pairs),
        differences=differences,
        ranking=ranking,
        headline=words[0],
        sentences=list(words[1:]),
    )


def _figures(objective: AnswerFigure) -> list[AnswerFigure]:
    return [objective, *(figure for figure in COMPARED if figure.name != objective.name)]


def _ranked(alternatives: Sequence[Alternative], objective: AnswerFigure) -> list[Alternative]:
    """Return those that pass first, then by the objective; equal ones keep their order."""

    def place(each: Alternative) -> tuple[bool, float]:
        mean = each.mean(objective.name)
        return bool(each.failing), math.inf if mean is None else mean

    return sorted(alternatives, key=place)


def _pairs(
    ranked: Sequence[Alternative],
    best: Alternative | None,
    base: Alternative | None,
    objective: AnswerFigure,
    *,
    described: bool,
) -> list[Pair]:
    """Return the comparisons of the answer: with the baseline in all figures, with the best one in the objective."""
    pairs: dict[tuple[str, str, str], Pair] = {}

    def add(ours: Alternative, theirs: Alternative, figures: Sequence[AnswerFigure]) -> None:
        for figure in figures:
            pairs.setdefault((ours.name, theirs.name, figure.name), (ours, theirs, figure))

    for each in ranked:
        if base is not None and each is not base and (described or each is best):
            add(each, base, _figures(objective))
        if best is not None and each is not best and not each.failing:
            add(each, best, [objective])
    runner_up = next((each for each in ranked if each is not best and not each.failing), None)
    if best is not None and runner_up is not None and best is base and not described:
        add(runner_up, best, _figures(objective))
    return list(pairs.values())


def _difference(
    ours: Alternative, theirs: Alternative, figure: AnswerFigure, confidence: float
) -> AnswerDifference | None:
    found = difference(ours, theirs, figure, confidence)
    if found is None:
        return None
    is_equal = is_equal_in_every_run(ours, theirs, figure)
    return AnswerDifference(
        alternative=ours.name,
        against=theirs.name,
        figure=figure.name,
        unit="share" if figure.is_relative else "points",
        mean=found.mean,
        low=found.low,
        high=found.high,
        judgement=judged(found, figure, is_equal=is_equal),
    )


def _ties(
    ranked: Sequence[Alternative],
    best: Alternative,
    objective: AnswerFigure,
    differences: Sequence[AnswerDifference],
) -> list[str]:
    """Return those that pass and whose objective is not significantly worse than the best one's."""
    judgements = {
        part.alternative: part.judgement
        for part in differences
        if part.against == best.name and part.figure == objective.name
    }
    return [each.name for each in ranked if judgements.get(each.name) in {"same", "not significant"}]


def _rank(each: Alternative, objective: AnswerFigure, best: Alternative | None, ties: Sequence[str]) -> RankPart:
    return RankPart(
        alternative=each.name,
        mean=each.mean(objective.name),
        place="best" if each is best else "fails" if each.failing else "tie" if each.name in ties else "",
        failing=list(each.failing),
    )
