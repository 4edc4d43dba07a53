"""Stacks deployed, changed, rolled back and deleted by the unmodified AWS CLI over real sockets."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simulator.assembly.serving import open_serving
from simulator.cli.platform.serve_config import ServeConfig
from simulator.platform.service_workload import local_host
from simulator.world.clock import ClockKind, run
from tests.live.client_tools import aws_cli_2, cdk
from tests.live.test_serving import ALICE, ToLoopback

IMAGE = "public.ecr.aws/aws-containers/hello-app-runner:latest"
TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Description: The shop
Parameters:
  Level: {Type: String, Default: info, AllowedValues: [info, debug]}
Conditions:
  IsDebug: !Equals [!Ref Level, debug]
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}}
  Scaling:
    Type: AWS::AppRunner::AutoScalingConfiguration
    Properties: {AutoScalingConfigurationName: shop, MaxConcurrency: !If [IsDebug, 5, 50], MaxSize: "3"}
  Service:
    Type: AWS::AppRunner::Service
    Properties:
      ServiceName: !Sub "${AWS::StackName}-web"
      AutoScalingConfigurationArn: !GetAtt Scaling.AutoScalingConfigurationArn
      InstanceConfiguration: {Cpu: 1024, Memory: 2048, InstanceRoleArn: !GetAtt Role.Arn}
      SourceConfiguration:
        ImageRepository:
          ImageIdentifier: IMAGE
          ImageRepositoryType: ECR_PUBLIC
          ImageConfiguration:
            RuntimeEnvironmentVariables: [{Name: LEVEL, Value: !Ref Level}]
Outputs:
  Url: {Value: !GetAtt Service.ServiceUrl, Export: {Name: !Sub "${AWS::StackName}-url"}}
""".replace("IMAGE", IMAGE)


@pytest.mark.slow
def test_the_cli_deploys_changes_and_deletes_a_stack(tmp_path: Path) -> None:
    template = tmp_path / "shop.yaml"
    template.write_text(TEMPLATE, encoding="utf-8")
    broken = tmp_path / "broken.yaml"
    broken.write_text(TEMPLATE.replace('MaxSize: "3"', "MaxSize: 0"), encoding="utf-8")
    simulated = {"applications": {IMAGE: {"simulated": {"io": "1ms"}}}, "api": {"port": 0}}
    config = ServeConfig.model_validate(simulated | {"front": {"https_port": 0, "http_port": 0}})
    program = aws_cli_2()

    async def main() -> None:
        async with await open_serving(config.serving(tmp_path / "state", "unix:///nowhere")) as serving:
            front, plane = serving.platform.front, serving.plane
            assert front is not None
            own = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}
            environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "AWS_PAGER": ""} | own

            async def aws(*words: str, status: int = 0) -> str:
                process = await asyncio.create_subprocess_exec(
                    program,
                    *("--endpoint-url", plane.url, "cloudformation", *words),
                    env=environment,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                )
                out, err = await process.communicate()
                assert process.returncode == status, err
                return (out + err).decode()

            async def described() -> dict[str, Any]:
                stacks: list[dict[str, Any]] = json.loads(await aws("describe-stacks", "--stack-name", "shop"))[
                    "Stacks"
                ]
                return stacks[0]

            deploy = ("deploy", "--stack-name", "shop", "--template-file")
            told = await aws(*deploy, str(template), status=254)
            assert "(InsufficientCapabilitiesException)" in told
            options = ("--capabilities", "CAPABILITY_IAM", "--tags", "team=web")
            assert "Successfully created/updated stack - shop" in await aws(*deploy, str(template), *options)
            stack = await described()
            (output,) = stack["Outputs"]
            url = front.url(local_host(output["OutputValue"]))
            connector = aiohttp.TCPConnector(ssl=front.client_context(), resolver=ToLoopback())
            async with aiohttp.ClientSession(connector=connector) as session, session.get(url) as answer:
                assert answer.status == 200
            assert "No changes to deploy" in await aws(*deploy, str(template), *options)
            await aws(*deploy, str(template), *options, "--parameter-overrides", "Level=debug")
            assert (await described())["StackStatus"] == "UPDATE_COMPLETE"
            # The parameter keeps its value, and the stack of the rejected resource is unchanged.
            told = await aws(*deploy, str(broken), *options, status=255)
            assert "Failed to create/update the stack" in told
            stack = await described()
            assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
            assert stack["Parameters"] == [{"ParameterKey": "Level", "ParameterValue": "debug"}]
            events = await aws("describe-stack-events", "--stack-name", "shop")
            assert "HandlerErrorCode: InvalidRequest" in events
            exports = json.loads(await aws("list-exports"))["Exports"]
            assert [(each["Name"], each["Value"]) for each in exports] == [("shop-url", output["OutputValue"])]
            await aws("delete-stack", "--stack-name", "shop")
            await plane.calls.stacks.runs.settled()
            await aws("wait", "stack-delete-complete", "--stack-name", stack["StackId"])
            assert "Stack with id shop does not exist" in await aws(
                "describe-stacks", "--stack-name", "shop", status=254
            )

    run(ClockKind.REAL, main)


