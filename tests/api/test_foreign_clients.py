"""Clients of other services that use AWS_ENDPOINT_URL get, in their protocol, the variable to set."""

from __future__ import annotations

from typing import Any

import aiohttp
import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError

from simulator.api.access_keys import AccessKey, AccessKeys
from simulator.api.authentication import Authentication
from simulator.api.foreign_clients import foreign_answer
from simulator.assembly.control_plane import ControlPlane, ControlPlaneSettings, open_control_plane
from simulator.control.operations.simulated_workload import SimulatedWorkload
from tests.api.wire import KEY, SECRET, boto3_client, elsewhere

ADVICE = "Set AWS_ENDPOINT_URL_APPRUNNER to it, and not AWS_ENDPOINT_URL, which is for every service at once."

# Client, operation, its arguments, and the name of the service, for every protocol that botocore has.
CALLS: dict[str, tuple[str, dict[str, Any], str]] = {
    "sts": ("get_session_token", {}, "STS other than AssumeRole and GetCallerIdentity"),
    "iam": ("list_roles", {}, "IAM"),
    "ec2": ("describe_vpcs", {}, "EC2"),
    "cloudfront": ("list_distributions", {}, "cloudfront"),
    "route53": ("list_hosted_zones", {}, "route53"),
    "dynamodb": ("list_tables", {}, "DynamoDB"),
    "ecr": ("describe_repositories", {}, "ECR"),
    "secretsmanager": ("get_secret_value", {"SecretId": "a"}, "Secrets Manager"),
    "lambda": ("list_functions", {}, "Lambda"),
    "cloudwatch": ("list_metrics", {}, "CloudWatch"),
}


def client(service: str, plane: ControlPlane) -> Any:
    return boto3.client(
        service,
        endpoint_url=plane.url,
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
    )


@pytest.mark.slow  # it reads the models of all services
def test_every_protocol_is_tried() -> None:
    session = botocore.session.get_session()
    protocols = {session.get_service_model(name).metadata["protocol"] for name in session.get_available_services()}
    assert {session.get_service_model(name).metadata["protocol"] for name in CALLS} == protocols


@pytest.mark.case("P19")
@pytest.mark.parametrize("keys", [AccessKeys(), AccessKeys([AccessKey("AKIDEXAMPLE", "secret", "123456789012")])])
async def test_a_client_of_another_aws_service_gets_a_hint_and_does_not_retry(keys: AccessKeys) -> None:
    settings = ControlPlaneSettings(authentication=Authentication(keys))
    async with await open_control_plane(settings, SimulatedWorkload()) as plane:
        for service, (operation, arguments, name) in CALLS.items():
            with pytest.raises(ClientError) as caught:
                await elsewhere(getattr(client(service, plane), operation), **arguments)
            answer = caught.value.response
            expected = f"This endpoint is for App Runner only, and this is a call of {name}. {ADVICE}"
            assert answer["Error"]["Message"] == expected, service
            assert answer["Error"]["Code"] in {"InvalidAction", "InvalidRequest", "UnknownOperationException"}, service
            assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["ResponseMetadata"]["RetryAttempts"]) == (
                400,
                0,
            )


@pytest.mark.case("P19", "R1")
async def test_a_virtual_hosted_bucket_request_gets_the_hint_and_app_runner_on_that_host_is_rejected() -> None:
    scope = "AWS4-HMAC-SHA256 Credential=A/20261129/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
    async with (
        await open_control_plane(ControlPlaneSettings(), SimulatedWorkload()) as plane,
        aiohttp.ClientSession() as session,
    ):
        for service, status, text in (("s3", 400, "<Code>InvalidRequest</Code>"), ("apprunner", 403, "Host = ")):
            fields = {"Host": "shop.localhost", "Authorization": scope.format(service)}
            async with session.put(f"{plane.url}/key", data=b"content", headers=fields) as answer:
                assert (answer.status, text in await answer.text()) == (status, True), service


@pytest.mark.case("P19")
async def test_app_runner_clients_and_browsers_get_the_usual_errors() -> None:
    async with await open_control_plane(ControlPlaneSettings(), SimulatedWorkload()) as plane:
        assert (await elsewhere(boto3_client(plane).list_services))["ServiceSummaryList"] == []
        async with aiohttp.ClientSession() as session, session.get(plane.url) as answer:
            assert (await answer.json(content_type=None))["__type"] == "UnknownOperationException"


@pytest.mark.case("P19")
def test_the_user_agent_is_shown_as_plain_text_only() -> None:
    scope = "AWS4-HMAC-SHA256 Credential=A/20261129/us-east-1/<b>&/aws4_request, SignedHeaders=host, Signature=0"
    assert foreign_answer("/", {"authorization": scope}, "id", b"") is None, "no service is called so"
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    unsigned = foreign_answer("/", form, "id", b"Action=DescribeVpcs&Version=2016-11-15")
    assert unsigned is not None
    assert unsigned.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>')
    assert foreign_answer("/", {"x-amz-target": "<b>_20120810.List"}, "id", b"{}") is None
    presigned = "/key?X-Amz-Credential=A%2F20261129%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=0"
    signed = foreign_answer(presigned, {}, "id", b"")
    assert signed is not None
    assert b"a call of S3. Set AWS_ENDPOINT_URL_APPRUNNER" in signed.body
