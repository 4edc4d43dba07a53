"""An answer as data: a part of the comparison and of the sweep that `--json` writes."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from simulator.lab.answer.differences import Judgement
from simulator.model.text.field_docstrings import DescribedModel


class AnswerModel(DescribedModel):
    """Base class of the parts of an answer. The docstring under a field is its description in the schema."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AnswerDifference(AnswerModel):
    """A difference of two alternatives in a figure, run by run with the same seeds."""

    alternative: str
    against: str
    figure: str
    unit: Literal["share", "points"]
    """`share`: of the value of `against`, -0.12 is 12 % less; `points`: ours minus theirs, of a ratio."""
    mean: float
    low: float | None
    """Interval of the confidence of the answer, for all its differences together; null: too few runs."""
    high: float | None
    judgement: Judgement
    """`same`: the interval is within 1 % (of a ratio: 0.01 percentage points), or all runs are equal."""


class RankPart(AnswerModel):
    """An alternative in the order of the objective."""

    alternative: str
    mean: float | None
    """Mean of the objective; null: not measured."""
    place: Literal["best", "tie", "", "fails"]
    """`tie`: it passes and its objective is not significantly worse than that of the best one."""
    failing: list[str]


class AnswerPart(AnswerModel):
    """Which alternative is best, by how much, and how certain that is."""

    objective: str
    """The figure that the best alternative has lowest."""
    best: str
    """The alternative with the lowest mean of the objective among those that pass; empty if none passes."""
    baseline: str
    """The alternative that the others are compared with; empty if there is none."""
    ties: list[str]
    """Alternatives that pass and are not significantly worse than the best one."""
    runs: int
    """Runs of each alternative."""
    confidence: float
    """Probability with which all intervals of this answer hold together."""
    comparisons: int
    """Number of intervals that the confidence is corrected for."""
    differences: list[AnswerDifference]
    ranking: list[RankPart]
    """All alternatives: those that pass first, then by the objective."""
    headline: str
    """The answer in one or two sentences."""
    sentences: list[str]
    """A sentence for each other alternative, then how certain all of them are."""