# What `cdk synth` writes for a stack with a LegacyStackSynthesizer, and for one with the default synthesizer.
LEGACY = {
    "type": "aws:cloudformation:stack",
    "environment": "aws://unknown-account/unknown-region",
    "properties": {"templateFile": "Shop.template.json"},
    "displayName": "Shop",
}
BUCKET = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
ROLE = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-hnb659fds-%s-role-${AWS::AccountId}-${AWS::Region}"
VERSION = {
    "requiresBootstrapStackVersion": 6,
    "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
}
DEFAULT = LEGACY | {
    "properties": {
        "templateFile": "Shop.template.json",
        "assumeRoleArn": ROLE % "deploy",
        "cloudFormationExecutionRoleArn": ROLE % "cfn-exec",
        "stackTemplateAssetObjectUrl": f"s3://{BUCKET}/shop.json",
        "additionalDependencies": ["Shop.assets"],
    }
    | VERSION,
    "dependencies": ["Shop.assets"],
}
ASSETS = {"type": "cdk:asset-manifest", "properties": {"file": "Shop.assets.json"} | VERSION}
FILES = {
    "version": "36.0.0",
    "files": {
        "shop": {
            "source": {"path": "Shop.template.json", "packaging": "file"},
            "destinations": {
                "here": {"bucketName": BUCKET, "objectKey": "shop.json", "assumeRoleArn": ROLE % "file-publishing"}
            },
        }
    },
    "dockerImages": {},
}
BOOTSTRAP = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "artifacts"),
    [
        ("change-set", {"Shop": LEGACY}),
        ("direct", {"Shop": LEGACY}),
        ("change-set", {"Shop.assets": ASSETS, "Shop": DEFAULT}),
    ],
    ids=["legacy", "direct", "default"],
)
def test_the_cdk_deploys_and_destroys_a_stack(tmp_path: Path, method: str, artifacts: dict[str, Any]) -> None:
    assembly = tmp_path / "cdk.out"
    assembly.mkdir()
    manifest = {"version": "36.0.0", "artifacts": artifacts}
    (assembly / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (assembly / "Shop.assets.json").write_text(json.dumps(FILES), encoding="utf-8")
    image = {"ImageIdentifier": IMAGE, "ImageRepositoryType": "ECR_PUBLIC"}
    source = {"SourceConfiguration": {"ImageRepository": image}}
    content = {
        "Resources": {
            "Service": {"Type": "AWS::AppRunner::Service", "Properties": {"ServiceName": "shop"} | source},
            "CDKMetadata": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2:deflate64:x"}},
        },
        "Outputs": {"Url": {"Value": {"Fn::GetAtt": ["Service", "ServiceUrl"]}}},
        "Parameters": {"BootstrapVersion": BOOTSTRAP} if len(artifacts) > 1 else {},
    }
    (assembly / "Shop.template.json").write_text(json.dumps(content), encoding="utf-8")
    simulated = {"applications": {IMAGE: {"simulated": {"io": "1ms"}}}, "api": {"port": 0}}
    config = ServeConfig.model_validate(simulated | {"front": {"https_port": 0, "http_port": 0}})
    program = cdk()

    async def main() -> None:
        async with await open_serving(config.serving(tmp_path / "state", "unix:///nowhere")) as serving:
            plane = serving.plane
            own = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": "us-east-1"}
            endpoints = {"AWS_ENDPOINT_URL": plane.url}
            environment = (
                {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "CI": "true"} | own | endpoints
            )

            async def run_cdk(*words: str) -> str:
                process = await asyncio.create_subprocess_exec(
                    program,
                    *(*words, "--app", str(assembly)),
                    env=environment,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                )
                out, _ = await process.communicate()
                assert process.returncode == 0, out.decode()
                return out.decode()

            told = await run_cdk("deploy", "--require-approval", "never", "--method", method)
            (service,) = plane.api.handle(ALICE, "ListServices", {})["ServiceSummaryList"]
            assert f"Shop.Url = {service['ServiceUrl']}" in told
            assert "no changes" in await run_cdk("deploy", "--require-approval", "never", "--method", method)
            assert "destroyed" in await run_cdk("destroy", "--force")
            assert plane.api.handle(ALICE, "ListServices", {})["ServiceSummaryList"] == []

    run(ClockKind.REAL, main)
