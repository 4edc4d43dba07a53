"""Parameters: declarations and values, with AWS's rules and error texts."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.rules.cloudformation.template_error import TemplateError
from simulator.rules.cloudformation.template_parameters import parameter_values, parameters_of

DECLARED: dict[str, Any] = {
    "Level": {"Type": "String", "AllowedValues": ["info", "debug"], "Default": "info"},
    "Count": {"Type": "Number", "MinValue": 1, "MaxValue": 25, "Default": 2},
    "Name": {"Type": "String", "MinLength": 4, "MaxLength": 8, "AllowedPattern": "[a-z]+", "Default": "shop"},
    "Ports": {"Type": "List<Number>", "Default": "80, 81"},
    "Subnets": {"Type": "List<AWS::EC2::Subnet::Id>", "Default": "subnet-1,subnet-2"},
    "Secret": {"Type": "String", "NoEcho": "true", "Default": "abc"},
    "Told": {"Type": "String", "AllowedValues": ["a"], "ConstraintDescription": "must be a", "Default": "a"},
}


def values(given: dict[str, str] | None = None, kept: tuple[str, ...] = (), **before: str) -> dict[str, str]:
    return parameter_values(parameters_of(DECLARED), given or {}, kept, before)


def test_given_values_kept_values_and_defaults_are_combined() -> None:
    found = values({"Level": "debug"}, ("Name",), Name="cart")
    assert (found["Level"], found["Count"], found["Name"]) == ("debug", "2", "cart")
    declared = parameters_of(DECLARED)
    assert declared["Ports"].converted(found["Ports"]) == ["80", "81"]
    assert declared["Subnets"].converted(found["Subnets"]) == ["subnet-1", "subnet-2"]
    assert declared["Secret"].no_echo
    assert not declared["Level"].no_echo


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Level": "loud"}, "Parameter 'Level' must be one of AllowedValues: info, debug"),
        ({"Count": "many"}, "Parameter 'Count' must be a number."),
        ({"Count": "0"}, "Parameter 'Count' must be a number not less than 1"),
        ({"Count": "26"}, "Parameter 'Count' must be a number not greater than 25"),
        ({"Name": "abc"}, "Parameter 'Name' must contain at least 4 characters"),
        ({"Name": "abcdefghi"}, "Parameter 'Name' must contain at most 8 characters"),
        ({"Name": "ABCD"}, "Parameter 'Name' must match pattern [a-z]+"),
        ({"Ports": "80,x"}, "Parameter 'Ports' must be a number."),
        ({"Told": "b"}, "Parameter Told failed to satisfy constraint: must be a"),
        ({"Levl": "info", "Other": "x"}, "Parameters: [Levl, Other] do not exist in the template"),
    ],
)
def test_a_value_that_violates_its_declaration_is_an_error(given: dict[str, str], message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        values(given)
    assert str(caught.value) == message


def test_missing_values_are_an_error_that_names_them() -> None:
    declared = parameters_of({"A": {"Type": "String"}, "B": {"Type": "String"}})
    with pytest.raises(TemplateError, match=r"Parameters: \[A, B\] must have values"):
        parameter_values(declared, {}, ("B",), {})


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ({"Type": "String", "Default": "b", "AllowedValues": ["a"]}, "Parameter 'X' must be one of AllowedValues: a"),
        ({"Type": "String", "AllowedPattern": "["}, "Parameter X has an invalid AllowedPattern"),
        ({"Type": "Number", "MinValue": "x"}, "Parameter X: MinValue must be a number."),
        ({"Type": "AWS::SNS::Topic::Arn"}, "Unrecognized parameter type: AWS::SNS::Topic::Arn"),
        ("String", "every Parameters object must be a mapping"),
    ],
)
def test_an_invalid_declaration_is_an_error(declaration: Any, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parameters_of({"X": declaration})
    assert message in str(caught.value)
