"""A lesson as data. Texts are Markdown; `{p95_s}` in an explanation is a figure of the run (lesson_figures.py)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field, model_validator

from simulator.model.text.problems import one_of
from simulator.model.text.units import parse_duration, parse_number
from simulator.scenario.changes import parse_value
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.scenario.sections.base_model import Number, Section

Unit = Literal["s", "ratio", "count", "usd", "rps"]

_PERCENT: Final = 100


class AnswerChoice(Section):
    """One of the answers to choose from: right if the outcome is below `below` and not below the previous bound."""

    key: str = Field(pattern="^[a-z]$")
    """What the learner types."""
    text: str
    """The text of the answer."""
    below: Number = math.inf
    """Exclusive upper bound of the outcome; none for the last choice."""


class Question(Section):
    """What the learner predicts."""

    ask: str
    """The question."""
    figure: str
    """The figure of the run that answers it."""
    unit: Unit
    """How the figure is shown and how a prediction is parsed: `350 ms`, `20 %`, `12`."""
    within: Number = Field(default=0.15, gt=0)
    """Tolerance of a right prediction, as a share of the outcome."""
    choices: tuple[AnswerChoice, ...] = ()
    """Answers to choose from, in order of rising outcome; if empty, the answer is a number."""

    @property
    def such_as(self) -> str:
        """Example of a number in the expected form; empty if there are choices."""
        return "" if self.choices else f"a number{_SUCH_AS[self.unit]}"

    def read(self, text: str) -> float | str:
        """Parse a prediction: the key of a choice, or a number in the figure's unit.

        Raises:
            ValueError: for any other text.
        """
        text = text.strip()
        if self.choices:
            keys = [choice.key for choice in self.choices]
            if text.lower() not in keys:
                msg = f"prediction = {text!r}, must be {one_of(text.lower(), keys)}"
                raise ValueError(msg)
            return text.lower()
        try:
            number = _number(text, self.unit)
        except ValueError as error:
            msg = f"prediction = {text!r}, must be {self.such_as}"
            raise ValueError(msg) from error
        if not 0 <= number < math.inf:
            msg = f"prediction = {text!r}, must be at least 0 and finite"
            raise ValueError(msg)
        return number

    def is_right(self, prediction: float | str, outcome: float) -> bool:
        """Return True if a prediction, as returned by `read`, is close enough to the outcome."""
        if isinstance(prediction, str):
            return prediction == self.right_choice(outcome).key
        return abs(prediction - outcome) <= max(self.within * outcome, _least(self.unit))

    def right_choice(self, outcome: float) -> AnswerChoice:
        """Return the choice whose range contains the outcome; only for questions with choices."""
        return next(choice for choice in self.choices if outcome < choice.below)


_BARE: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")  # a number of seconds
_SUCH_AS: Final[Mapping[str, str]] = {
    "s": " with its unit, such as 350 ms or 2s",
    "ratio": ", such as 20 % or 0.2",
    "count": ", such as 12",
    "usd": " of dollars, such as 7.50",
    "rps": " a second, such as 40",
}


def _number(text: str, unit: Unit) -> float:
    if unit == "s":
        return parse_number(text) if _BARE.fullmatch(text) else parse_duration(text)
    if unit == "ratio":
        return parse_number(text.removesuffix("%")) / _PERCENT if text.endswith("%") else parse_number(text)
    return parse_number(text.removesuffix("/s").removeprefix("$"))


def _least(unit: Unit) -> float:
    """Return the largest negligible difference in that unit."""
    return {"s": 0.01, "ratio": 0.005, "count": 0.5, "usd": 0.05, "rps": 0.5}[unit]


class ShownFigure(Section):
    """A figure in the table beside the prediction."""

    figure: str
    label: str
    unit: Unit


class Knob(Section):
    """What the learner may change before trying again."""

    place: str
    """The key in the scenario, as `simulator sweep --vary` names it."""
    ask: str
    """What to change, and why."""
    tries: tuple[Any, ...] = Field(min_length=1)
    """Values worth trying, as in a scenario file."""
    says: str
    """What to observe afterwards."""

    @staticmethod
    def value_text(value: Any) -> str:
        """Format a value as on a command line."""
        if isinstance(value, dict):
            return f"{{{', '.join(f'{key}: {Knob.value_text(inner)}' for key, inner in value.items())}}}"
        return str(value)


class Claim(Section):
    """What the lesson teaches, as bounds on a figure; tests check that the simulator agrees."""

    figure: str
    knob: Any = None
    """The knob's value; None: the unchanged scenario."""
    at_least: Number = -math.inf
    at_most: Number = math.inf
    times_at_least: Number = -math.inf
    """Factor relative to the same figure of the unchanged scenario."""
    times_at_most: Number = math.inf

    def broken(self, figures: Mapping[str, float], first: Mapping[str, float]) -> str:
        """Describe how a run violates the claim; empty if it does not.

        `first`: the figures of the unchanged scenario.
        """
        value, before = figures[self.figure], first[self.figure]
        lowest = max(self.at_least, self.times_at_least * before if before else -math.inf)
        highest = min(self.at_most, self.times_at_most * before if before else math.inf)
        if lowest <= value <= highest:
            return ""
        return f"{self.figure} = {value:g} with knob {self.knob}, must be {lowest:g} to {highest:g} (first {before:g})"


class Lesson(Section):
    """A lesson: text, question, run, explanation, knob."""

    name: str = Field(pattern="^[a-z0-9-]+$")
    title: str
    place: int
    """Its position in the course, from 1."""
    summary: str
    """The question of the lesson in one line, for lists."""
    text: str
    """What the learner reads before the question."""
    scenario: str
    """The text of a scenario file."""
    question: Question
    shows: tuple[ShownFigure, ...]
    """Figures shown next to prediction and outcome."""
    decisions: int = 4
    """How many of the journal's decisions to show."""
    events: int = 0
    """How many lines of the service's event log to show, without those of the run's beginning."""
    explain: str
    """Why this is the outcome, with figures in braces."""
    knob: Knob
    claims: tuple[Claim, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _choices_rise(self) -> Lesson:
        bounds = [choice.below for choice in self.question.choices]
        if bounds and (bounds != sorted(bounds) or math.isfinite(bounds[-1])):
            msg = "choices = not in order, must rise and the last must have no bound"
            raise ValueError(msg)
        return self

    def read_scenario(self, knob: Any = None) -> ScenarioSpec:
        """Read the scenario, with the parameter set to a value.

        Raises:
            ScenarioError: if the parameter cannot have the value.
        """
        changes = {} if knob is None else {self.knob.place: knob}
        scenario = read_scenario(self.scenario, file=f"lesson {self.name}", changes=changes)
        return scenario if scenario.name else scenario.model_copy(update={"name": self.name})

    def read_knob(self, text: str) -> Any:
        """Parse a value of the parameter, as on a command line, and validate it before any run.

        Raises:
            ScenarioError, ValueError: if the parameter cannot have the value.
        """
        value = parse_value(text)
        self.read_scenario(value).require("virtual")
        return value
