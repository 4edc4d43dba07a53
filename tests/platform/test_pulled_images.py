"""Which pulled images are removed, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.fleet.docker.engine import Image
from simulator.platform.pulled_images import PulledImages
from tests.fleet.registries.fake_engine import FakeEngine

ONE, TWO = "arn:one", "arn:two"


def name(number: int) -> str:
    return f"127.0.0.1:5000/shop@sha256:{number}"


def deployed(images: PulledImages, arn: str, *numbers: int) -> None:
    for number in numbers:
        images.pulled(arn, name(number))
        images.serves(arn, "")


def test_the_serving_image_and_the_one_before_stay() -> None:
    images = PulledImages()
    deployed(images, ONE, 1, 2)
    assert images.excess == []
    deployed(images, ONE, 3)
    assert images.excess == [name(1)]
    deployed(images, ONE, 2)  # a tag moves back
    assert images.excess == [name(1)]
    deployed(images, ONE, 2)
    assert images.excess == [name(1)]


@pytest.mark.parametrize(("kept", "excess"), [(1, [1, 2]), (3, []), (None, [])])
def test_another_number_stays_if_it_is_configured(kept: int | None, excess: list[int]) -> None:
    images = PulledImages(kept=kept)
    deployed(images, ONE, 1, 2, 3)
    assert images.excess == [name(number) for number in excess]


def test_an_image_that_another_service_keeps_or_deploys_stays() -> None:
    images = PulledImages()
    deployed(images, TWO, 1)
    deployed(images, ONE, 1, 2, 3)
    assert images.excess == []
    images.forget(TWO)
    assert images.excess == [name(1)]
    images.pulled(TWO, name(1))
    assert images.excess == []


def test_the_image_of_a_failed_deployment_goes_with_the_next() -> None:
    images = PulledImages()
    deployed(images, ONE, 1, 2)
    images.pulled(ONE, name(3))  # and its health checks fail
    assert images.excess == []
    images.pulled(ONE, name(4))
    images.serves(ONE, "")
    assert images.excess == [name(3), name(1)]


def test_an_image_of_the_user_is_not_known() -> None:
    images = PulledImages()
    images.serves(ONE, "shop:1")
    images.serves(ONE, "sha256:abc")
    images.forget(ONE)
    assert images.excess == []


async def test_removal_is_repeated_until_no_container_uses_the_image(tmp_path: Path) -> None:
    file, engine = tmp_path / "pulled.json", FakeEngine()
    images = PulledImages(file)
    deployed(images, ONE, 1, 2, 3)
    engine.images = {name(number): Image(f"id {number}", 10) for number in range(1, 4)}
    engine.in_use = {name(1)}
    await images.remove_excess(engine)
    again = PulledImages(file)  # after a restart, which serves the stored version
    again.serves(ONE, name(3))
    assert again.excess == [name(1)]
    engine.in_use = set()
    await again.remove_excess(engine)
    assert (again.excess, list(engine.images)) == ([], [name(2), name(3)])
    again.forget(ONE)
    await again.remove_excess(engine)
    assert engine.images == {}
    assert PulledImages(file).excess == []


@pytest.mark.parametrize("text", ["", "[]", '{"arn": 1}', '{"arn": [1, "shop:1"]}', "\x00"])
def test_a_file_that_is_none_removes_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "pulled.json"
    file.write_text(text, encoding="utf-8")
    assert PulledImages(file, 1).excess == []
