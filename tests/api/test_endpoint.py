"""The endpoint over a socket: its responses to boto3, and to clients that do not use its protocol."""

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

from simulator.api.access_keys import AccessKey, AccessKeys
from simulator.api.api_listener import ApiListener
from simulator.api.authentication import Authentication
from simulator.api.endpoint import BODY_BYTES_MAX, ApiEndpoint
from simulator.assembly.control_plane import ControlPlane, ControlPlaneSettings, open_control_plane
from simulator.control.operations.simulated_workload import SimulatedWorkload
from tests.api.wire import boto3_client, elsewhere
from tests.control.api_stage import IMAGE

JSON = {"Content-Type": "application/x-amz-json-1.0"}


@pytest_asyncio.fixture
async def plane() -> AsyncIterator[ControlPlane]:
    async with await open_control_plane(ControlPlaneSettings(), SimulatedWorkload()) as plane:
        yield plane


async def post(plane: ControlPlane, body: bytes, **headers: str) -> tuple[int, dict[str, Any], str]:
    """Return status, body and request id."""
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


async def test_a_rejection_has_its_class_in_boto3(plane: ControlPlane) -> None:
    client = boto3_client(plane)
    arn = "arn:aws:apprunner:us-east-1:123456789012:service/none/" + 32 * "0"
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        await elsewhere(client.describe_service, ServiceArn=arn)
    assert caught.value.response["Error"]["Message"] == f"Service not found for ARN: {arn}"


