"""Images from a registry: Debian's, with the credentials of moto's ECR for a role of moto's STS, and the engine."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import boto3
import pytest
from aiohttp import web
from moto.server import ThreadedMotoServer

from simulator.assembly.control_plane import ControlPlaneSettings
from simulator.assembly.serving import ServingSettings, open_serving
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.credentials.key_service import KeyService
from simulator.fleet.docker.engine_address import DEFAULT_HOST
from simulator.fleet.registries.registry_map import RegistryMap, RegistryPlace
from simulator.model.times import RUN_START, RunTime
from simulator.platform.applications import ApplicationSettings
from simulator.platform.service_workload import WorkloadSettings
from simulator.platform.stored_copies.stored_copies import StoredCopies
from simulator.records.request_log import RuleNumbers
from simulator.traffic.live.client import LoadClient
from simulator.traffic.live.closed import ClosedLoad
from simulator.traffic.live.request import RequestChoice
from simulator.traffic.live.settings import LoadTarget
from simulator.world.clock import ClockKind, monotonic_s, run
from tests.live.registry import PASSWORD, USER, Registry, registry
from tests.live.test_serving import Stage
from tests.live.waiting import PATIENCE_S

ACCOUNT = "123456789012"
HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
IMAGE = f"{HOST}/team/app:live"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/access"
DENIED = f"arn:aws:iam::{ACCOUNT}:role/denied"
USERS, PAUSE_S = 8, 0.1
AT_LAST = RunTime(3600.0)
HEALTH = {"Protocol": "HTTP", "Path": "/", "Interval": 1, "Timeout": 1, "UnhealthyThreshold": 20}
ERROR = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code></Error></ErrorResponse>"


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@contextlib.asynccontextmanager
async def guarded(moto: str) -> AsyncIterator[str]:
    """Yield the address of moto's STS behind a proxy that rejects one role: moto itself allows every role."""

    async def forward(request: web.Request) -> web.Response:
        body = await request.read()
        if b"role%2Fdenied" in body:
            return web.Response(status=403, text=ERROR, content_type="text/xml")
        headers = {name: request.headers[name] for name in ("Authorization", "X-Amz-Date", "Content-Type")}
        async with aiohttp.ClientSession() as session, session.post(moto, data=body, headers=headers) as answer:
            return web.Response(status=answer.status, body=await answer.read(), content_type="text/xml")

    application = web.Application()
    application.router.add_post("/", forward)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def source(role: str = ROLE, image: str = IMAGE, *, deploys_itself: bool = True) -> dict[str, Any]:
    return {
        "ImageRepository": {"ImageIdentifier": image, "ImageRepositoryType": "ECR"},
        "AuthenticationConfiguration": {"AccessRoleArn": role},
        "AutoDeploymentsEnabled": deploys_itself,
    }


class Outcomes:
    """Counts how many requests ended with each status."""

    def __init__(self) -> None:
        self.rules = RuleNumbers()
        self.statuses: Counter[int] = Counter()

    def add(self, *row: Any) -> None:
        self.statuses[row[6]] += 1


@contextlib.asynccontextmanager
async def opened(folder: Path, place: RegistryPlace, kms: str = "") -> AsyncIterator[Stage]:
    registries = RegistryMap({"all": place})
    copies = StoredCopies(folder / "state" / "copies", KeyService(kms)) if kms else None
    serving = await open_serving(
        ServingSettings(
            ControlPlaneSettings(folder / "state", listener=None, engine=DEFAULT_HOST, registries=registries),
            LiveSettings(folder / "state"),
            WorkloadSettings(startup_probe_s=0.05, stop_grace_s=2.0, settle_s=0.5),
            ApplicationSettings(engine=DEFAULT_HOST, registries=registries, copies=copies),
        )
    )
    async with serving:
        yield Stage(serving)
        assert not serving.platform.tasks.failed.done()
        assert not serving.plane.tasks.failed.done()


async def created(stage: Stage, *, deploys_itself: bool = True, **more: Any) -> tuple[str, str]:
    made = stage.call(
        "CreateService",
        ServiceName="shop",
        SourceConfiguration=source(deploys_itself=deploys_itself),
        HealthCheckConfiguration=HEALTH,
        **more,
    )["Service"]
    await stage.settled()
    return made["ServiceArn"], made["ServiceUrl"]


