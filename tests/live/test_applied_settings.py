"""The printed commands and template, run by the unmodified AWS CLI against `simulator serve`; then the service has the
settings.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.assembly.control_plane import ControlPlane
from simulator.assembly.serving import open_serving
from simulator.cli.platform.serve_config import ServeConfig
from simulator.lab.apply.app_runner import app_runner_instructions
from simulator.lab.apply.instructions import ApplyTool
from simulator.world.clock import ClockKind, run
from tests.lab.apply.services import change, template, text_of
from tests.live.client_tools import aws_cli_2
from tests.live.test_serving import ALICE

IMAGE = "public.ecr.aws/aws-containers/hello-app-runner:latest"
SOURCE = {"ImageRepository": {"ImageIdentifier": IMAGE, "ImageRepositoryType": "ECR_PUBLIC"}}
CHANGE = change(
    before={},
    after={
        "max_concurrency": 40,
        "min_size": 2,
        "max_size": 7,
        "cpu": 512,
        "memory": 1024,
        "health_check": {"path": "/it's ok", "interval": "7s"},
    },
)
EXPECTED = {
    "AutoScalingConfigurationName": "shop",
    "MaxConcurrency": 40,
    "MinSize": 2,
    "MaxSize": 7,
    "Cpu": "512",
    "Memory": "1024",
    "Path": "/it's ok",
    "Interval": 7,
    "Timeout": 2,
}


PATIENCE_S = 60.0


async def settled(plane: ControlPlane) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await plane.api.operations.settled()


class Shell:
    """A shell in which `aws` is the AWS CLI with the simulator as its endpoint."""

    def __init__(self, url: str, folder: Path) -> None:
        program = folder / "aws"
        program.write_text(f'#!/bin/sh\nexec {aws_cli_2()} --endpoint-url {url} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        own = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}
        path = {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "AWS_PAGER": ""}
        self._environment = path | own

    async def run(self, script: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", script),
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, err = await process.communicate()
        assert process.returncode == 0, err


def described(plane: ControlPlane) -> dict[str, Any]:
    """Return the settings of the service `shop`."""
    call = partial(plane.api.handle, ALICE)
    (arn,) = (each["ServiceArn"] for each in call("ListServices", {})["ServiceSummaryList"])
    service = call("DescribeService", {"ServiceArn": arn})["Service"]
    used = {"AutoScalingConfigurationArn": service["AutoScalingConfigurationSummary"]["AutoScalingConfigurationArn"]}
    limits = call("DescribeAutoScalingConfiguration", used)["AutoScalingConfiguration"]
    found = limits | service["InstanceConfiguration"] | service["HealthCheckConfiguration"]
    return {key: found[key] for key in EXPECTED}


@pytest.mark.slow
def test_the_commands_and_the_template_give_the_service_its_settings(tmp_path: Path) -> None:
    simulated = {"applications": {IMAGE: {"simulated": {"io": "1ms"}}}, "api": {"port": 0}}
    config = ServeConfig.model_validate(simulated | {"front": {"https_port": 0, "http_port": 0}})
    texts = app_runner_instructions(CHANGE)

    async def main() -> None:
        async with await open_serving(config.serving(tmp_path / "state", "unix:///nowhere")) as serving:
            plane = serving.plane
            shell = Shell(plane.url, tmp_path)
            created = plane.api.handle(ALICE, "CreateService", {"ServiceName": "shop", "SourceConfiguration": SOURCE})
            await settled(plane)
            assert described(plane)["MaxConcurrency"] == 100
            await shell.run(text_of(texts, ApplyTool.AWS_CLI))
            await settled(plane)
            assert described(plane) == EXPECTED
            plane.api.handle(ALICE, "DeleteService", {"ServiceArn": created["Service"]["ServiceArn"]})
            await settled(plane)

            # The service again, by a template; then the printed resources are merged into it.
            resources = template(text_of(texts, ApplyTool.CLOUDFORMATION))
            properties = {"ServiceName": "shop", "SourceConfiguration": SOURCE}
            own = {"Shop": {"Type": "AWS::AppRunner::Service", "Properties": properties}}
            given = properties | resources["Shop"]["Properties"]
            merged = resources | {"Shop": {"Type": "AWS::AppRunner::Service", "Properties": given}}
            for command, stack in (("create-stack", own), ("update-stack", merged)):
                file = tmp_path / "template.yaml"
                file.write_text(yaml.safe_dump({"Resources": stack}), encoding="utf-8")
                await shell.run(f"aws cloudformation {command} --stack-name shop --template-body file://{file}")
                async with asyncio.timeout(PATIENCE_S):
                    await plane.calls.stacks.runs.settled()
            assert described(plane) == EXPECTED

    run(ClockKind.REAL, main)
