"""Source code in a scenario: built once before the run, and then used like any other application."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from simulator.builds.artifact import BuildArtifact, BuildFailed, BuildSteps, SourceDescription
from simulator.fleet.docker.config import DockerApplication
from simulator.fleet.process.environment import ProcessApplication, SetUp
from simulator.replay.applications import application_of
from simulator.replay.service_plans import service_plans
from simulator.replay.source_builds import needs_builds, with_builds
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.world.clock import ClockKind
from tests.builds.steps import HeardSteps

TEXT = """
duration: 10s
services:
  shop:
    source: {repository: "https://github.com/example/shop"}
    application: {source_code: {folder: shop, directory: /a}, simulated: {cpu: 1ms}}
    secrets: {OWN: of-the-scenario}
  other:
    application: {simulated: {cpu: 1ms}}
aws: {endpoint: "http://127.0.0.1:1"}
timeline:
  - at: 5s
    deploy: {service: shop, application: {source_code: {folder: shop, branch: next}}}
"""


SET_UP = SetUp(("enter", "/layer"), (Path("/layer"),), mounts=True)


class Builder:
    def __init__(self, image: str = "") -> None:
        self.asked: list[SourceDescription] = []
        self._image = image

    async def build(self, source: SourceDescription, steps: BuildSteps, commit: str = "") -> BuildArtifact:
        assert not commit
        self.asked.append(source)
        steps.log(f"[Build] {source.branch}")
        if source.branch == "bad":
            raise BuildFailed("no such branch.")
        secrets = {"OWN": "of-the-file", "FILES": "of-the-file"}
        return BuildArtifact(
            Path("/built") / (source.branch or "now"),
            ("sh", "-c", "./start"),
            "GO_1",
            "1" * 40,
            3000,
            environment={"A": "b"},
            secrets=secrets,
            image=self._image,
            set_up=SET_UP,
        )

    def keep(self, wanted: Sequence[BuildArtifact]) -> None: ...

    async def close(self) -> None: ...


@pytest.fixture
def scenario(tmp_path: Path) -> ScenarioSpec:
    (tmp_path / "shop").mkdir()
    return read_scenario(TEXT, folder=tmp_path)


def test_artifacts_replace_source_code_in_services_and_deployments(scenario: ScenarioSpec) -> None:
    builder = Builder()
    told = asyncio.run(with_builds(scenario, builder, HeardSteps()))
    assert [(Path(each.repository).name, each.branch, each.source_directory) for each in builder.asked] == [
        ("shop", "", "/a"),
        ("shop", "next", "/"),
    ]
    assert needs_builds(scenario)
    assert not needs_builds(told)
    plan = service_plans(told, ClockKind.REAL)[0]
    assert plan.application == ProcessApplication(("sh", "-c", "./start"), {"A": "b"}, Path("/built/now"), SET_UP)
    assert plan.secrets == {"OWN": "of-the-scenario", "FILES": "of-the-file"}
    deploy = told.timeline[0].deploy
    assert deploy is not None
    assert deploy.application is not None
    after = application_of(deploy.application, ClockKind.REAL)
    assert isinstance(after, ProcessApplication)
    assert after.working_directory == Path("/built/next")


def test_an_artifact_built_in_an_image_is_a_container(scenario: ScenarioSpec) -> None:
    told = asyncio.run(with_builds(scenario, Builder("built:1"), HeardSteps()))
    plan = service_plans(told, ClockKind.REAL)[0]
    assert plan.application == DockerApplication("built:1", ("sh", "-c", "./start"), {"A": "b"}, 3000)
    assert plan.settings.port == 3000


def test_an_application_that_was_not_built_runs_only_in_virtual_time(scenario: ScenarioSpec) -> None:
    scenario.require("virtual")
    service_plans(scenario, ClockKind.VIRTUAL)
    with pytest.raises(ValueError, match=r"^source_code = \S+shop, must be left out where source code is not built$"):
        service_plans(scenario, ClockKind.REAL)


def test_an_application_of_two_kinds_is_rejected(tmp_path: Path) -> None:
    text = TEXT.replace("simulated: {cpu: 1ms}}\n    secrets", "container: {image: a}}\n    secrets")
    (tmp_path / "shop").mkdir()
    with pytest.raises(ScenarioError, match="container and source_code"):
        read_scenario(text, folder=tmp_path)
    with pytest.raises(ScenarioError, match="existing folder"):
        read_scenario(TEXT.replace("folder: shop", "folder: none"), folder=tmp_path)
