"""Unmodified AWS clients against the API over a socket, each through every operation and every declared error."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import pytest_asyncio
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from simulator.assembly.control_plane import ControlPlane, ControlPlaneSettings
from simulator.control.api_context import ApiSettings
from simulator.model.resources.quotas import Quotas
from tests.api.wire import elsewhere
from tests.live.api_tour import BreakingCalls, BusyWorkload, Tour, everything
from tests.live.client_tools import Answer, LineClient, aws_cli, javascript_sdk

CLIENTS = Path(__file__).parent / "clients"
QUOTAS = Quotas(services=4, connections=2, auto_scaling_names=3, observability_names=3, vpc_connectors=2)


@pytest_asyncio.fixture
async def plane() -> AsyncIterator[ControlPlane]:
    plane = ControlPlane(ControlPlaneSettings(api=ApiSettings(quotas=QUOTAS)), BusyWorkload())
    plane.calls = BreakingCalls(plane.api)
    async with plane:
        await plane.open()
        yield plane


class Boto3:
    def __init__(self, url: str) -> None:
        self._url = url
        self._clients: dict[str, Any] = {}

    def call(self, operation: str, request: Answer, account: str) -> tuple[Answer, str]:
        client = self._clients.get(account)
        if client is None:
            client = self._clients[account] = boto3.client(
                "apprunner",
                endpoint_url=self._url,
                region_name="us-east-1",
                aws_access_key_id=account,
                aws_secret_access_key="any",
                config=Config(retries={"total_max_attempts": 1}),
            )
        try:
            answer: Answer = getattr(client, xform_name(operation))(**request)
        except ClientError as caught:
            error = caught
        else:
            return answer, ""
        code: str = error.response["Error"]["Code"]
        assert isinstance(error, getattr(client.exceptions, code)), code
        assert error.response["Error"]["Message"]
        assert error.response["ResponseMetadata"]["RequestId"]
        return {}, code


async def tour_with(client: Any) -> None:
    tour = Tour(client)
    await elsewhere(tour.go)
    assert tour.seen == everything()


async def test_boto3_calls_every_operation_with_every_error(plane: ControlPlane) -> None:
    await tour_with(Boto3(plane.url))


@pytest.mark.slow
async def test_the_aws_cli_calls_every_operation_with_every_error(plane: ControlPlane, tmp_path: Path) -> None:
    folder = await elsewhere(aws_cli)
    client = LineClient([str(folder / "python"), str(CLIENTS / "cli.py")], _cli_environment(plane, tmp_path))
    try:
        await tour_with(client)
    finally:
        await elsewhere(client.close)


@pytest.mark.slow
async def test_the_javascript_sdk_calls_every_operation_with_every_error(plane: ControlPlane) -> None:
    folder = await elsewhere(javascript_sdk)
    client = LineClient(["node", str(CLIENTS / "javascript.mjs")], {"ENDPOINT": plane.url, "PATH": _PATH}, folder)
    try:
        await tour_with(client)
    finally:
        await elsewhere(client.close)


@pytest.mark.slow
async def test_the_aws_cli_as_a_program(plane: ControlPlane, tmp_path: Path) -> None:
    folder = await elsewhere(aws_cli)

    def aws(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(folder / "aws"), "apprunner", *arguments]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, env=_cli_environment(plane, tmp_path)
        )

    created = await elsewhere(
        aws,
        "create-service",
        "--service-name",
        "hello",
        "--source-configuration",
        "ImageRepository={ImageIdentifier=public.ecr.aws/aws-containers/hello-app-runner:latest,"
        "ImageRepositoryType=ECR_PUBLIC}",
    )
    assert created.returncode == 0, created.stderr
    arn = json.loads(created.stdout)["Service"]["ServiceArn"]
    await plane.api.operations.settled()
    described = await elsewhere(aws, "describe-service", "--service-arn", arn, "--query", "Service.Status")
    assert json.loads(described.stdout) == "RUNNING"
    rejected = await elsewhere(aws, "pause-service", "--service-arn", arn.replace("hello", "absent"))
    assert rejected.returncode == 255  # version 1; version 2 returns 254
    assert "An error occurred (ResourceNotFoundException) when calling the PauseService operation" in rejected.stderr


_PATH = "/usr/local/bin:/usr/bin:/bin"


def _cli_environment(plane: ControlPlane, home: Path) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_APPRUNNER": plane.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "123456789012",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
        "HOME": str(home),
        "PATH": _PATH,
        "PYTHONIOENCODING": "utf-8",
    }
