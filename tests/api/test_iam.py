"""IAM policies of access keys with an unmodified client: keys in a configuration file, used over signed HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.assembly.control_plane import ControlPlane, open_control_plane
from simulator.cli.platform.serve_config import load_config
from simulator.control.operations.simulated_workload import SimulatedWorkload
from tests.api.wire import boto3_client, elsewhere
from tests.control.api_stage import IMAGE

TEAM = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "OwnTeam",
            "Effect": "Allow",
            "Action": "apprunner:*",
            "Resource": "arn:aws:apprunner:*:*:service/*",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        },
        {
            "Sid": "NewWithTeam",
            "Effect": "Allow",
            "Action": ["apprunner:CreateService", "apprunner:TagResource"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"},
                "IpAddress": {"aws:SourceIp": "127.0.0.0/8"},
            },
        },
        {
            "Sid": "NotProd",
            "Effect": "Deny",
            "Action": "apprunner:Delete*",
            "Resource": "arn:aws:apprunner:*:*:service/prod*",
        },
    ],
}
CONFIG = """
version: 1
api:
  port: 0
  keys:
    - {access_key_id: ADMIN, secret_access_key: s1}
    - {access_key_id: READER, secret_access_key: s2, policies: [AWSAppRunnerReadOnlyAccess]}
    - access_key_id: ALICE
      secret_access_key: s3
      principal_arn: arn:aws:iam::123456789012:user/alice
      principal_tags: {team: blue}
      policies: [team.json]
    - access_key_id: DEPLOYER
      secret_access_key: s4
      session_token: t4
      principal_arn: arn:aws:sts::123456789012:assumed-role/deploy/ci
      policies: [AWSAppRunnerFullAccess]
      session_policies:
        - Version: "2012-10-17"
          Statement: {Effect: Allow, Action: "apprunner:*Service", Resource: "*"}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "team.json").write_text(json.dumps(TEAM, indent=1), encoding="utf-8")
    file = tmp_path / "serve.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    return file


async def denied(call: Any, /, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        await elsewhere(call, **request)
    response = caught.value.response
    assert response["Error"]["Code"] == "AccessDeniedException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 403
    return str(response["Error"]["Message"])


def client(plane: ControlPlane, key: str) -> Any:
    secrets = {"ADMIN": "s1", "READER": "s2", "ALICE": "s3", "DEPLOYER": "s4"}
    more = {"aws_session_token": "t4"} if key == "DEPLOYER" else {}
    return boto3_client(plane, key=key, secret=secrets[key], **more)


async def test_keys_with_policies_through_an_unmodified_client(config: Path) -> None:
    settings = load_config(config).settings(None)
    async with await open_control_plane(settings, SimulatedWorkload()) as plane:
        admin, reader, alice, deployer = (client(plane, key) for key in ("ADMIN", "READER", "ALICE", "DEPLOYER"))
        blue, red = ([{"Key": "team", "Value": colour}] for colour in ("blue", "red"))
        created = await elsewhere(admin.create_service, ServiceName="shop", SourceConfiguration=IMAGE, Tags=red)
        arn = created["Service"]["ServiceArn"]
        await plane.api.operations.settled()

        # a reader may read
        assert len((await elsewhere(reader.list_services))["ServiceSummaryList"]) == 1
        assert (await elsewhere(reader.describe_service, ServiceArn=arn))["Service"]["Status"] == "RUNNING"
        assert await denied(reader.pause_service, ServiceArn=arn) == (
            "User: arn:aws:iam::123456789012:user/READER is not authorized to perform: apprunner:PauseService on "
            f"resource: {arn} because no identity-based policy allows the apprunner:PauseService action"
        )

        # tags of the stored resource and of the request
        assert "arn:aws:iam::123456789012:user/alice" in await denied(alice.pause_service, ServiceArn=arn)
        await elsewhere(admin.tag_resource, ResourceArn=arn, Tags=blue)
        await elsewhere(alice.pause_service, ServiceArn=arn)
        await plane.api.operations.settled()
        assert "on resource: * because" in await denied(alice.list_services)
        await denied(alice.create_service, ServiceName="mine", SourceConfiguration=IMAGE)
        await denied(alice.create_service, ServiceName="mine", SourceConfiguration=IMAGE, Tags=red)
        own = await elsewhere(alice.create_service, ServiceName="prod-mine", SourceConfiguration=IMAGE, Tags=blue)
        await plane.api.operations.settled()
        own_arn = own["Service"]["ServiceArn"]
        message = await denied(alice.delete_service, ServiceArn=own_arn)
        assert message.endswith(f"on resource: {own_arn} with an explicit deny in an identity-based policy")

        # a role's session: allowed is what both kinds of policies allow, and no role may be passed
        await elsewhere(deployer.describe_service, ServiceArn=own_arn)
        message = await denied(deployer.list_connections)
        assert message == (
            "User: arn:aws:sts::123456789012:assumed-role/deploy/ci is not authorized to perform: "
            "apprunner:ListConnections on resource: * "
            "because no session policy allows the apprunner:ListConnections action"
        )
        role = "arn:aws:iam::123456789012:role/instance"
        instance = {"InstanceRoleArn": role}
        message = await denied(deployer.update_service, ServiceArn=own_arn, InstanceConfiguration=instance)
        assert f"perform: iam:PassRole on resource: {role} because no session policy allows" in message
        await elsewhere(admin.update_service, ServiceArn=own_arn, InstanceConfiguration=instance)
        await plane.api.operations.settled()
