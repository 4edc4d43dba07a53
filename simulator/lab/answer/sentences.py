"""An answer in words, such as `knative costs 12 % less than app-runner (8 to 16 %) at the same p95`.

The headline names the best alternative, those that tie with it, and the differences from the baseline. A sentence for
each other alternative follows, in the order of the objective; the last sentence says what the intervals mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.lab.answer.alternatives import AnswerFigure
from simulator.lab.answer.differences import margin_of
from simulator.lab.answer.parts import AnswerDifference, RankPart
from simulator.lab.statistics import RUNS_MIN
from simulator.model.text.quantities import digits_text

_PERCENT: Final = 100.0
# From twice the value on, a factor is easier to read than a percentage.
_FACTOR_FROM: Final = 2.0
# Factors below this have at least one decimal place.
_WHOLE_FROM: Final = 10.0
# Names of ties in the headline; the ranking has all.
_NAMES_MAX: Final = 4
# An interval that is narrower, in percent, points or times, is not written.
_NO_WIDTH: Final = 1e-4
_PLACES_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class Told:
    """What the sentences are made of. `figures`: the objective and the other compared figures, in this order.

    `others_max`: how many other alternatives have a sentence; None: all.
    """

    objective: AnswerFigure
    figures: Sequence[AnswerFigure]
    ranking: Sequence[RankPart]
    best: str
    baseline: str
    ties: Sequence[str]
    differences: Sequence[AnswerDifference]
    runs: int
    comparisons: int
    more_runs: str = ""
    others_max: int | None = None

    def of(self, alternative: str, against: str) -> list[tuple[AnswerFigure, AnswerDifference]]:
        """Return the differences of two alternatives, in the order of `figures`."""
        found = {
            part.figure: part
            for part in self.differences
            if part.alternative == alternative and part.against == against
        }
        return [(figure, found[figure.name]) for figure in self.figures if figure.name in found]


def told(given: Told) -> list[str]:
    """Return the headline, a sentence for each other alternative, and how certain the answer is."""
    others = []
    for rank in given.ranking:
        if rank.alternative in {given.best, given.baseline}:
            continue
        against = given.baseline or given.best
        if found := given.of(rank.alternative, against):
            failing = f"; it fails: {'; '.join(rank.failing)}" if rank.failing else ""
            others.append(f"{difference_sentence(found, rank.alternative, against)}{failing}.")
    certainty = _certainty(given)
    return [_headline(given), *others[: given.others_max], *([certainty] if certainty else [])]


def difference_sentence(found: Sequence[tuple[AnswerFigure, AnswerDifference]], name: str, against: str) -> str:
    """Return the differences of `name` from `against` as a sentence without its full stop."""
    changed = [(figure, part) for figure, part in found if _is_change(figure, part)]
    unchanged = [(figure, part) for figure, part in found if not _is_change(figure, part)]
    same = [figure.noun for figure, part in unchanged if part.judgement in {"same", "no interval"}]
    unclear = [figure.noun for figure, part in found if part.judgement == "not significant"]
    changed.sort(key=lambda pair: not pair[0].is_cost)  # the cost first, the others in their order
    if changed:
        text = _first_change(*changed[0], name, against) + (f" at the same {_listed(same)}" if same else "")
        its = [_further_change(figure, part) for figure, part in changed[1:]]
        text += f"; {_listed(its)}" if its else ""
    elif not unclear:
        return f"{name} does not differ from {against} in {_listed(same)}"
    elif not same:
        return f"No difference between {name} and {against} in {_listed(unclear)} is significant"
    else:
        text = f"{name} has the same {_listed(same)} as {against}"
    if unclear:
        several = len(unclear) > 1
        text += f"; the difference{'s' * several} in {_listed(unclear)} {'are' if several else 'is'} not significant"
    return text


def _is_change(figure: AnswerFigure, part: AnswerDifference) -> bool:
    """Return True for a difference to be written; without an interval, for one that would matter."""
    return part.judgement in {"less", "more"} or (
        part.judgement == "no interval" and abs(part.mean) > margin_of(figure)
    )


def _headline(given: Told) -> str:
    if len(given.ranking) == 1:
        return f"Only {given.ranking[0].alternative} was played: there is nothing to compare it with."
    if not given.best:
        reasons = [f"{rank.alternative} ({'; '.join(rank.failing)})" for rank in given.ranking if rank.failing]
        return f"None passes: {_listed(_shortened(reasons))}." if reasons else f"No {given.objective.noun} is known."
    texts = [_best_text(given)]
    if given.baseline not in {"", given.best} and (found := given.of(given.best, given.baseline)):
        texts.append(f"{difference_sentence(found, given.best, given.baseline)}.")
    base = next((rank for rank in given.ranking if rank.alternative == given.baseline), None)
    if base is not None and base.failing:
        texts.append(f"{base.alternative} fails: {'; '.join(base.failing)}.")
    return " ".join(texts)


def _best_text(given: Told) -> str:
    passing = sum(not rank.failing for rank in given.ranking)
    if passing == 1:
        return f"{given.best} is the only one that passes."
    of_those = " of those that pass" if passing < len(given.ranking) else ""
    lowest = f"{given.best} has the lowest {given.objective.noun}{of_those}"
    if given.ties:
        several = len(given.ties) > 1
        return (
            f"{lowest}, but a tie with {_listed(_shortened(given.ties))}: the "
            f"difference{'s are' if several else ' is'} not significant."
        )
    return f"{lowest}."


def _certainty(given: Told) -> str:
    if not given.comparisons or given.runs == 0:
        return ""
    if given.runs < RUNS_MIN:
        runs = "One run of each gives" if given.runs == 1 else "Two runs of each give"
        return (
            f"{runs} no interval, so every difference may be chance{f'; {given.more_runs}' if given.more_runs else ''}."
        )
    runs = f"{given.runs} runs of each, compared run by run with the same seeds"
    if given.comparisons == 1:
        return f"{runs}; the interval has a confidence of 95 %."
    return f"{runs}; all {given.comparisons} intervals hold together with a confidence of 95 % (Bonferroni)."


def _first_change(figure: AnswerFigure, part: AnswerDifference, name: str, against: str) -> str:
    amount, joint, interval = _amount(figure, part)
    if figure.is_cost:
        return f"{name} costs {amount} {joint} {against}{interval}"
    return f"The {figure.noun} of {name} is {amount} {joint} that of {against}{interval}"


def _further_change(figure: AnswerFigure, part: AnswerDifference) -> str:
    amount, _, interval = _amount(figure, part)
    return f"its {figure.noun} is {amount}{interval}"


def _amount(figure: AnswerFigure, part: AnswerDifference) -> tuple[str, str, str]:
    """Return a difference as (`12 % less`, `than`, ` (8 to 16 %)`) or (`2.3 times as high`, `as`, ` (2.1 to 2.6)`)."""
    if part.unit == "share" and 1 + part.mean >= _FACTOR_FROM:
        factors = [] if part.low is None or part.high is None else [1 + part.low, 1 + part.high]
        size, ends = _rounded(1 + part.mean, factors, places_min=int(1 + part.mean < _WHOLE_FROM))
        return f"{size} times as {'much' if figure.is_cost else 'high'}", "as", f" ({ends})" if ends else ""
    factor = 1.0 if figure.unit == "percent" else _PERCENT
    bounds = [] if part.low is None or part.high is None else sorted((abs(part.low) * factor, abs(part.high) * factor))
    size, ends = _rounded(abs(part.mean) * factor, bounds)
    less, more = ("less", "more") if figure.is_cost else ("lower", "higher")
    unit = " %" if part.unit == "share" else ""
    amount = f"{size}{unit or ' percentage points'} {less if part.mean < 0 else more}"
    return amount, "than", f" ({ends}{unit})" if ends else ""


def _rounded(mean: float, bounds: Sequence[float], places_min: int = 0) -> tuple[str, str]:
    """Return the mean and the interval as text, with as many decimal places as the width of the interval supports."""
    width = bounds[1] - bounds[0] if bounds else 0.0
    if width <= _NO_WIDTH:
        return digits_text(mean, 2), ""
    places = min(_PLACES_MAX, max(places_min, math.ceil(-math.log10(width))))
    low, high = (f"{bound:,.{places}f}" for bound in bounds)
    return f"{mean:,.{places}f}", f"{low} to {high}"


def _shortened(names: Sequence[str]) -> list[str]:
    more = len(names) - _NAMES_MAX
    return [*names[:_NAMES_MAX], *([f"{more} more"] if more > 0 else [])]


def _listed(names: Sequence[str]) -> str:
    """Join with commas and a final `and`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""
