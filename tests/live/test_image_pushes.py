"""Automatic deployments from a real engine: its tags, its events, and an engine that does not exist."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulator.assembly.control_plane import ControlPlane, ControlPlaneSettings, open_control_plane
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.principal import Principal
from simulator.fleet.docker.engine_address import DEFAULT_HOST
from simulator.world.clock import ClockKind, run
from tests.live.docker_images import changed_image, python_image
from tests.live.waiting import PATIENCE_S

ACCOUNT = "123456789012"
ALICE = Principal(ACCOUNT, "us-east-1", "AKIDEXAMPLE", "request-1", "127.0.0.1", "pytest")


def docker(*words: str) -> None:
    subprocess.run(["docker", *words], capture_output=True, check=True)


@contextlib.contextmanager
def tags(tmp_path: Path) -> Iterator[Callable[[str, str], str]]:
    """Yield `move(name, image)`, which tags the image and returns the identifier. The tags are removed afterwards."""
    made: dict[str, None] = {}

    def move(name: str, image: str) -> str:
        identifier = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/{tmp_path.name.lower()}-{os.getpid()}:{name}"
        docker("tag", image, identifier)
        made[identifier] = None
        return identifier

    try:
        yield move
    finally:
        for identifier in made:
            subprocess.run(["docker", "rmi", "--no-prune", identifier], capture_output=True, check=False)


def create(plane: ControlPlane, name: str, image: str) -> str:
    source = {
        "ImageRepository": {"ImageIdentifier": image, "ImageRepositoryType": "ECR"},
        "AuthenticationConfiguration": {"AccessRoleArn": f"arn:aws:iam::{ACCOUNT}:role/access"},
    }
    request = {"ServiceName": name, "SourceConfiguration": source}
    return str(plane.api.handle(ALICE, "CreateService", request)["Service"]["ServiceArn"])


def deployments(plane: ControlPlane, arn: str) -> int:
    operations = plane.api.handle(ALICE, "ListOperations", {"ServiceArn": arn})["OperationSummaryList"]
    return sum(each["Type"] == "START_DEPLOYMENT" for each in operations)


def test_a_tag_that_moves_in_the_engine_deploys_its_service_and_no_other(tmp_path: Path) -> None:
    first, second = python_image(), changed_image("LABEL version=2")

    async def main() -> None:
        plane = await open_control_plane(ControlPlaneSettings(listener=None, engine=DEFAULT_HOST), SimulatedWorkload())
        async with plane:
            with tags(tmp_path) as move:
                web = create(plane, "service-web", move("latest", first))
                stable = create(plane, "service-stable", move("stable", first))
                await plane.api.operations.settled()
                async with asyncio.timeout(PATIENCE_S):
                    for image in itertools.cycle((second, first)):  # the first move may precede the first check
                        move("latest", image)
                        await asyncio.sleep(0.1)
                        if deployments(plane, web):
                            break
                await plane.api.operations.settled()
                assert deployments(plane, stable) == 0
            assert not plane.tasks.failed.done()

    run(ClockKind.REAL, main)


@pytest.mark.parametrize("engine", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:9"])
def test_services_are_served_without_an_engine(engine: str, tmp_path: Path) -> None:
    async def main() -> None:
        plane = await open_control_plane(ControlPlaneSettings(listener=None, engine=engine), SimulatedWorkload())
        async with plane:
            arn = create(
                plane, "service-web", f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/{tmp_path.name}:latest".lower()
            )
            await plane.api.operations.settled()
            assert deployments(plane, arn) == 0
            assert not plane.tasks.failed.done()

    run(ClockKind.REAL, main)