async def answers(stage: Stage, host: str, text: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await stage.get(host) != (200, text):  # noqa: ASYNC110 there is no event for it
            await asyncio.sleep(0.1)


def newest(stage: Stage, arn: str) -> tuple[str, str, list[str]]:
    """Return type and status of the last operation, and its deployment log."""
    last = stage.call("ListOperations", ServiceArn=arn)["OperationSummaryList"][0]
    return last["Type"], last["Status"], stage.lines(arn, f"deployment/{last['Id']}")


async def pushed_under_load(stage: Stage, images: Registry) -> Counter[int]:
    arn, host = await created(stage)
    assert await stage.get(host) == (200, "first")
    outcomes, front = Outcomes(), stage.serving.platform.front
    assert front is not None
    client = LoadClient(
        LoadTarget(host, front.https_port, front.client_context()), outcomes, monotonic_s(), now=monotonic_s
    )
    # Closed users: however slow the machine is, they are fewer than the instance has slots.
    users = ClosedLoad(
        client, 0, itertools.repeat(RequestChoice()), lambda: PAUSE_S, users=USERS, from_s=RUN_START, until_s=AT_LAST
    )
    try:
        users.start()
        await asyncio.to_thread(images.push, "team/app:other", "another tag")
        await asyncio.to_thread(images.push, "team/app:live", "second")
        await answers(stage, host, "second")
        await stage.settled()
        kind, status, lines = newest(stage, arn)
        assert (kind, status) == ("START_DEPLOYMENT", "SUCCEEDED")
        assert any(line.startswith(f"[AppRunner] Pulling 127.0.0.1:{images.port}/team/app@sha256:") for line in lines)

        stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=source(DENIED))
        await stage.settled()
        kind, status, lines = newest(stage, arn)
        assert (kind, status) == ("UPDATE_SERVICE", "ROLLBACK_SUCCEEDED")
        reason = "Failed to pull your application image. Reason: Invalid Access Role in AuthenticationConfiguration."
        assert f"[AppRunner] {reason}" in lines
        assert "[AppRunner] Deployment failed. Failure reason: Failed to copy the image from ECR." in lines
        assert await stage.get(host) == (200, "second")
        users.stop()
        await client.drained()
    finally:
        await client.close()
    assert [each["Type"] for each in stage.call("ListOperations", ServiceArn=arn)["OperationSummaryList"]] == [
        "UPDATE_SERVICE",
        "START_DEPLOYMENT",
        "CREATE_SERVICE",
    ]
    return outcomes.statuses


@pytest.mark.slow
def test_a_push_under_load_deploys_the_new_image_and_a_denied_role_keeps_the_old_one(tmp_path: Path, moto: str) -> None:
    with registry(tmp_path / "registry", password=True) as images:
        images.push("team/app:live", "first")

        async def main() -> None:
            async with guarded(moto) as sts, opened(tmp_path, RegistryPlace(images.url, sts=sts, ecr=moto)) as stage:
                statuses = await pushed_under_load(stage, images)
                assert set(statuses) == {200}
                assert statuses[200] > USERS

        run(ClockKind.REAL, main)


@pytest.mark.slow
def test_a_paused_service_resumes_without_its_registry_and_a_missing_tag_fails_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        with registry(tmp_path / "registry", password=True) as images:
            images.push("team/app:live", "first")
            async with opened(tmp_path, RegistryPlace(images.url, USER, PASSWORD)) as stage:
                arn, host = await created(stage)
                stage.call(
                    "UpdateService", ServiceArn=arn, SourceConfiguration=source(image=IMAGE.replace(":live", ":gone"))
                )
                await stage.settled()
                assert (
                    "[AppRunner] Failed to pull your application image. Reason: ECR image doesn't exist."
                    in (newest(stage, arn)[2])
                )
                stage.call("PauseService", ServiceArn=arn)
                await stage.settled()
                images.stop()
                stage.call("ResumeService", ServiceArn=arn)
                await stage.settled()
                assert await stage.get(host) == (200, "first")

    run(ClockKind.REAL, main)


def has(reference: str) -> bool:
    """Whether the engine has the image under this name."""
    return subprocess.run(["docker", "image", "inspect", reference], check=False, capture_output=True).returncode == 0