async def test_a_constraint_that_clients_do_not_check_is_reported(plane: ControlPlane) -> None:
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
async def test_a_request_that_is_not_an_api_call_is_rejected_as_aws_rejects_it(
    plane: ControlPlane, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answered, content, request_id = await post(plane, body, **headers)
    assert (answered, sorted(content)) == (status, ["Message", "__type"])
    assert content["__type"].startswith(code)
    assert len(request_id) == 36


async def test_unknown_and_null_members_are_ignored(plane: ControlPlane) -> None:
    status, content, _ = await post(plane, b'{"Absent": 1, "MaxResults": null}', X_Amz_Target="AppRunner.ListServices")
    assert (status, content) == (200, {"ServiceSummaryList": []})


async def test_a_get_request_is_not_an_operation(plane: ControlPlane) -> None:
    async with aiohttp.ClientSession() as session, session.get(plane.url) as answer:
        assert answer.status == 404


async def test_a_body_that_does_not_arrive_ends_in_a_time_out(plane: ControlPlane) -> None:
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


async def raw(port: int, request: bytes) -> tuple[bytes, dict[str, Any]]:
    """Send bytes; return the head and the JSON of the response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
    return head, json.loads(body)


def call(fields: bytes, target: bytes = b"/") -> bytes:
    return b"POST %b HTTP/1.1\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n%b\r\n\r\n{}" % (
        target,
        fields,
    )


def endpoint_of(plane: ControlPlane) -> ApiEndpoint:
    assert plane._endpoint is not None
    return plane._endpoint


LIST = b"X-Amz-Target: AppRunner.ListServices\r\n"


@pytest.mark.case("R1")
@pytest.mark.parametrize(
    ("target", "fields"),
    [
        (b"/", b"Host: attacker.example:PORT"),
        (b"/", b"Host: attacker.example:PORT\r\nOrigin: http://attacker.example:PORT"),
        (b"/", b"Host: 127.0.0.1:PORT\r\nOrigin: http://attacker.example"),
        (b"/", b"Host: 127.0.0.1:PORT\r\nOrigin: null"),
        (b"/", b"Host: 127.0.0.1:PORT\r\nSec-Fetch-Site: cross-site"),
        (b"http://attacker.example/", b"Host: 127.0.0.1:PORT"),
        (b"/", b"Host: 127.0.0.1.attacker.example"),
        (b"/", b"Host: 192.0.2.1:PORT"),
    ],
)
async def test_requests_from_a_page_of_another_site_are_rejected(
    plane: ControlPlane, target: bytes, fields: bytes
) -> None:
    port = endpoint_of(plane).port
    head, content = await raw(port, call(LIST + fields.replace(b"PORT", b"%d" % port), target))
    assert head.startswith(b"HTTP/1.1 403 ")
    assert content["__type"] == "AccessDeniedException"
    assert "must be" in content["Message"]
    assert plane.store.last_cursor() == 0


@pytest.mark.case("R1")
@pytest.mark.parametrize("name", [b"localhost:PORT", b"127.0.0.1:PORT", b"[::1]:PORT", b"localhost", b"LOCALHOST:9000"])
async def test_any_name_of_loopback_is_accepted_as_host(plane: ControlPlane, name: bytes) -> None:
    port = endpoint_of(plane).port
    head, _ = await raw(port, call(LIST + b"Host: " + name.replace(b"PORT", b"%d" % port)))
    assert head.startswith(b"HTTP/1.1 200 ")


@pytest.mark.case("R1")
async def test_the_configured_name_is_accepted_as_host() -> None:
    listener = ApiListener(name="apprunner.test")
    async with await open_control_plane(ControlPlaneSettings(listener=listener), SimulatedWorkload()) as plane:
        head, _ = await raw(endpoint_of(plane).port, call(LIST + b"Host: apprunner.test:8080"))
        assert head.startswith(b"HTTP/1.1 200 ")


@pytest.mark.case("R1")
async def test_with_keys_the_signature_is_checked_and_the_host_is_not() -> None:
    keys = Authentication(AccessKeys([AccessKey("AKIDEXAMPLE", "secret", "123456789012")]))
    async with await open_control_plane(ControlPlaneSettings(authentication=keys), SimulatedWorkload()) as plane:
        _, content = await raw(endpoint_of(plane).port, call(LIST + b"Host: simulator.corp.example"))
        assert content["__type"] == "MissingAuthenticationTokenException"


@pytest.mark.case("R9")
@pytest.mark.parametrize(
    "sent",
    [b"", b"POST / HTTP/1.1\r\nHost: localhost\r\nX-", call(LIST + b"Host: localhost") + b"POST / HTTP/1.1\r\nX-"],
)
async def test_an_incomplete_head_ends_in_a_time_out(plane: ControlPlane, sent: bytes) -> None:
    """Also with a connection without any bytes, and with half a head after a response."""
    endpoint = ApiEndpoint(
        plane.calls, plane.settings.authentication, now=plane.now, request_id=lambda: "request", head_s_max=0.05
    )
    await endpoint.open("127.0.0.1", 0)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
        writer.write(sent)
        answers = await asyncio.wait_for(reader.read(), 60)
        assert answers.count(b"HTTP/1.1 200 ") == sent.count(b"{}")
        writer.close()
        await writer.wait_closed()
    finally:
        await endpoint.close()


@pytest.mark.case("R16")
@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        (b"Host: localhost\r\nX-Amz-Target: AppRunner.\xff", b"404", "UnknownOperationException"),
        (b"Host: \xff\r\nX-Amz-Target: AppRunner.ListServices", b"403", "AccessDeniedException"),
        (b"Host: localhost\r\nUser-Agent: \xff\r\nX-Amz-Target: AppRunner.ListServices", b"200", None),
        (b"Host: localhost\r\nAccept: \xff\r\nX-Amz-Target: \xff", b"404", "UnknownOperationException"),
    ],
)
async def test_a_body_that_is_not_utf_8_is_rejected_as_by_aws(
    plane: ControlPlane, fields: bytes, status: bytes, code: str | None
) -> None:
    head, content = await raw(endpoint_of(plane).port, call(fields))
    assert head.startswith(b"HTTP/1.1 " + status)
    assert content.get("__type") == code
    plane.api.flush()  # the audit record contains the same fields


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
async def test_a_secret_is_stored_in_its_resource_only(
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


async def test_an_internal_error_is_a_500_without_internal_details(
    plane: ControlPlane, caplog: pytest.LogCaptureFixture
) -> None:
    plane.calls.call = lambda *_: 1 / 0  # type: ignore[method-assign, assignment]
    status, content, request_id = await post(plane, b"{}", X_Amz_Target="AppRunner.ListServices")
    assert (status, content["__type"]) == (500, "InternalServiceErrorException")
    assert "division" not in content["Message"]
    assert request_id in caplog.text


@pytest.mark.case("P9")
async def test_rejecting_a_resource_in_use_names_its_services_in_awss_words(plane: ControlPlane) -> None:
    client = boto3_client(plane)
    made = await elsewhere(client.create_auto_scaling_configuration, AutoScalingConfigurationName="busy")
    arn = made["AutoScalingConfiguration"]["AutoScalingConfigurationArn"]
    await elsewhere(
        client.create_service, ServiceName="hello", SourceConfiguration=IMAGE, AutoScalingConfigurationArn=arn
    )
    body = json.dumps({"AutoScalingConfigurationArn": arn}).encode()
    _, content, _ = await post(plane, body, X_Amz_Target="AppRunner.DeleteAutoScalingConfiguration")
    text = (
        "You can't delete the auto scaling configuration. It's used by one or more services. "
        "To delete it, update the services to use other auto scaling configurations."
    )
    assert content["Message"] == text
    with pytest.raises(client.exceptions.InvalidRequestException) as caught:
        await elsewhere(client.delete_auto_scaling_configuration, AutoScalingConfigurationArn=arn)
    assert caught.value.response["Error"]["Message"] == f"{text} (Used by: hello)"


@pytest.mark.case("P36")
@pytest.mark.parametrize("operation", ["CreateService", "DescribeAutoScalingConfiguration"])
async def test_an_empty_arn_of_a_scaling_configuration_is_rejected_in_awss_words(
    plane: ControlPlane, operation: str
) -> None:
    body: dict[str, Any] = {"AutoScalingConfigurationArn": ""}
    if operation == "CreateService":
        body |= {"ServiceName": "hello", "SourceConfiguration": IMAGE}
    status, content, _ = await post(plane, json.dumps(body).encode(), X_Amz_Target=f"AppRunner.{operation}")
    assert (status, content["__type"]) == (400, "InvalidRequestException")
    assert content["Message"] == "The auto scaling configuration ARN you specified isn't valid. ARN: ''"
