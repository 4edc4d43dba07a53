"""A lesson as data. Texts are Markdown; `{p95_s}` in an explanation is a figure of the run (lesson_figures.py)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field, model_validator

from simulator.model.problems import one_of
from simulator.model.units import parse_duration, parse_number
from simulator.replay.changes import parse_value
from simulator.replay.scenario import Scenario, read_scenario
from simulator.replay.sections import Number, Section

Unit = Literal["s", "ratio", "count", "usd", "rps"]

_PERCENT: Final = 100


class Choice(Section):
    """One of the answers to choose from: right when the outcome is below `below` and not below the one before."""

    key: str = Field(pattern="^[a-z]$")
    """What the learner types."""
    text: str
    """What it stands for."""
    below: Number = math.inf
    """The outcome's upper bound; none for the last choice."""


class Question(Section):
    """What the learner predicts."""

    ask: str
    """The question."""
    figure: str
    """The figure of the run that answers it."""
    unit: Unit
    """How the figure is told and how a prediction is read: `350 ms`, `20 %`, `12`."""
    within: Number = Field(default=0.15, gt=0)
    """A prediction this near, as a share of the outcome, is right."""
    choices: tuple[Choice, ...] = ()
    """Answers to choose from, by rising outcome; none: a number is asked for."""

    @property
    def such_as(self) -> str:
        """How a number is written, for who is asked for one; empty when there are choices."""
        return "" if self.choices else f"a number{_SUCH_AS[self.unit]}"

    def read(self, text: str) -> float | str:
        """A prediction: the key of a choice, or a number in the figure's unit.

        Raises:
            ValueError: when it is neither.
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
        """Whether a prediction that `read` gave is near enough to the outcome."""
        if isinstance(prediction, str):
            return prediction == self.right_choice(outcome).key
        return abs(prediction - outcome) <= max(self.within * outcome, _least(self.unit))

    def right_choice(self, outcome: float) -> Choice:
        """The choice whose range has the outcome; there are choices."""
        return next(choice for choice in self.choices if outcome < choice.below)


_BARE: Final = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")  # of seconds
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
    """What is no difference to anybody."""
    return {"s": 0.01, "ratio": 0.005, "count": 0.5, "usd": 0.05, "rps": 0.5}[unit]


class Shown(Section):
    """A figure that stands in the table beside the prediction."""

    figure: str
    label: str
    unit: Unit


class Knob(Section):
    """What the learner may change before trying again."""

    place: str
    """The place in the scenario, as `simulator sweep --vary` names it."""
    ask: str
    """What to change, and why one would."""
    tries: tuple[Any, ...] = Field(min_length=1)
    """Values worth trying, as the scenario file would have them."""
    says: str
    """What to see afterwards."""

    @staticmethod
    def told(value: Any) -> str:
        """A value as one writes it on a command line."""
        if isinstance(value, dict):
            return f"{{{', '.join(f'{key}: {Knob.told(inner)}' for key, inner in value.items())}}}"
        return str(value)


class Claim(Section):
    """What the lesson teaches, as bounds on a figure; the tests hold the simulator to it."""

    figure: str
    knob: Any = None
    """The knob's value; none: the scenario as it is."""
    at_least: Number = -math.inf
    at_most: Number = math.inf
    times_at_least: Number = -math.inf
    """Of the same figure of the scenario as it is."""
    times_at_most: Number = math.inf

    def broken(self, figures: Mapping[str, float], first: Mapping[str, float]) -> str:
        """What is wrong with it in a run; empty when it holds. `first`: the figures of the scenario as it is."""
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
    """Its place in the course, from 1."""
    summary: str
    """One line."""
    text: str
    """What the learner reads before the question."""
    scenario: str
    """A scenario file's text."""
    question: Question
    shows: tuple[Shown, ...]
    """Figures beside prediction and outcome."""
    decisions: int = 4
    """How many of the journal's decisions to show."""
    events: int = 0
    """How many lines of the service's event log to show, those of the run's begin left out."""
    explain: str
    """Why it came out so, with figures in braces."""
    knob: Knob
    claims: tuple[Claim, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _choices_rise(self) -> Lesson:
        bounds = [choice.below for choice in self.question.choices]
        if bounds and (bounds != sorted(bounds) or math.isfinite(bounds[-1])):
            msg = "choices = not in order, must rise and the last must have no bound"
            raise ValueError(msg)
        return self

    def read_scenario(self, knob: Any = None) -> Scenario:
        """The scenario, with the knob at a value.

        Raises:
            ScenarioError: when the value does not fit there.
        """
        changes = {} if knob is None else {self.knob.place: knob}
        scenario = read_scenario(self.scenario, file=f"lesson {self.name}", changes=changes)
        return scenario if scenario.name else scenario.model_copy(update={"name": self.name})

    def read_knob(self, text: str) -> Any:
        """A value for the knob, as one writes it on a command line; judged before anything is played.

        Raises:
            ScenarioError, ValueError: when the value does not fit there.
        """
        value = parse_value(text)
        self.read_scenario(value).require("virtual")
        return value