@pytest.mark.slow
def test_images_before_the_previous_one_leave_the_engine(tmp_path: Path) -> None:
    async def main() -> None:
        with registry(tmp_path / "registry") as images:
            images.push("team/app:live", "0")
            async with opened(tmp_path, RegistryPlace(images.url)) as stage:
                arn, host = await created(stage, deploys_itself=False)  # each push is deployed below, once
                pulled = []
                for number in range(1, 5):
                    lines = newest(stage, arn)[2]
                    line = next(line for line in lines if line.startswith("[AppRunner] Pulling "))
                    pulled.append(line.split()[2].rstrip(":"))
                    await asyncio.to_thread(images.push, "team/app:live", str(number))
                    stage.call("StartDeployment", ServiceArn=arn)
                    await stage.settled()
                    assert await stage.get(host) == (200, str(number))
                there = [await asyncio.to_thread(has, name) for name in pulled]
                assert there == [False, False, True, True]  # and the one that serves

    run(ClockKind.REAL, main)


@pytest.mark.slow
def test_the_engine_runs_the_image_of_app_runners_architecture_from_a_list(tmp_path: Path) -> None:
    async def main() -> None:
        with registry(tmp_path / "registry") as images:
            images.push("team/app:one", "for amd64")
            images.push("team/app:two", "for another")
            images.push_list("team/app:live", arm64="two", amd64="one")
            async with opened(tmp_path, RegistryPlace(images.url)) as stage:
                arn, host = await created(stage)
                assert await stage.get(host) == (200, "for amd64")
                stage.call("PauseService", ServiceArn=arn)
                await stage.settled()
                images.stop()
                stage.call("ResumeService", ServiceArn=arn)  # the engine finds it by the digest of the list
                await stage.settled()
                assert await stage.get(host) == (200, "for amd64")

    run(ClockKind.REAL, main)


def in_engine(copy: Path) -> bool:
    """Return whether the engine has the image of an encrypted copy, whose header names it."""
    return (
        subprocess.run(["docker", "image", "inspect", image_of(copy)], check=False, capture_output=True).returncode == 0
    )


def image_of(copy: Path) -> str:
    return str(json.loads(copy.read_bytes().partition(b"\n")[0])["image"])


@pytest.mark.slow
def test_a_service_with_a_disabled_key_is_neither_deployed_nor_resumed_and_keeps_serving(
    tmp_path: Path, moto: str
) -> None:
    kms = boto3.client("kms", region_name="us-east-1", endpoint_url=moto)
    key = kms.create_key()["KeyMetadata"]

    async def ended(stage: Stage, arn: str, call: str, status: str) -> None:
        stage.call(call, ServiceArn=arn)
        await stage.settled()
        assert newest(stage, arn)[1] == status, call

    async def main() -> None:
        with registry(tmp_path / "registry") as images:
            images.push("team/app:live", "first")
            async with opened(tmp_path, RegistryPlace(images.url), moto) as stage:
                arn, host = await created(stage, EncryptionConfiguration={"KmsKey": key["Arn"]})
                [copy] = (tmp_path / "state" / "copies").glob("*/*")
                assert b"first" not in copy.read_bytes()
                kms.disable_key(KeyId=key["KeyId"])
                await ended(stage, arn, "StartDeployment", "FAILED")
                line = f"[AppRunner] The KMS key {key['Arn']} cannot be used: its state is Disabled."
                assert line in newest(stage, arn)[2]
                assert await stage.get(host) == (200, "first")
                assert in_engine(copy)
                await ended(stage, arn, "PauseService", "SUCCEEDED")
                assert not in_engine(copy)
                images.stop()
                await ended(stage, arn, "ResumeService", "FAILED")
                assert stage.describe(arn)["Status"] == "PAUSED"
                kms.enable_key(KeyId=key["KeyId"])
                await ended(stage, arn, "ResumeService", "SUCCEEDED")
                assert await stage.get(host) == (200, "first")
                loaded.append(image_of(copy))

    loaded: list[str] = []
    run(ClockKind.REAL, main)
    subprocess.run(["docker", "rmi", *loaded], check=True, capture_output=True)  # images without a name
