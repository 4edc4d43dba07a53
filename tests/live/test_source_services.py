"""Services from source code behind the API: built from a real repository, deployed by pushes or not."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.assembly.control_plane import ControlPlaneSettings
from simulator.assembly.serving import ServingSettings, open_serving
from simulator.builds.git.repositories import RepositorySettings
from simulator.builds.settings import BuildSettings
from simulator.edge.live.live_settings import LiveSettings
from simulator.platform.service_workload import WorkloadSettings
from simulator.world.clock import ClockKind, run
from tests.builds.places import GitPlace, toolchains
from tests.live.test_serving import APPLICATION, Stage
from tests.live.waiting import PATIENCE_S

URL = "https://github.com/example/app"
CONFIG = """
version: 1.0
runtime: nodejs22
build:
  commands:
    build:
      - echo building
run:
  command: {program} app.py
  network:
    port: 9000
  env:
    - name: WHO
      value: {who}
"""


def config(who: str) -> str:
    return CONFIG.format(program=sys.executable, who=who)


def repository(folder: Path) -> GitPlace:
    return GitPlace(
        folder,
        {
            "service-a/app.py": APPLICATION,
            "service-a/apprunner.yaml": config("first"),
            "service-b/readme.md": "another service",
        },
    )


def create(stage: Stage) -> tuple[str, str]:
    source = {
        "CodeRepository": {
            "RepositoryUrl": URL,
            "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"},
            "SourceDirectory": "/service-a",
            "CodeConfiguration": {"ConfigurationSource": "REPOSITORY"},
        },
        "AutoDeploymentsEnabled": True,
    }
    made = stage.call("CreateService", ServiceName="hello", SourceConfiguration=source)["Service"]
    return made["ServiceArn"], made["ServiceUrl"]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 there is no event for it
            await asyncio.sleep(0.05)


def operations(stage: Stage, arn: str) -> list[str]:
    return [each["Type"] for each in stage.call("ListOperations", ServiceArn=arn)["OperationSummaryList"]]


@pytest.mark.slow
def test_a_push_to_its_directory_deploys_and_one_beside_it_or_while_paused_does_not(tmp_path: Path) -> None:
    place = repository(tmp_path / "clone")
    clones = RepositorySettings({URL: str(place.folder)})
    builds = BuildSettings(tmp_path / "builds", toolchains(tmp_path / "toolchains"), clones)

    async def main() -> None:
        serving = await open_serving(
            ServingSettings(
                ControlPlaneSettings(tmp_path / "state", listener=None),
                LiveSettings(tmp_path / "state"),
                WorkloadSettings(startup_probe_s=0.02, stop_grace_s=5.0, settle_s=1.0),
                builds=builds,
            )
        )
        async with serving:
            stage = Stage(serving)
            arn, host = create(stage)
            await stage.settled()
            assert stage.describe(arn)["Status"] == "RUNNING", stage.lines(arn, "")
            assert await stage.get(host) == (200, "first")
            checked = "Performing health check on protocol `TCP` [Port: '9000']."  # of the file, in both logs
            assert sum(checked in line for line in stage.lines(arn, "")) == 2, stage.lines(arn, "")
            trees = serving.trees
            assert trees is not None

            async def looks(count: int) -> None:
                """Wait until `count` further checks of the branches have been completed."""
                most = trees.looks + count
                await until(lambda: trees.looks >= most)

            await looks(2)
            place.commit({"service-b/readme.md": "changed"})
            await looks(2)
            assert operations(stage, arn) == ["CREATE_SERVICE"]
            place.commit({"service-a/apprunner.yaml": config("second")})
            await until(lambda: operations(stage, arn)[0] == "START_DEPLOYMENT")
            await stage.settled()
            assert await stage.get(host) == (200, "second")
            stage.call("PauseService", ServiceArn=arn)
            await stage.settled()
            place.commit({"service-a/apprunner.yaml": config("third")})
            await looks(2)
            stage.call("ResumeService", ServiceArn=arn)
            await stage.settled()
            await looks(2)
            assert operations(stage, arn)[0] == "RESUME_SERVICE"
            assert await stage.get(host) == (200, "second")
            stage.call("StartDeployment", ServiceArn=arn)
            await stage.settled()
            assert await stage.get(host) == (200, "third")

    run(ClockKind.REAL, main)
