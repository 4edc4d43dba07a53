"""Operations of AWS WAF with an unmodified client: associations of web ACLs with services, and rejections."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from simulator.api.access_keys import AccessKey, AccessKeys
from simulator.api.authentication import Authentication
from simulator.assembly.control_plane import ControlPlane, ControlPlaneSettings, open_control_plane
from simulator.control.api_context import ApiSettings
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.model.resources.api_resources import ServiceResource
from tests.api.wire import KEY, SECRET, boto3_client, elsewhere
from tests.control.api_stage import IMAGE
from tests.rules.waf.acls import ARN, acl, byte_match, rule

ACL = acl(rule(byte_match(b"/admin", {"UriPath": {}})))
SETTINGS = ApiSettings(web_acls={ARN: ACL})
KEYS = Authentication(AccessKeys([AccessKey(KEY, SECRET, "123456789012")]))


def waf_client(plane: ControlPlane, secret: str = SECRET) -> Any:
    return boto3.client(
        "wafv2",
        endpoint_url=plane.url,
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


async def service(plane: ControlPlane, name: str = "shop") -> str:
    client = boto3_client(plane)
    made = await elsewhere(client.create_service, ServiceName=name, SourceConfiguration=IMAGE)
    await plane.api.operations.settled()
    arn: str = made["Service"]["ServiceArn"]
    return arn


@pytest.mark.parametrize("authentication", [Authentication(), KEYS], ids=["open", "with keys"])
async def test_a_web_acl_is_associated_read_listed_and_disassociated(authentication: Authentication) -> None:
    workload = SimulatedWorkload()
    settings = ControlPlaneSettings(authentication=authentication, api=SETTINGS)
    async with await open_control_plane(settings, workload) as plane:
        client, arn = waf_client(plane), await service(plane)
        both = {"WebACLArn": ARN, "ResourceArn": arn}
        listed = {"WebACLArn": ARN, "ResourceType": "APP_RUNNER_SERVICE"}

        assert "WebACL" not in await elsewhere(client.get_web_acl_for_resource, ResourceArn=arn)
        await elsewhere(client.associate_web_acl, **both)
        assert workload.web_acls == {arn: ACL}
        found = (await elsewhere(client.get_web_acl_for_resource, ResourceArn=arn))["WebACL"]
        assert (found["Name"], found["ARN"]) == ("shop", ARN)
        # the client decodes the base64 of the file
        assert found["Rules"][0]["Statement"]["ByteMatchStatement"]["SearchString"] == b"/admin"
        assert (await elsewhere(client.list_resources_for_web_acl, **listed))["ResourceArns"] == [arn]
        # without a type, AWS lists load balancers
        assert (await elsewhere(client.list_resources_for_web_acl, WebACLArn=ARN))["ResourceArns"] == []

        await elsewhere(client.disassociate_web_acl, ResourceArn=arn)
        assert workload.web_acls == {arn: None}
        assert (await elsewhere(client.list_resources_for_web_acl, **listed))["ResourceArns"] == []


async def test_what_does_not_exist_is_rejected_with_a_hint() -> None:
    async with await open_control_plane(ControlPlaneSettings(api=SETTINGS), SimulatedWorkload()) as plane:
        client, arn = waf_client(plane), await service(plane)

        async def rejected(operation: str, **request: str) -> dict[str, str]:
            with pytest.raises(ClientError) as caught:
                await elsewhere(getattr(client, operation), **request)
            assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
            error: dict[str, str] = caught.value.response["Error"]
            return error

        other = ARN.replace("/shop/", "/shops/")
        error = await rejected("associate_web_acl", WebACLArn=other, ResourceArn=arn)
        assert error["Code"] == "WAFNonexistentItemException"
        assert f"did you mean `{ARN}`?" in error["Message"]
        error = await rejected("associate_web_acl", WebACLArn=ARN, ResourceArn=arn + "0")
        assert error["Code"] == "WAFNonexistentItemException"
        error = await rejected("disassociate_web_acl", ResourceArn="arn:aws:s3:::a-bucket-of-mine")
        assert error["Code"] == "WAFInvalidParameterException"
        error = await rejected("list_web_acls", Scope="REGIONAL")
        assert "for App Runner only" in error["Message"]


async def test_a_service_that_is_being_deleted_does_not_exist() -> None:
    async with await open_control_plane(ControlPlaneSettings(api=SETTINGS), SimulatedWorkload(step_s=0.05)) as plane:
        client, arn = waf_client(plane), await service(plane)
        await elsewhere(boto3_client(plane).delete_service, ServiceArn=arn)

        for _ in range(2):
            with pytest.raises(ClientError, match="WAFNonexistentItemException"):
                await elsewhere(client.associate_web_acl, WebACLArn=ARN, ResourceArn=arn)
            await plane.api.operations.settled()


async def test_a_signature_for_another_service_is_rejected() -> None:
    settings = ControlPlaneSettings(authentication=KEYS, api=SETTINGS)
    async with await open_control_plane(settings, SimulatedWorkload()) as plane:
        with pytest.raises(ClientError, match="InvalidSignatureException"):
            await elsewhere(waf_client(plane, "wrong").list_resources_for_web_acl, WebACLArn=ARN)


async def test_an_association_survives_a_restart(tmp_path: Path) -> None:
    settings = ControlPlaneSettings(state=tmp_path, api=SETTINGS)
    async with await open_control_plane(settings, SimulatedWorkload()) as plane:
        arn = await service(plane)
        await elsewhere(waf_client(plane).associate_web_acl, WebACLArn=ARN, ResourceArn=arn)

    workload = SimulatedWorkload()
    async with await open_control_plane(settings, workload) as plane:
        assert workload.web_acls == {arn: ACL}
        (stored,) = plane.registry.all(ServiceResource)
        assert stored.web_acl_arn == ARN
        await asyncio.sleep(0)
