"""Predictions are parsed in the figure's unit and compared with a tolerance, and claims can fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.lessons.course import course
from simulator.lessons.lesson import AnswerChoice, Claim, Question, Unit


def question(unit: Unit, *, within: float = 0.1, choices: tuple[AnswerChoice, ...] = ()) -> Question:
    return Question(ask="How many?", figure="in_flight", unit=unit, within=within, choices=choices)


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [
        ("s", "350 ms", 0.35),
        ("s", "2", 2.0),
        ("ratio", "12 %", 0.12),
        ("ratio", "0.12", 0.12),
        ("count", " 20 ", 20.0),
        ("usd", "$7.50", 7.5),
        ("rps", "40/s", 40.0),
    ],
)
def test_a_prediction_is_read_in_its_unit(unit: Unit, text: str, value: float) -> None:
    assert question(unit).read(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "many", "-3", "inf", "nan", "3 apples"])
@pytest.mark.parametrize("unit", ["s", "ratio", "count", "usd", "rps"])
def test_an_invalid_prediction_is_reported(unit: Unit, text: str) -> None:
    with pytest.raises(ValueError, match="prediction = "):
        question(unit).read(text)


@given(st.floats(min_value=1, max_value=1e6), st.floats(min_value=0.5, max_value=2))
def test_a_prediction_within_the_margin_is_right_and_no_other(outcome: float, factor: float) -> None:
    asked = question("rps", within=0.1)
    near = abs(factor - 1) <= 0.1 or abs(outcome * factor - outcome) <= 0.5
    if abs(abs(factor - 1) - 0.1) > 1e-9:
        assert asked.is_right(outcome * factor, outcome) == near


def test_a_choice_is_right_when_the_outcome_lies_in_its_range() -> None:
    asked = course()["max-concurrency"].question
    assert asked.is_right(asked.read("C"), 9.4)
    assert not asked.is_right(asked.read("a"), 9.4)
    with pytest.raises(ValueError, match="must be one of a, b, c"):
        asked.read("d")


def test_a_claim_that_fails_is_reported() -> None:
    claim = Claim(figure="p95_s", knob=4, times_at_most=0.5)
    assert claim.broken({"p95_s": 0.4}, {"p95_s": 1.0}) == ""
    assert "p95_s = 0.6" in claim.broken({"p95_s": 0.6}, {"p95_s": 1.0})
