"""The endpoint over a socket: what it answers to boto3, and what to clients that do not speak its protocol."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from botocore.exceptions import ClientError

from simulator.api.endpoint import BODY_BYTES_MAX, ApiEndpoint
from simulator.assembly.control_plane import ControlPlane, ControlPlaneSettings, open_control_plane
from simulator.control.simulated_workload import SimulatedWorkload
from tests.api.wire import boto3_client, elsewhere
from tests.control.api_stage import IMAGE

JSON = {"Content-Type": "application/x-amz-json-1.0"}


@pytest_asyncio.fixture
async def plane() -> AsyncIterator[ControlPlane]:
    async with await open_control_plane(ControlPlaneSettings(), SimulatedWorkload()) as plane:
        yield plane


async def post(plane: ControlPlane, body: bytes, **headers: str) -> tuple[int, dict[str, Any], str]:
    """Status, body and request id."""
    sent = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession() as session,
        session.post(plane.url, data=io.BytesIO(body), headers=sent) as answer,
    ):
        content = await answer.json(content_type="application/x-amz-json-1.0")
        return answer.status, content, answer.headers["x-amzn-RequestId"]


async def test_a_service_is_created_and_described_by_boto3(plane: ControlPlane) -> None:
    client = boto3_client(plane)
    created = await elsewhere(client.create_service, ServiceName="hello", SourceConfiguration=IMAGE)
    await plane.api.operations.settled()
    described = await elsewhere(client.describe_service, ServiceArn=created["Service"]["ServiceArn"])
    assert described["Service"]["Status"] == "RUNNING"
    assert created["ResponseMetadata"]["RequestId"] != described["ResponseMetadata"]["RequestId"]
    assert described["Service"]["CreatedAt"].tzinfo is not None


async def test_a_refusal_has_its_class_in_boto3(plane: ControlPlane) -> None:
    client = boto3_client(plane)
    arn = "arn:aws:apprunner:us-east-1:123456789012:service/none/" + 32 * "0"
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        await elsewhere(client.describe_service, ServiceArn=arn)
    assert caught.value.response["Error"]["Message"] == f"Service not found for ARN: {arn}"


async def test_a_constraint_that_clients_do_not_check_is_told(plane: ControlPlane) -> None:
    client = boto3_client(plane)
    with pytest.raises(ClientError) as caught:
        await elsewhere(client.create_auto_scaling_configuration, AutoScalingConfigurationName="a!", MaxConcurrency=500)
    message = caught.value.response["Error"]["Message"]
    assert message == (
        "3 validation errors detected: "
        "Value 'a!' at 'autoScalingConfigurationName' failed to satisfy constraint: "
        "Member must have length greater than or equal to 4; "
        "Value 'a!' at 'autoScalingConfigurationName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [A-Za-z0-9][A-Za-z0-9\\-_]{3,31}; "
        "Value '500' at 'maxConcurrency' failed to satisfy constraint: "
        "Member must have value less than or equal to 200"
    )


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{}", {}, 404, "UnknownOperationException"),
        (b"{}", {"X_Amz_Target": "AppRunner.Nothing"}, 404, "UnknownOperationException"),
        (b"{}", {"X_Amz_Target": "DynamoDB.ListServices"}, 404, "UnknownOperationException"),
        (b"{}", {"X_Amz_Target": "AppRunner.ListServices", "Content_Type": "text/plain"}, 404, "UnknownOperationExc"),
        (b"{}", {"X_Amz_Target": "AppRunner.ListServices", "Content_Encoding": "gzip"}, 400, "MalformedHttpRequest"),
        (b"", {"X_Amz_Target": "AppRunner.ListServices"}, 400, "SerializationException"),
        (b"{", {"X_Amz_Target": "AppRunner.ListServices"}, 400, "SerializationException"),
        (b"[]", {"X_Amz_Target": "AppRunner.ListServices"}, 400, "SerializationException"),
        (b'{"a": NaN}', {"X_Amz_Target": "AppRunner.ListServices"}, 400, "SerializationException"),
        (b'{"NextToken": "\\ud800"}', {"X_Amz_Target": "AppRunner.ListServices"}, 400, "SerializationException"),
        (b"[" * 100_000, {"X_Amz_Target": "AppRunner.ListServices"}, 400, "SerializationException"),
        (b"\xff", {"X_Amz_Target": "AppRunner.ListServices"}, 400, "SerializationException"),
        (b'{"MaxResults": "5"}', {"X_Amz_Target": "AppRunner.ListServices"}, 400, "SerializationException"),
        (b" " * (BODY_BYTES_MAX + 1), {"X_Amz_Target": "AppRunner.ListServices"}, 413, "RequestEntityTooLarge"),
    ],
)
async def test_what_is_no_call_is_refused_as_aws_refuses_it(
    plane: ControlPlane, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answered, content, request_id = await post(plane, body, **headers)
    assert (answered, sorted(content)) == (status, ["Message", "__type"])
    assert content["__type"].startswith(code)
    assert len(request_id) == 36


async def test_unknown_and_null_members_are_ignored(plane: ControlPlane) -> None:
    status, content, _ = await post(plane, b'{"Nobody": 1, "MaxResults": null}', X_Amz_Target="AppRunner.ListServices")
    assert (status, content) == (200, {"ServiceSummaryList": []})


async def test_a_get_is_no_operation(plane: ControlPlane) -> None:
    async with aiohttp.ClientSession() as session, session.get(plane.url) as answer:
        assert answer.status == 404


async def test_a_body_that_does_not_come_is_not_waited_for(plane: ControlPlane) -> None:
    endpoint = ApiEndpoint(
        plane.calls, plane.settings.authentication, now=plane.now, request_id=lambda: "request", body_s_max=0.05
    )
    await endpoint.open("127.0.0.1", 0)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"x-amzn-RequestId: request" in head
        writer.close()
        await writer.wait_closed()
    finally:
        await endpoint.close()


SECRET = "do-not-tell-anybody"


@pytest.mark.parametrize(
    "values",
    [
        {"RuntimeEnvironmentVariables": {"NAME": SECRET}},
        {"RuntimeEnvironmentVariables": {SECRET: "value"}, "StartCommand": SECRET},
        {"RuntimeEnvironmentVariables": {"NAME": SECRET + "\n"}},
        {"RuntimeEnvironmentVariables": {SECRET: 5}},
        {"RuntimeEnvironmentVariables": [SECRET]},
        {"RuntimeEnvironmentVariables": {"PORT": SECRET}},
        {"StartCommand": SECRET + "\n", "RuntimeEnvironmentSecrets": {"NAME": SECRET + "x" * 3000}},
        {"startcommand": SECRET, "Port": "80\n"},
    ],
)
async def test_a_secret_is_written_nowhere_but_into_its_resource(
    plane: ControlPlane, values: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    image = IMAGE["ImageRepository"] | {"ImageConfiguration": values}
    request = {"ServiceName": "hello", "SourceConfiguration": {"ImageRepository": image}}
    target = {"X_Amz_Target": "AppRunner.CreateService"}
    status, content, _ = await post(plane, json.dumps(request).encode(), **target)
    await plane.api.operations.settled()
    plane.api.flush()
    written = [entry.text for entry in plane.store.entries_after(0)]
    assert any("CreateService" in text for text in written)
    assert SECRET not in "".join(written) + caplog.text
    if status != 200:
        assert SECRET not in json.dumps(content)


async def test_a_bug_is_the_servers_fault_and_says_nothing_of_the_inside(
    plane: ControlPlane, caplog: pytest.LogCaptureFixture
) -> None:
    plane.calls.call = lambda *_: 1 / 0  # type: ignore[method-assign, assignment]
    status, content, request_id = await post(plane, b"{}", X_Amz_Target="AppRunner.ListServices")
    assert (status, content["__type"]) == (500, "InternalServiceErrorException")
    assert "division" not in content["Message"]
    assert request_id in caplog.text
