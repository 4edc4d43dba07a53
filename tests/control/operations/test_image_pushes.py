from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from simulator.control.operations.image_pushes import LOOK_S, ImagePushes
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import APP_RUNNER, TimeProfile
from simulator.control.operations.workload import DeploymentProgress, ServiceRevision
from tests.control.api_stage import PUBLIC_IMAGE, Stage
from tests.control.resources.sources import CODE, ECR, ECR_IMAGE
from tests.virtual import run_virtual

DIGEST = "@sha256:" + "a" * 64


class Tags:
    """An engine that has every image; `push` moves a tag."""

    def __init__(self) -> None:
        self._images: dict[str, str | None] = {}
        self._moved = asyncio.Event()
        self.asked: list[str] = []

    def push(self, identifier: str, image: str | None) -> None:
        self._images[identifier] = image
        self._moved.set()

    async def identity(self, identifier: str) -> str | None:
        self.asked.append(identifier)
        await asyncio.sleep(0)
        return self._images.get(identifier, "first")

    async def moved(self, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                await self._moved.wait()
        except TimeoutError:
            return False
        self._moved.clear()
        return True


def on_context(
    play: Callable[[Stage, Tags], Coroutine[Any, Any, None]],
    *,
    profile: TimeProfile | None = None,
    workload: SimulatedWorkload | None = None,
) -> None:
    async def main() -> None:
        async with Stage(profile=profile or APP_RUNNER, workload=workload) as stage:
            tags = Tags()
            stage.tasks.spawn(ImagePushes(stage.registry, tags, stage.api.deploy_automatically).run(), "pushes")
            await play(stage, tags)

    run_virtual(main)


async def ecr_service(stage: Stage, **source: Any) -> str:
    arn = await stage.running(SourceConfiguration=ECR | source)
    await stage.passes(2 * LOOK_S)
    return arn


CREATED = ("CREATE_SERVICE", "SUCCEEDED")
DEPLOYED = ("START_DEPLOYMENT", "SUCCEEDED")


def test_a_push_to_the_tag_deploys_the_service_once() -> None:
    async def play(stage: Stage, tags: Tags) -> None:
        arn = await ecr_service(stage)
        tags.push(ECR_IMAGE, "second")
        await stage.passes(LOOK_S)
        assert stage.status(arn) == "OPERATION_IN_PROGRESS"
        await stage.settled()
        await stage.passes(5 * LOOK_S)
        assert stage.operations(arn) == [DEPLOYED, CREATED]

    on_context(play)


def test_only_the_configured_tag_counts() -> None:
    async def play(stage: Stage, tags: Tags) -> None:
        arn = await ecr_service(stage)
        tags.push(ECR_IMAGE.replace(":latest", ":other"), "second")
        tags.push(ECR_IMAGE, "first")  # the same image again
        tags.push(ECR_IMAGE, None)  # the tag is removed
        await stage.passes(5 * LOOK_S)
        tags.push(ECR_IMAGE, "first")
        await stage.passes(5 * LOOK_S)
        assert stage.operations(arn) == [CREATED]

    on_context(play)


def test_digests_public_images_other_accounts_and_source_code_are_never_polled() -> None:
    async def play(stage: Stage, tags: Tags) -> None:
        other = "999999999999.dkr.ecr.us-east-1.amazonaws.com/app:latest"
        images = {"pinned": ECR_IMAGE.removesuffix(":latest") + DIGEST, "foreign": other}
        for name, image in images.items():
            repository = ECR["ImageRepository"] | {"ImageIdentifier": image}
            await stage.running(name, SourceConfiguration=ECR | {"ImageRepository": repository})
        await stage.running("public")
        await stage.running("code", SourceConfiguration=CODE)
        await stage.running("manual", SourceConfiguration=ECR | {"AutoDeploymentsEnabled": False})
        for image in (*images.values(), PUBLIC_IMAGE, ECR_IMAGE):
            tags.push(image, "second")
        await stage.passes(5 * LOOK_S)
        assert tags.asked == []

    on_context(play)


def test_a_push_while_paused_is_ignored_and_the_next_one_deploys() -> None:
    async def play(stage: Stage, tags: Tags) -> None:
        arn = await ecr_service(stage)
        stage.call("PauseService", ServiceArn=arn)
        await stage.passes(10)
        tags.push(ECR_IMAGE, "while it is being paused")
        await stage.settled()
        tags.push(ECR_IMAGE, "while it is paused")
        await stage.passes(5 * LOOK_S)
        stage.call("ResumeService", ServiceArn=arn)
        await stage.settled()
        await stage.passes(5 * LOOK_S)
        assert stage.operations(arn)[0] == ("RESUME_SERVICE", "SUCCEEDED")
        tags.push(ECR_IMAGE, "after it")
        await stage.passes(LOOK_S)
        await stage.settled()
        assert stage.operations(arn)[0] == DEPLOYED

    on_context(play)


def test_pushes_during_a_deployment_are_one_deployment_after_it() -> None:
    async def play(stage: Stage, tags: Tags) -> None:
        arn = await ecr_service(stage)
        for image in ("second", "third", "fourth"):
            tags.push(ECR_IMAGE, image)
            await stage.passes(20.0)
        await stage.settled()
        await stage.passes(2 * LOOK_S)
        await stage.settled()
        await stage.passes(10 * LOOK_S)
        assert stage.operations(arn) == [DEPLOYED, DEPLOYED, CREATED]

    on_context(play)


class Pulling(SimulatedWorkload):
    """A workload that deploys `second`, as if it pulled just after the push."""

    async def deploy(self, revision: ServiceRevision, steps: DeploymentProgress) -> str:
        await SimulatedWorkload.deploy(self, revision, steps)
        return "second"


def test_a_push_that_the_running_deployment_already_pulled_starts_no_other() -> None:
    async def play(stage: Stage, tags: Tags) -> None:
        arn = await ecr_service(stage)
        stage.call("StartDeployment", ServiceArn=arn)
        await stage.passes(5.0)
        tags.push(ECR_IMAGE, "second")
        await stage.settled()
        await stage.passes(10 * LOOK_S)
        assert stage.operations(arn) == [DEPLOYED, CREATED]

    on_context(play, workload=Pulling())


def test_an_update_to_another_tag_is_no_push() -> None:
    async def play(stage: Stage, tags: Tags) -> None:
        arn = await ecr_service(stage)
        repository = ECR["ImageRepository"] | {"ImageIdentifier": ECR_IMAGE.replace(":latest", ":stable")}
        tags.push(repository["ImageIdentifier"], "another image")
        stage.call("UpdateService", ServiceArn=arn, SourceConfiguration={"ImageRepository": repository})
        await stage.settled()
        await stage.passes(5 * LOOK_S)
        assert stage.operations(arn) == [("UPDATE_SERVICE", "SUCCEEDED"), CREATED]

    on_context(play)
