"""Differences of two alternatives, run by run with the same seeds, and what can be said about them.

A relative difference is a ratio of means, `mean(ours) / mean(theirs) - 1`, with an interval by linearisation: the
values `(ours - ratio * theirs) / mean(theirs)` of the runs vary as the ratio does (W. G. Cochran, Sampling Techniques,
3rd edition, 1977, section 6.3). Runs with the same seed have the same traffic, so these values vary less than ours or
theirs.

The intervals of an answer hold together: with `count` comparisons each one has the confidence `1 - 0.05 / count`
(Bonferroni), so that with a probability of 95 % no interval of the answer is wrong. Tests of the same comparisons are
not a further family: a difference is significant if its interval does not include 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

from simulator.lab.answer.alternatives import Alternative, AnswerFigure
from simulator.lab.statistics import CONFIDENCE, Estimate, Scope, estimate, paired

Judgement = Literal["less", "more", "same", "not significant", "no interval"]

# Differences within these bounds do not matter for a choice: 1 % of a cost, a score or a latency, and a hundredth of a
# percentage point of a share of requests, which is a tenth of what an SLO of three nines allows.
SAME_RELATIVE: Final = 0.01
SAME_RATIO: Final = 1e-4
_PERCENT: Final = 100.0


def confidence_of_each(count: int) -> float:
    """Return the confidence of each of `count` intervals that hold together with 95 %."""
    return 1 - (1 - CONFIDENCE) / max(1, count)


def difference(ours: Alternative, theirs: Alternative, figure: AnswerFigure, confidence: float) -> Estimate | None:
    """Return the difference of a figure, ours minus theirs; None if it cannot be computed.

    A relative difference is a share of theirs: -0.12 is 12 % less.
    """
    mine, yours = (each.columns.get(figure.name) for each in (ours, theirs))
    if mine is None or yours is None:
        return None
    step = max(ours.steps.get(figure.name, 0.0), theirs.steps.get(figure.name, 0.0))
    if figure.is_relative:
        return relative_difference(mine, yours, step, confidence)
    return paired(mine, yours, figure.scope(step), confidence)


def relative_difference(
    ours: Sequence[float | None], theirs: Sequence[float | None], step: float, confidence: float
) -> Estimate | None:
    """Return `mean(ours) / mean(theirs) - 1` over the runs that have both; None without such runs or if theirs is 0."""
    both = [(a, b) for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None]
    if not both:
        return None
    mean = math.fsum(b for _, b in both) / len(both)
    if mean <= 0:
        return None
    ratio = math.fsum(a for a, _ in both) / len(both) / mean
    return estimate(
        [ratio - 1 + (a - ratio * b) / mean for a, b in both], Scope(-1.0, math.inf, step / mean), confidence
    )


def judged(found: Estimate, figure: AnswerFigure, *, is_equal: bool = False) -> Judgement:
    """Return what the interval says. `is_equal`: the figure is the same in every run."""
    margin = margin_of(figure)
    if is_equal:
        return "same"
    if found.low is None or found.high is None:
        return "no interval"
    if -margin <= found.low and found.high <= margin:
        return "same"
    return "less" if found.high < 0 else "more" if found.low > 0 else "not significant"


def margin_of(figure: AnswerFigure) -> float:
    """Return the difference up to which two values count as the same."""
    return SAME_RELATIVE if figure.is_relative else SAME_RATIO * (_PERCENT if figure.unit == "percent" else 1)


def is_equal_in_every_run(ours: Alternative, theirs: Alternative, figure: AnswerFigure) -> bool:
    """Return True if the figure has the same value in each pair of runs."""
    return tuple(ours.columns.get(figure.name, ())) == tuple(theirs.columns.get(figure.name, ()))
