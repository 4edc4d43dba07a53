"""Conditions: the value of each kind of expression, and errors for invalid ones."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.rules.cloudformation.template_error import TemplateError
from tests.rules.cloudformation.evaluated import evaluation

YES: dict[str, Any] = {"Fn::Equals": ["a", "a"]}
NO: dict[str, Any] = {"Fn::Equals": ["a", "b"]}


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        (YES, True),
        (NO, False),
        ({"Fn::Not": [NO]}, True),
        ({"Fn::And": [YES, YES]}, True),
        ({"Fn::And": [YES, NO]}, False),
        ({"Fn::Or": [NO, YES]}, True),
        ({"Fn::Or": [NO, NO]}, False),
        ({"Fn::And": [YES] * 10}, True),
        ({"Fn::Equals": [1, "1"]}, True),
        ({"Fn::Equals": [True, "true"]}, True),
        ({"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}, True),
        ({"Fn::Equals": [{"Ref": "Ports"}, ["80", "81"]]}, True),
        ({"Condition": "Other"}, True),
    ],
)
def test_an_expression_of_each_function_has_its_value(expression: Any, *, holds: bool) -> None:
    assert evaluation({"One": expression, "Other": YES}).holds("One") is holds


@pytest.mark.parametrize(
    "expression",
    [
        {"Fn::And": [YES]},
        {"Fn::Or": [YES] * 11},
        {"Fn::Not": [YES, YES]},
        {"Fn::Equals": ["a"]},
        {"Condition": "Nothing"},
        {"Ref": "Level"},
        "yes",
        {"Condition": "One"},
    ],
)
def test_an_invalid_expression_is_an_error(expression: Any) -> None:
    with pytest.raises(TemplateError):
        evaluation({"One": expression}).holds("One")
