"""Conditions and statements as values; the decisions are in the table of cases."""

from __future__ import annotations

import pytest

from simulator.rules.iam.operators import OPERATORS
from simulator.rules.iam.policy import Effect, IamCondition, IamStatement, Quantifier
from simulator.rules.iam.text_pattern import TextPattern


def condition(operator: str, *values: str, quantifier: Quantifier = Quantifier.NONE) -> IamCondition:
    patterns = tuple(TextPattern.parse(value) for value in values)
    return IamCondition(OPERATORS[operator], "aws:tagkeys", patterns, "aws:TagKeys", quantifier)


@pytest.mark.parametrize(
    ("operator", "given", "expected"),
    [
        ("StringEquals", ("a", "x"), True),
        ("StringEquals", ("x", "y"), False),
        ("StringNotEquals", ("x", "y"), True),
        ("StringNotEquals", ("a", "x"), False),
    ],
)
def test_several_values_without_a_quantifier(operator: str, given: tuple[str, ...], expected: bool) -> None:
    """This is an assumption: one value has to match, and with a negated operator none may match."""
    assert condition(operator, "a", "b").is_met({"aws:tagkeys": given}) == expected


def test_a_negated_operator_is_the_opposite_for_a_single_value() -> None:
    for name in ("StringEquals", "StringLike", "StringEqualsIgnoreCase", "ArnLike", "ArnEquals"):
        negated = name.replace("String", "StringNot").replace("Arn", "ArnNot")
        for value in ("arn:aws:iam::1:user/a", "arn:aws:iam::1:user/b"):
            context = {"aws:tagkeys": (value,)}
            pattern = "arn:aws:iam::1:user/a"
            assert condition(name, pattern).is_met(context) != condition(negated, pattern).is_met(context)


def test_a_key_without_values_counts_as_absent() -> None:
    assert condition("Null", "true").is_met({"aws:tagkeys": ()})
    assert not condition("StringEquals", "a").is_met({"aws:tagkeys": ()})


def test_the_name_of_a_statement_has_its_id_if_there_is_one() -> None:
    every = (TextPattern.parse("*"),)
    assert str(IamStatement(1, Effect.DENY, every, every)) == "Statement[1]"
    assert str(IamStatement(1, Effect.DENY, every, every, sid="NotProd")) == "Statement[1] (NotProd)"


def test_a_condition_is_formatted_as_it_was_written() -> None:
    shown = str(condition("StringLike", "a*", "b", quantifier=Quantifier.ALL))
    assert shown == "ForAllValues:StringLike aws:TagKeys a* or b"
