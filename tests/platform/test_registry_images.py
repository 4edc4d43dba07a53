"""The image of a service from its registry: its version, its copy in the engine, and App Runner's failure texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from simulator.control.operations.workload import ServiceRevision, WorkloadFailed
from simulator.fleet.docker.config import DockerApplication
from simulator.fleet.docker.engine import Image
from simulator.fleet.registries import image_pull
from simulator.fleet.registries.registry_map import RegistryMap, RegistryPlace
from simulator.model.resources.service_configuration import ServiceConfiguration
from simulator.model.scaling import AutoScalingConfiguration
from simulator.platform import applications
from simulator.platform.applications import Applications, ApplicationSettings
from simulator.platform.stored_copies.stored_copies import StoredCopies
from tests.fleet.registries.fake_aws import fake_aws
from tests.fleet.registries.fake_engine import FakeEngine
from tests.fleet.registries.fake_registry import FakeRegistry, fake_registry
from tests.platform.stored_copies.fake_keys import KEY, FakeKeys

ACCOUNT = "111122223333"
IMAGE = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/app:1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/access"
PULL_FAILED = "Failed to pull your application image. Reason: "
INVALID_ROLE = PULL_FAILED + "Invalid Access Role in AuthenticationConfiguration."


def revision(image: str = IMAGE, version: str = "", role: str | None = ROLE) -> ServiceRevision:
    kind = "ECR_PUBLIC" if image.startswith("public") else "ECR"
    source: dict[str, Any] = {
        "ImageRepository": {"ImageIdentifier": image, "ImageRepositoryType": kind},
        "AutoDeploymentsEnabled": False,
    }
    if role is not None:
        source["AuthenticationConfiguration"] = {"AccessRoleArn": role}
    configuration = ServiceConfiguration(source, {}, {}, {"EgressConfiguration": {"EgressType": "DEFAULT"}}, {}, "")
    scaling = AutoScalingConfiguration()
    return ServiceRevision("arn", "8fe1", "shop", ACCOUNT, "us-east-1", "h", 1, configuration, scaling, version=version)


class Steps:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.sizes: list[int] = []

    async def reach(self, phase: object) -> None: ...

    def pulls(self, size_bytes: int) -> None:
        self.sizes.append(size_bytes)

    def log(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    given = FakeEngine()
    monkeypatch.setattr(applications, "Engine", lambda _host: given)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OWN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own")
    return given


def found_in(registry: FakeRegistry, **place: Any) -> Applications:
    return Applications(ApplicationSettings(registries=RegistryMap({"all": RegistryPlace(registry.url, **place)})))


async def failure(registry: FakeRegistry, given: ServiceRevision, **place: Any) -> tuple[str, ...]:
    """Return the lines of the log about a failure."""
    with pytest.raises(WorkloadFailed) as caught:
        await found_in(registry, **place).find(given)
    assert caught.value.reason == "Failed to copy the image from ECR."
    return caught.value.lines


async def test_the_version_is_the_name_with_its_digest_and_what_runs_is_the_engines_image(engine: FakeEngine) -> None:
    async with fake_registry() as registry:
        digest, steps = registry.push("app:1", 70, 7), Steps()
        runnable = await found_in(registry).find(revision(), steps)
        assert runnable.version == f"{registry.url.removeprefix('http://')}/app@{digest}"
        assert isinstance(runnable.application, DockerApplication)
        assert runnable.application.image == "sha256:1"
        assert steps.sizes == [77]
        assert steps.lines[0].startswith("[AppRunner] Pulling ")


async def test_a_version_in_the_engine_starts_without_the_registry_and_a_missing_one_is_pulled_again(
    engine: FakeEngine,
) -> None:
    async with fake_registry() as registry:
        registry.push("app:1", 70)
        found = found_in(registry)
        version = (await found.find(revision())).version
        registry.push("app:1", 71)  # the tag moves, but the service resumes its version
        asked = len(registry.asked)
        assert (await found.find(revision(version=version))).version == version
        assert len(registry.asked) == asked
        engine.images.clear()
        assert (await found.find(revision(version=version))).version == version
        assert engine.pulled[-1][0] == version


async def test_a_deployment_removes_what_was_pulled_before_the_previous_one(engine: FakeEngine) -> None:
    async with fake_registry() as registry:
        found, versions = found_in(registry), []
        for number in range(4):
            registry.push("app:1", 70 + number)
            versions.append((await found.find(revision())).version)
            found.serves(revision())
        assert [name in engine.images for name in versions] == [False, True, True, True]
        registry.push("app:1", 80)
        await found.find(revision())
        assert engine.removed == versions[:2]
        assert [name in engine.images for name in versions] == [False, False, True, True]


async def test_a_version_of_the_engine_alone_is_not_pulled(engine: FakeEngine) -> None:
    async with fake_registry() as registry:
        engine.images["sha256:old"] = Image("sha256:old", 5)
        assert (await found_in(registry).find(revision(version="sha256:old"))).version == "sha256:old"
        engine.images.clear()
        with pytest.raises(WorkloadFailed, match="the engine has no image sha256:old"):
            await found_in(registry).find(revision(version="sha256:old"))
        assert registry.asked == []


async def test_an_image_that_is_not_mapped_is_the_engines_own(engine: FakeEngine) -> None:
    engine.images["app:1"] = Image("sha256:local", 5)
    settings = ApplicationSettings(registries=RegistryMap({"public.ecr.aws": RegistryPlace("http://127.0.0.1:9")}))
    assert (await Applications(settings).find(revision())).version == "sha256:local"


async def test_app_runners_failures_have_app_runners_lines(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    async with fake_registry() as registry, fake_aws() as aws:
        assert (await failure(registry, revision()))[0] == PULL_FAILED + "ECR image doesn't exist."
        registry.push("app:1", 70)
        denied = revision(role=ROLE.replace("access", "denied"))
        lines = await failure(registry, denied, sts=aws.url, ecr=aws.url)
        assert lines == (INVALID_ROLE, f"{aws.url} answers AccessDenied for arn:aws:iam::{ACCOUNT}:role/denied.")
        assert (await failure(registry, revision(role=None), sts=aws.url))[0] == INVALID_ROLE
        registry.scheme = "Basic"
        assert (await failure(registry, revision()))[0] == INVALID_ROLE
        registry.scheme = ""
        registry.push_list("app:1", linux_arm64=7)
        assert "is for linux/arm64, and App Runner runs linux/amd64." in (await failure(registry, revision()))[0]
        registry.push("app:1", 70)
        monkeypatch.setattr(image_pull, "STORAGE_BYTES", 69)
        assert "has 3 GB of storage for both" in (await failure(registry, revision()))[0]
        monkeypatch.setattr(image_pull, "STORAGE_BYTES", 71)
        assert "1,000 bytes unpacked" in (await failure(registry, revision()))[0]
        engine.rejection = "no space left on device"
        assert "the engine cannot pull" in (await failure(registry, revision()))[0]
        registry.url = "http://127.0.0.1:9"
        [line] = await failure(registry, revision())
        assert line.endswith("cannot be reached: ClientConnectorError.")


async def test_an_image_of_ecr_public_is_pulled_without_a_role(engine: FakeEngine) -> None:
    async with fake_registry() as registry:
        registry.push("alias/app:1", 70)
        runnable = await found_in(registry, sts="http://127.0.0.1:9").find(
            revision("public.ecr.aws/alias/app:1", role=None)
        )
        assert "/alias/app@sha256:" in runnable.version


async def test_a_single_image_of_another_architecture_is_pulled_and_named(engine: FakeEngine) -> None:
    """It crashes when it is started, as on App Runner (facts 5.2)."""
    async with fake_registry() as registry:
        registry.push("app:1", 70, platform="linux/arm64")
        steps = Steps()
        await found_in(registry).find(revision(), steps)
        assert "[AppRunner] The image is for linux/arm64, and App Runner runs linux/amd64." in steps.lines


async def test_a_paused_service_with_a_key_keeps_its_encrypted_copy_only(engine: FakeEngine, tmp_path: Path) -> None:
    keys = FakeKeys()
    copies = StoredCopies(tmp_path / "copies", keys.as_service())
    async with fake_registry() as registry:
        registry.push("app:1", 70)
        place = RegistryPlace(registry.url)
        found = Applications(ApplicationSettings(registries=RegistryMap({"all": place}), copies=copies))
        version = (await found.find(replace(revision(), kms_key=KEY), Steps())).version
        deployed = replace(revision(version=version), kms_key=KEY)
        found.serves(replace(revision(), kms_key=KEY))
        await found.remove_paused(deployed)
        assert engine.removed == [version, "sha256:1"]
        engine.images.clear()
        registry.status = 500
        keys.disabled = True
        with pytest.raises(WorkloadFailed, match="its state is Disabled"):
            await found.find(deployed)
        keys.disabled = False
        runnable = await found.find(deployed)
        assert engine.loaded == [b"packed"]
        assert (runnable.version, cast("DockerApplication", runnable.application).image) == (version, "sha256:1")
        keys.disabled = True
        assert (await found.find(deployed, needs_key=False)).version == version  # the image is in the engine
        with pytest.raises(WorkloadFailed, match="its state is Disabled"):
            await found.find(deployed)
        assert (await found.find(revision(version="sha256:1"))).version == "sha256:1"  # a service without a KMS key
