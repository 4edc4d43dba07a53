"""The query protocol, compared with botocore's own serializer and parser."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import botocore.session
import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from simulator.api.query.query_protocol import query_protocol
from simulator.model.resources.api_error import ApiError

MODEL = botocore.session.get_session().get_service_model("cloudformation")
PROTOCOL = query_protocol("cloudformation")


def form(operation: str, **request: Any) -> bytes:
    made = create_serializer("query", include_validation=False).serialize_to_request(
        request, MODEL.operation_model(operation)
    )
    return urlencode(made["body"]).encode()


def parsed(operation: str, body: bytes, status: int = 200) -> dict[str, Any]:
    response = {"body": body, "headers": {}, "status_code": status}
    found: dict[str, Any] = create_parser("query").parse(response, MODEL.operation_model(operation).output_shape)
    return found


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(
    st.lists(
        st.fixed_dictionaries({"ParameterKey": TEXTS, "ParameterValue": TEXTS, "UsePreviousValue": st.booleans()})
    ),
    st.lists(st.sampled_from(["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"])),
    st.booleans(),
    st.integers(1, 9999),
)
def test_a_request_is_what_a_client_wrote(
    parameters: list[dict[str, Any]], capabilities: list[str], disables: bool, minutes: int
) -> None:
    request = {
        "StackName": "one",
        "TemplateBody": "a: b & c = d\n",
        "Parameters": parameters,
        "Capabilities": capabilities,
        "DisableRollback": disables,
        "TimeoutInMinutes": minutes,
    }
    assert PROTOCOL.request(form("CreateStack", **request)) == ("CreateStack", request)


PRINTABLE = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"))


@given(PRINTABLE, st.floats(0, 4e9), st.booleans(), st.lists(PRINTABLE))
def test_a_response_is_what_a_client_reads(text: str, at_s: float, flag: bool, items: list[str]) -> None:
    stack = {
        "StackName": "one",
        "Description": text,
        "CreationTime": at_s,
        "StackStatus": "CREATE_COMPLETE",
        "DisableRollback": flag,
        "NotificationARNs": items,
        "Outputs": [{"OutputKey": "k", "OutputValue": each} for each in items],
    }
    found = parsed("DescribeStacks", PROTOCOL.response("DescribeStacks", {"Stacks": [stack]}, "r-1"))
    assert found["ResponseMetadata"]["RequestId"] == "r-1"
    (read,) = found["Stacks"]
    assert read["CreationTime"].timestamp() == pytest.approx(at_s, abs=0.002)
    assert {**read, "CreationTime": at_s} == stack


def test_an_operation_without_a_result_has_an_empty_response() -> None:
    assert parsed("DeleteStack", PROTOCOL.response("DeleteStack", {}, "r-1"))["ResponseMetadata"]["RequestId"] == "r-1"


def test_an_error_is_read_by_clients_with_its_hint_and_without_control_characters() -> None:
    body = PROTOCOL.rejection(ApiError("ValidationError", "Stack <a> & b\x00", "a hint"), "r-1")
    error = parsed("DescribeStacks", body, 400)["Error"]
    assert error == {"Type": "Sender", "Code": "ValidationError", "Message": "Stack <a> & b\ufffd (a hint)"}


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b"", "InvalidAction", "Could not find operation "),
        (b"Action=CreateStac", "InvalidAction", "Could not find operation CreateStac"),
        (b"Action=CreateStack", "ValidationError", "Value null at 'stackName' failed to satisfy constraint"),
        (b"Action=DeleteStack&StackName.x=a", "MalformedInput", "cannot be read"),
        (b"Action=DeleteStack&StackName=a&StackName=b", "MalformedInput", "cannot be read"),
        (b"Action=DeleteStack&StackName=a&StackName.x=b", "MalformedInput", "cannot be read"),
        (b"Action=CreateStack&StackName=a&DisableRollback=maybe", "MalformedInput", "'maybe', must be true or false"),
        (b"Action=CreateStack&StackName=a&TimeoutInMinutes=x", "MalformedInput", "'x', must be an integer"),
        (b"Action=CreateStack&StackName=a&Tags.member.x.Key=a", "MalformedInput", "cannot be read"),
        (b"Action=CreateStack&StackName=a&Tags=a", "MalformedInput", "cannot be read"),
        (b"Action=CreateStack&StackName=%ff", "MalformedInput", "cannot be read"),
        (b"Action=CreateStack&StackName=a&OnFailure=x", "ValidationError", "set: [DO_NOTHING, ROLLBACK, DELETE]"),
    ],
)
def test_a_form_that_is_no_request_is_rejected(body: bytes, code: str, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        PROTOCOL.request(body)
    assert caught.value.code == code
    assert message in caught.value.message


@given(st.binary(max_size=80))
def test_any_form_is_a_request_or_an_api_error(body: bytes) -> None:
    for content in (body, b"Action=CreateStack&StackName=a&" + body):
        try:
            operation, _ = PROTOCOL.request(content)
        except ApiError as error:
            operation = error.code
        assert operation
