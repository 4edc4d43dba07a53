"""The applications of revisions from source code: built once, kept while in use, and restored without another build."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulator.builds.artifact import BuildArtifact, BuildFailed, BuildSteps, SourceDescription
from simulator.control.operations.workload import ServiceRevision, WorkloadFailed
from simulator.fleet.docker.config import DockerApplication
from simulator.fleet.docker.engine import Image
from simulator.fleet.process.environment import ProcessApplication
from simulator.model.resources.phase import Phase
from simulator.model.resources.service_configuration import ServiceConfiguration
from simulator.model.scaling import AutoScalingConfiguration
from simulator.platform import applications as applications_module
from simulator.platform.applications import Applications, ApplicationSettings
from simulator.platform.stored_copies.stored_copies import StoredCopies
from tests.control.resources.sources import CODE
from tests.fleet.registries.fake_engine import FakeEngine
from tests.platform.stored_copies.fake_keys import KEY, FakeKeys

ARN = "arn:aws:apprunner:us-east-1:123456789012:service/shop/8fe1e10304f84fd2b0df550fe98a71fa"


def revision(version: str = "", arn: str = ARN, **code: Any) -> ServiceRevision:
    repository = CODE["CodeRepository"] | code
    source = {"CodeRepository": repository, "AutoDeploymentsEnabled": True}
    network = {"EgressConfiguration": {"EgressType": "DEFAULT"}}
    configuration = ServiceConfiguration(source, {}, {}, network, {}, "")
    scaling = AutoScalingConfiguration()
    return ServiceRevision(arn, "8fe1", "shop", "1", "us-east-1", "h", 1, configuration, scaling, version=version)


class Builder:
    def __init__(self, **built: Any) -> None:
        self.asked: list[tuple[SourceDescription, str]] = []
        self.kept: list[list[str]] = []
        self.failure: BuildFailed | None = None
        self._built = built

    async def build(self, source: SourceDescription, steps: BuildSteps, commit: str = "") -> BuildArtifact:
        self.asked.append((source, commit))
        await steps.reach(Phase.SOURCE_PULLED)
        if self.failure is not None:
            raise self.failure
        name = commit or f"commit {len(self.asked)}"
        return BuildArtifact(Path("built"), ("python3", "app.py"), "PYTHON_311", name, **self._built)

    def keep(self, wanted: Sequence[BuildArtifact]) -> None:
        self.kept.append([built.commit for built in wanted])

    async def close(self) -> None: ...


class Steps:
    def __init__(self) -> None:
        self.said: list[object] = []

    async def reach(self, phase: Phase) -> None:
        self.said.append(phase)

    def pulls(self, size_bytes: int) -> None:
        self.said.append(size_bytes)

    def log(self, line: str) -> None:
        self.said.append(line)


def applications(builder: Builder | None, **named: Any) -> Applications:
    return Applications(ApplicationSettings(named=named, builder=builder))


def test_a_built_artifact_runs_as_processes_in_copies_of_its_folder() -> None:
    builder = Builder(port=3000, secrets={"KEY": "name"}, environment={"PATH": "/x"})
    found = asyncio.run(applications(builder).find(revision(), Steps(), is_new=True))
    assert found.application == ProcessApplication(("python3", "app.py"), {"PATH": "/x"}, Path("built"))
    assert (found.version, found.port, found.secrets) == ("commit 1", 3000, {"KEY": "name"})
    assert builder.asked[0][0].is_new


def test_an_artifact_built_in_an_image_runs_as_containers_of_the_result() -> None:
    builder = Builder(port=3000, image="built:1", environment={"A": "b"})
    found = asyncio.run(applications(builder).find(revision(), Steps()))
    assert found.application == DockerApplication("built:1", ("python3", "app.py"), {"A": "b"}, 3000)


def test_a_restored_service_builds_the_commit_that_it_ran() -> None:
    builder = Builder()
    asyncio.run(applications(builder).find(revision(version="abc")))
    assert builder.asked[0][1] == "abc"


def test_a_build_is_kept_while_it_is_in_use() -> None:
    async def main() -> None:
        builder = Builder()
        found = applications(builder)
        await found.find(revision())
        found.serves(revision())
        await found.find(revision())  # the deployment fails: the old build is still in use
        other = revision(arn=ARN.replace("shop", "other"))
        await found.find(other)
        found.serves(other)
        assert builder.kept[-1] == ["commit 1", "commit 3", "commit 2"]
        await found.find(revision())
        found.serves(revision())
        assert builder.kept[-1] == ["commit 4", "commit 3"]
        found.forget(other.service_arn)
        assert builder.kept[-1] == ["commit 4"]

    asyncio.run(main())


def test_a_failed_build_has_its_log_lines_and_reason() -> None:
    builder, steps = Builder(), Steps()
    builder.failure = BuildFailed("The build command exited with code 1.", ("[Build] no such package",))
    with pytest.raises(WorkloadFailed, match="exited with code 1") as caught:
        asyncio.run(applications(builder).find(revision(), steps))
    assert steps.said == [Phase.SOURCE_PULLED, "[Build] no such package"]
    said = "Failed to build your application source code. Reason: The build command exited with code 1."
    assert caught.value.lines == (said,)


def test_without_a_builder_the_failure_names_the_missing_builder() -> None:
    with pytest.raises(WorkloadFailed, match="cannot build source code"):
        asyncio.run(applications(None).find(revision()))


def test_a_configured_application_may_replace_a_repository() -> None:
    named = {CODE["CodeRepository"]["RepositoryUrl"]: ProcessApplication(("web",))}
    steps = Steps()
    found = asyncio.run(applications(None, **named).find(revision(), steps))
    assert isinstance(found.application, ProcessApplication)
    assert found.application.command == ("python", "app.py")  # the service's own StartCommand
    assert steps.said == [Phase.SOURCE_PULLED, Phase.BUILDING]


async def test_the_build_of_a_paused_service_with_a_key_is_restored_from_its_copy(tmp_path: Path) -> None:
    place = tmp_path / "kept" / "key"
    keys, built = FakeKeys(), place / "root" / "app"
    copies = StoredCopies(tmp_path / "copies", keys.as_service())

    class Kept(Builder):
        async def build(self, source: SourceDescription, steps: BuildSteps, commit: str = "") -> BuildArtifact:
            assert commit == "" or built.exists(), "it is there before the build that finds it"
            built.mkdir(parents=True, exist_ok=True)
            (built / "app.py").write_text("secret source")
            return replace(await super().build(source, steps, commit), folder=built)

    found = Applications(ApplicationSettings(builder=Kept(), copies=copies))
    new = replace(revision(), kms_key=KEY)
    deployed = replace(new, version=(await found.find(new, Steps())).version)
    found.serves(new)
    await found.remove_paused(deployed)
    assert not place.exists()
    [copy] = (tmp_path / "copies").glob("*/*")
    assert b"secret source" not in copy.read_bytes()
    keys.disabled = True
    with pytest.raises(WorkloadFailed, match="its state is Disabled"):
        await found.find(deployed)
    keys.disabled = False
    await found.find(deployed)
    assert (built / "app.py").read_text() == "secret source"
    found.forget(ARN)
    assert not list((tmp_path / "copies").iterdir())


async def test_a_service_with_a_key_of_an_application_that_a_setting_names_needs_its_key_too(tmp_path: Path) -> None:
    keys = FakeKeys()
    settings = ApplicationSettings(
        {"shop": ProcessApplication(("web",))}, copies=StoredCopies(tmp_path, keys.as_service())
    )
    keys.disabled = True
    with pytest.raises(WorkloadFailed, match="its state is Disabled"):
        await Applications(settings).find(replace(revision(), kms_key=KEY))
    await Applications(settings).find(revision())


async def test_the_image_of_a_build_is_removed_and_loaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = FakeKeys()
    engine = FakeEngine(images={"built:1": Image("sha256:7", 5)}, packed={"built:1": b"layers"})
    monkeypatch.setattr(applications_module, "Engine", lambda _host: engine)
    copies = StoredCopies(tmp_path / "copies", keys.as_service())
    found = Applications(ApplicationSettings(builder=Builder(image="built:1"), copies=copies))
    new = replace(revision(), kms_key=KEY)
    deployed = replace(new, version=(await found.find(new, Steps())).version)
    found.serves(new)
    await found.remove_paused(deployed)
    assert engine.removed == ["built:1"]
    keys.disabled = True
    with pytest.raises(WorkloadFailed, match="its state is Disabled"):
        await found.find(deployed)
    assert engine.images == {}
    keys.disabled = False
    await found.find(deployed)
    assert (engine.loaded, list(engine.images)) == ([b"layers"], ["built:1"])
    await found.find(deployed)
    assert engine.loaded == [b"layers"], "it is there"


async def test_a_build_that_another_service_runs_is_not_removed(tmp_path: Path) -> None:
    copies = StoredCopies(tmp_path / "copies", FakeKeys().as_service())
    place = tmp_path / "kept" / "key"
    (place / "root" / "app").mkdir(parents=True)

    class Kept(Builder):
        async def build(self, source: SourceDescription, steps: BuildSteps, commit: str = "") -> BuildArtifact:
            return replace(await super().build(source, steps, "c"), folder=place / "root" / "app")

    found = Applications(ApplicationSettings(builder=Kept(), copies=copies))
    for arn in (ARN, ARN.replace("shop", "other")):
        new = replace(revision(arn=arn), kms_key=KEY)
        await found.find(new, Steps())
        found.serves(new)
    await found.remove_paused(replace(revision(version="c"), kms_key=KEY))
    assert place.exists()
