"""The store as clients of S3 see it: boto3, with and without access keys, and the chunks of other clients."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from simulator.api.access_keys import AccessKey, AccessKeys
from simulator.api.assets.object_protocol import ObjectCall, object_answer
from simulator.api.authentication import Authentication
from simulator.assembly.control_plane import ControlPlane, ControlPlaneSettings, open_control_plane
from simulator.control.assets.object_store import ObjectStore
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.model.resources.api_error import ApiError
from simulator.rules.iam.identity import IamIdentity
from simulator.rules.iam.policy_document import parse_policy
from tests.api.wire import KEY, SECRET, elsewhere
from tests.control.stacks.stack_stage import SCALING, template

READER = IamIdentity(
    "arn:aws:iam::123456789012:user/reader",
    (parse_policy({"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}, "own"),),
)


def client(service: str, plane: ControlPlane, secret: str = SECRET) -> Any:
    return boto3.client(
        service,
        endpoint_url=plane.url,
        region_name="eu-west-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


def plane_with(identity: IamIdentity | None) -> Any:
    keys = AccessKeys([AccessKey(KEY, SECRET, "123456789012", identity=identity)])
    return open_control_plane(ControlPlaneSettings(authentication=Authentication(keys)), SimulatedWorkload())


@pytest.mark.parametrize("keys", [False, True])
async def test_boto3_keeps_objects_and_a_stack_reads_its_template_there(keys: bool) -> None:
    opened = plane_with(None) if keys else open_control_plane(ControlPlaneSettings(), SimulatedWorkload())
    async with await opened as plane:
        s3, bucket = client("s3", plane), "templates-1"
        await elsewhere(s3.create_bucket, Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        assert (await elsewhere(s3.get_bucket_location, Bucket=bucket))["LocationConstraint"] == "eu-west-1"
        await elsewhere(s3.head_bucket, Bucket=bucket)
        encryption = await elsewhere(s3.get_bucket_encryption, Bucket=bucket)
        assert "AES256" in str(encryption["ServerSideEncryptionConfiguration"])
        text, key = template(Scaling=SCALING), "dir/one & two.json"
        await elsewhere(s3.put_object, Bucket=bucket, Key=key, Body=text.encode())
        for number in range(3):
            await elsewhere(s3.put_object, Bucket=bucket, Key=f"x{number}", Body=b"")
        answer = await elsewhere(s3.get_object, Bucket=bucket, Key=key)
        assert (await elsewhere(answer["Body"].read)).decode() == text
        head = await elsewhere(s3.head_object, Bucket=bucket, Key=key)
        assert head["ContentLength"] == len(text.encode())
        listed = await elsewhere(s3.list_objects_v2, Bucket=bucket, Prefix="dir/")
        assert [(each["Key"], each["Size"]) for each in listed["Contents"]] == [(key, len(text.encode()))]
        page = await elsewhere(s3.list_objects_v2, Bucket=bucket, MaxKeys=2, StartAfter=key)
        assert (page["IsTruncated"], [each["Key"] for each in page["Contents"]]) == (True, ["x0", "x1"])
        assert [each["Name"] for each in (await elsewhere(s3.list_buckets))["Buckets"]] == [bucket]
        url = f"https://{bucket}.s3.eu-west-1.amazonaws.com/dir/one%20%26%20two.json"
        await elsewhere(client("cloudformation", plane).create_stack, StackName="one", TemplateURL=url)
        await plane.calls.stacks.runs.settled()
        (stack,) = (await elsewhere(client("cloudformation", plane).describe_stacks))["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        await elsewhere(s3.delete_object, Bucket=bucket, Key=key)
        with pytest.raises(ClientError, match="NoSuchKey"):
            await elsewhere(s3.get_object, Bucket=bucket, Key=key)
        with pytest.raises(ClientError, match="NotImplemented"):
            await elsewhere(s3.get_bucket_policy, Bucket=bucket)
        with pytest.raises(ClientError, match="InvalidBucketName"):
            await elsewhere(s3.get_bucket_location, Bucket="A_b")


async def test_a_wrong_signature_and_a_policy_are_heeded() -> None:
    async with await plane_with(READER) as plane:
        with pytest.raises(ClientError, match="InvalidSignature"):
            await elsewhere(client("s3", plane, "wrong").put_object, Bucket="bucket-1", Key="k", Body=b"x")
        with pytest.raises(ClientError, match=r"AccessDenied.*s3:PutObject on resource: arn:aws:s3:::bucket-1/k"):
            await elsewhere(client("s3", plane).put_object, Bucket="bucket-1", Key="k", Body=b"x")
        with pytest.raises(ClientError, match="NoSuchKey"):
            await elsewhere(client("s3", plane).get_object, Bucket="bucket-1", Key="k")
        with pytest.raises(ClientError, match="AccessDenied"):
            await elsewhere(client("ssm", plane).get_parameter, Name="/cdk-bootstrap/own/version")


async def test_the_version_of_a_bootstrap_is_a_parameter_of_ssm() -> None:
    async with await open_control_plane(ControlPlaneSettings(), SimulatedWorkload()) as plane:
        ssm = client("ssm", plane)
        found = await elsewhere(ssm.get_parameter, Name="/cdk-bootstrap/hnb659fds/version")
        assert int(found["Parameter"]["Value"]) >= 30
        with pytest.raises(ClientError, match="ParameterNotFound"):
            await elsewhere(ssm.get_parameter, Name="/other")
        with pytest.raises(ClientError, match="App Runner only"):
            await elsewhere(ssm.describe_parameters)


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (
            b"3;chunk-signature=ab\r\nhel\r\n2;chunk-signature=cd\r\nlo\r\n0\r\nx-amz-checksum-crc32:AA==\r\n\r\n",
            b"hello",
        ),
        (b"5\r\nhell", None),
        (b"x\r\nhello", None),
        (b"", None),
        (b"-1\r\nhello\r\n0\r\n\r\n", None),
    ],
)
def test_a_body_in_chunks_is_put_together(body: bytes, content: bytes | None) -> None:
    store, call = ObjectStore(), ObjectCall.of("PUT", "/bucket-1/key?x-id=PutObject")
    fields = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
    if content is None:
        with pytest.raises(ApiError, match="not complete"):
            object_answer(store, call, "us-east-1", fields, body, 0.0)
        return
    object_answer(store, call, "us-east-1", fields, body, 0.0)
    found = store.get("bucket-1", "key")
    assert found is not None
    assert found.content == content


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("POST", "/bucket-1/key?uploads", "POST of an object with ?uploads is not supported here"),
        ("PUT", "/bucket-1/key?tagging", "is not supported here"),
        ("PUT", "/", "is not supported here"),
        ("PUT", "/bucket-1?policy", "PUT of a bucket with ?policy"),
    ],
)
def test_other_calls_are_named(method: str, path: str, told: str) -> None:
    with pytest.raises(ApiError, match=told.replace("?", r"\?")):
        object_answer(ObjectStore(), ObjectCall.of(method, path), "us-east-1", {}, b"", 0.0)
    with pytest.raises(ApiError, match="16777216 bytes"):
        object_answer(ObjectStore(), ObjectCall.of("PUT", "/bucket-1/k"), "us-east-1", {}, None, 0.0)
