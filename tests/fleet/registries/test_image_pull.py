"""Pulls through the engine: by digest, with the registry's credentials, logged by quarters, limited by the storage."""

from __future__ import annotations

import pytest

from simulator.fleet.registries import image_pull
from simulator.fleet.registries.image_pull import ImageTooLarge, PullProgress, find_image, pull_image
from simulator.fleet.registries.registry_client import ResolvedImage
from simulator.fleet.registries.registry_map import RegistryPlace
from simulator.model.images import ImageIdentifier
from tests.fleet.registries.fake_engine import FakeEngine
from tests.fleet.registries.fake_registry import fake_registry

IMAGE = ImageIdentifier("111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1")
MB = 1024**2
LAYERS = {"sha256:" + "a" * 64: 6 * MB, "sha256:" + "b" * 64: 2 * MB}
ONE, TWO = "a" * 12, "b" * 12


@pytest.mark.parametrize("is_list", [False, True])
async def test_an_image_is_pulled_by_its_digest_with_the_credentials_of_the_registry(is_list: bool) -> None:
    async with fake_registry("Basic") as registry:
        digest = registry.push_list("team/app:1", linux_amd64=7) if is_list else registry.push("team/app:1", 7)
        found = await find_image(RegistryPlace(registry.url, "AWS", "secret"), IMAGE, None)
        engine, lines = FakeEngine(), list[str]()
        image = await pull_image(engine.as_engine(), found, lines.append)
        name = f"{registry.url.removeprefix('http://')}/team/app@{digest}"
        assert found.name == name
        platform = "linux/amd64" if is_list else ""
        assert engine.pulled == [(name, {"username": "AWS", "password": "secret"}, platform)]
        assert image.name == "sha256:1"
        assert lines[0] == f"Pulling {name}: 1 layers, 7 bytes compressed."


def test_progress_is_logged_once_per_quarter() -> None:
    lines: list[str] = []
    progress = PullProgress(ResolvedImage("sha256:0", LAYERS, "linux/amd64", is_list=False), lines.append)
    progress.add("1", "Pulling from team/app", 0)
    progress.add(ONE, "Downloading", MB)
    assert lines == []
    progress.add(ONE, "Downloading", 3 * MB)
    progress.add(ONE, "Downloading", 7 * MB // 2)
    progress.add(TWO, "Already exists", 0)
    progress.add(ONE, "Downloading", 9 * MB)
    progress.add(ONE, "Download complete", 0)
    progress.add(ONE, "Extracting", 10)
    progress.add(ONE, "Pull complete", 0)
    assert lines == ["Pulled 3.00 MB of 8.00 MB.", "Pulled 5.50 MB of 8.00 MB.", "Pulled 8.00 MB of 8.00 MB."]


def test_a_line_of_progress_is_not_repeated_for_the_last_bytes() -> None:
    lines: list[str] = []
    layers = {"sha256:" + "a" * 64: 8 * MB, "sha256:" + "b" * 64: 90}
    progress = PullProgress(ResolvedImage("sha256:0", layers, "linux/amd64", is_list=False), lines.append)
    progress.add(ONE, "Pull complete", 0)
    progress.add(TWO, "Pull complete", 0)
    assert lines == ["Pulled 8.00 MB of 8.00 MB."]


async def test_an_image_that_an_instance_has_no_room_for_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compressed and the unpacked image count together.

    If the compressed one alone is too large, nothing is pulled.
    """
    monkeypatch.setattr(image_pull, "STORAGE_BYTES", 3_000)
    async with fake_registry() as registry:
        place = RegistryPlace(registry.url)
        registry.push("team/app:1", 3_001)
        with pytest.raises(ImageTooLarge, match="takes 3,001 bytes compressed, and an instance has 3 GB"):
            await find_image(place, IMAGE, None)
        registry.push("team/app:1", 1_000)
        found = await find_image(place, IMAGE, None)
        await pull_image(FakeEngine(size_bytes=2_000).as_engine(), found, lambda _line: None)
        with pytest.raises(ImageTooLarge, match="1,000 bytes compressed and 2,001 bytes unpacked"):
            await pull_image(FakeEngine(size_bytes=2_001).as_engine(), found, lambda _line: None)
