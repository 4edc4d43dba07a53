"""CloudFormation and STS at the endpoint, used by boto3: signatures, permissions, errors, and a complete stack."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import aiohttp
import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from simulator.api.access_keys import AccessKey, AccessKeys
from simulator.api.authentication import Authentication
from simulator.assembly.control_plane import ControlPlane, ControlPlaneSettings, open_control_plane
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.state.log_entries import EntryKind
from simulator.rules.iam.identity import IamIdentity
from simulator.rules.iam.policy_document import parse_policy
from tests.api.wire import KEY, SECRET, elsewhere
from tests.control.api_stage import IMAGE

TEMPLATE = json.dumps(
    {
        "Resources": {
            "Service": {
                "Type": "AWS::AppRunner::Service",
                "Properties": {"ServiceName": "shop", "SourceConfiguration": IMAGE},
            }
        },
        "Outputs": {"Url": {"Value": {"Fn::GetAtt": "Service.ServiceUrl"}}},
    }
)
ALICE = IamIdentity(
    "arn:aws:iam::123456789012:user/alice",
    (parse_policy({"Statement": {"Effect": "Allow", "Action": "cloudformation:Describe*", "Resource": "*"}}, "own"),),
)


def client(service: str, plane: ControlPlane, *, key: str = KEY, secret: str = SECRET) -> Any:
    return boto3.client(
        service,
        endpoint_url=plane.url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


async def test_a_stack_by_boto3() -> None:
    async with await open_control_plane(ControlPlaneSettings(), SimulatedWorkload()) as plane:
        stacks = client("cloudformation", plane)
        await elsewhere(stacks.create_stack, StackName="one", TemplateBody=TEMPLATE)
        await plane.calls.stacks.runs.settled()
        (stack,) = (await elsewhere(stacks.describe_stacks, StackName="one"))["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        (service,) = (await elsewhere(client("apprunner", plane).list_services))["ServiceSummaryList"]
        assert stack["Outputs"] == [{"OutputKey": "Url", "OutputValue": service["ServiceUrl"]}]
        pages = await elsewhere(lambda: list(stacks.get_paginator("describe_stack_events").paginate(StackName="one")))
        assert len(pages[0]["StackEvents"]) == 5
        with pytest.raises(ClientError) as caught:
            await elsewhere(stacks.describe_stacks, StackName="two")
        error = caught.value.response
        assert error["Error"]["Code"] == "ValidationError"
        assert error["Error"]["Message"] == "Stack with id two does not exist"
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
        with pytest.raises(ClientError, match="InvalidAction"):
            await elsewhere(stacks.list_types)
        with pytest.raises(ClientError, match="ValidationError"):
            await elsewhere(stacks.create_stack, StackName="one", OnFailure="NONE", TemplateBody="s3cret")
        plane.api.flush()
        last = json.loads(plane.store.entries_after(0, kind=EntryKind.AUDIT)[-1].text)
        assert (last["eventName"], last["errorCode"], last["requestParameters"]) == (
            "CreateStack",
            "ValidationError",
            None,
        )


async def test_get_caller_identity_returns_the_identity_of_the_key() -> None:
    async with await open_control_plane(ControlPlaneSettings(), SimulatedWorkload()) as plane:
        found = await elsewhere(client("sts", plane, key="999999999999").get_caller_identity)
        assert found["Account"] == "999999999999"
    keys = AccessKeys([AccessKey(KEY, SECRET, identity=ALICE)])
    settings = ControlPlaneSettings(authentication=Authentication(keys))
    async with await open_control_plane(settings, SimulatedWorkload()) as plane:
        found = await elsewhere(client("sts", plane).get_caller_identity)
        assert found["Arn"] == "arn:aws:iam::123456789012:user/alice"
        stacks = client("cloudformation", plane)
        assert (await elsewhere(stacks.describe_stacks))["Stacks"] == []
        with pytest.raises(ClientError) as caught:
            await elsewhere(stacks.create_stack, StackName="one", TemplateBody=TEMPLATE)
        assert caught.value.response["Error"]["Code"] == "AccessDenied"
        assert "is not authorized to perform: cloudformation:CreateStack" in str(caught.value)
        for service, call in (("sts", "get_caller_identity"), ("cloudformation", "describe_stacks")):
            with pytest.raises(ClientError) as caught:
                await elsewhere(getattr(client(service, plane, secret="wrong"), call))
            assert caught.value.response["Error"]["Code"] == "InvalidSignatureException"
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            await elsewhere(client("cloudformation", plane, key="AKIAOTHER").describe_stacks)


async def test_web_pages_cannot_call_it() -> None:
    form = {"Action": "DescribeStacks", "Version": "2010-05-15"}
    async with (
        await open_control_plane(ControlPlaneSettings(), SimulatedWorkload()) as plane,
        aiohttp.ClientSession() as session,
    ):
        async with session.post(plane.url, data=form) as answer:
            assert (answer.status, answer.content_type) == (200, "text/xml")
        scope = "AWS4-HMAC-SHA256 Credential=A/20261129/us-east-1/cloudformation/aws4_request, SignedHeaders=host"
        for fields in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
            async with session.post(plane.url, data=form, headers=fields) as answer:
                assert answer.status == 400
            signed = fields | {"Authorization": f"{scope}, Signature=0"}
            async with session.post(plane.url, data=form, headers=signed) as answer:
                assert answer.status == 403
                assert "<Code>AccessDenied</Code>" in await answer.text()


LOADED = """
import asyncio, json, sys
from simulator.assembly.control_plane import ControlPlaneSettings, open_control_plane
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.state.log_entries import EntryKind
from tests.api.wire import boto3_client, elsewhere

async def main():
    async with await open_control_plane(ControlPlaneSettings(), SimulatedWorkload()) as plane:
        await elsewhere(boto3_client(plane).list_services)
        print(json.dumps([name for name in sys.modules if any(word in name for word in (
            "simulator.control.stacks", "simulator.rules.cloudformation", "simulator.model.resources.stack",
            "simulator.api.query.query_calls", "simulator.api.query.query_protocol",
        ))]))

asyncio.run(main())
"""


@pytest.mark.slow
def test_the_query_protocol_is_not_imported_before_the_first_call() -> None:
    answer = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout) == []
