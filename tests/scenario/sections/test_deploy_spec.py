"""Calls of the API on a timeline: what is accepted, and names in place of ARNs."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.scenario.sections.deploy_spec import parse_call, takes_service, with_arns


def test_a_call_is_its_operation_and_request_and_hides_the_request() -> None:
    call = parse_call({"PauseService": {"ServiceArn": "web"}})
    assert (call.operation, call.request) == ("PauseService", {"ServiceArn": "web"})
    assert "web" not in repr(call)


def test_numbers_of_yaml_become_the_texts_of_the_api() -> None:
    call = parse_call({"UpdateService": {"ServiceArn": "web", "InstanceConfiguration": {"Cpu": 512, "Memory": 1024}}})
    assert call.request["InstanceConfiguration"] == {"Cpu": "512", "Memory": "1024"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("PauseService", "must be one operation with its request"),
        ({}, "must be one operation with its request"),
        ({"PauseService": {}, "ResumeService": {}}, "must be one operation with its request"),
        ({"PauseServce": {}}, "did you mean .*PauseService"),
        ({"PauseService": {}}, "PauseService = its request, must be one that App Runner accepts"),
    ],
)
def test_another_value_is_rejected_with_what_is_expected(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_call(value)


def test_names_become_arns_of_their_kind_and_arns_stay() -> None:
    request = {"ServiceArn": "web", "Tags": [{"Key": "ServiceName"}], "ConnectionArn": "arn:aws:x"}
    made = with_arns(request, lambda kind, name: f"<{kind} {name}>")
    assert made == {"ServiceArn": "<service web>", "Tags": [{"Key": "ServiceName"}], "ConnectionArn": "arn:aws:x"}


@pytest.mark.parametrize(
    ("operation", "takes"), [("PauseService", True), ("CreateService", False), ("ListServices", False), ("X", False)]
)
def test_operations_on_a_service_take_its_arn(operation: str, takes: bool) -> None:
    assert takes_service(operation) is takes
