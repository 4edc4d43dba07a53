"""Errors of the API's operations, and the names in their messages."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest

from simulator.control.rejections import arn_of, invalid, invalid_state, named, not_found, quota_exceeded
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.arn import CONNECTION, SERVICE

ARN = "arn:aws:apprunner:us-east-1:123456789012:service/web/0123456789abcdef0123456789abcdef"


@dataclasses.dataclass
class Named:
    name: str


def services(*names: str) -> Any:
    return cast("Any", [Named(name) for name in names])


def test_each_error_has_its_code() -> None:
    errors = [invalid("a"), invalid_state("b"), not_found("Service", ARN), quota_exceeded("services", 30)]
    assert [error.code for error in errors] == [
        "InvalidRequestException",
        "InvalidStateException",
        "ResourceNotFoundException",
        "ServiceQuotaExceededException",
    ]
    assert errors[2].message == f"Service not found for ARN: {ARN}"
    assert errors[3].message == "The quota of 30 services is reached."


def test_a_hint_names_five_services_and_counts_the_others() -> None:
    assert named("Used by", services("a", "b")) == "Used by: a, b"
    assert named("Used by", services(*"abcde")) == "Used by: a, b, c, d, e"
    assert named("Used by", services(*"abcdefg")) == "Used by: a, b, c, d, e and 2 more"


def test_an_arn_is_parsed() -> None:
    assert arn_of(ARN, "ServiceArn", SERVICE).name == "web"


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("web", SERVICE, "ServiceArn = 'web' is not an ARN of an App Runner resource"),
        (ARN, CONNECTION, f"ServiceArn = {ARN}, must be the ARN of a connection"),
    ],
)
def test_another_text_or_kind_is_rejected_with_its_member(text: str, kind: str, message: str) -> None:
    with pytest.raises(ApiError) as rejected:
        arn_of(text, "ServiceArn", kind)
    assert (rejected.value.code, rejected.value.message) == ("InvalidRequestException", message)
