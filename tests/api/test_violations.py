"""Violations of the service model, in AWS's wording."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.api.violations import Violations, must_be_one_of, must_have_length, must_have_value, must_match, not_a
from simulator.model.resources.api_error import ApiError


def rejection(violations: Violations) -> ApiError:
    with pytest.raises(ApiError) as rejected:
        violations.reject()
    return rejected.value


def test_without_violations_nothing_is_rejected() -> None:
    Violations().reject()


def test_one_message_lists_all_violations() -> None:
    violations = Violations()
    violations.add("serviceName", "a", must_have_length("Member", 4, at_least=True))
    violations.add("tags.1.member.key", None, must_match("x+"))
    error = rejection(violations)
    assert error.code == "InvalidRequestException"
    assert error.message == (
        "2 validation errors detected: Value 'a' at 'serviceName' failed to satisfy constraint: Member must have "
        "length greater than or equal to 4; Value null at 'tags.1.member.key' failed to satisfy constraint: Member "
        "must satisfy regular expression pattern: x+"
    )


def test_a_secret_is_not_shown() -> None:
    violations = Violations()
    violations.add("env", "hunter2", must_be_one_of(["a", "b"]), is_secret=True)
    assert rejection(violations).message == (
        "1 validation error detected: Value at 'env' failed to satisfy constraint: Member must satisfy enum value "
        "set: [a, b]"
    )


def test_a_long_value_is_truncated() -> None:
    violations = Violations()
    violations.add("a", "x" * 101, must_have_value(3, at_least=False))
    assert f"Value '{'x' * 100}...' at 'a'" in rejection(violations).message


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (True, "TRUE_VALUE can not be converted to a String"),
        (1, "NUMBER_VALUE can not be converted to a String"),
        (1.5, "NUMBER_VALUE can not be converted to a String"),
        ("x", "STRING_VALUE can not be converted to a String"),
        ({}, "Start of structure or map found where not expected."),
        ([], "Start of structure or map found where not expected."),
    ],
)
def test_a_value_of_another_type_is_a_serialization_error(found: Any, message: str) -> None:
    error = not_a(found, "a String")
    assert (error.code, error.message) == ("SerializationException", message)
