from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from simulator.builds.settings import ALL_RUNTIMES, RuntimeImages
from simulator.cli.platform.builds_section import BuildsSection


def test_the_settings_of_builds(tmp_path: Path) -> None:
    section = BuildsSection.model_validate(
        {
            "clones": {"https://github.com/acme/shop": "/srv/shop"},
            "near_versions": True,
            "images": {"NODEJS_22": {"build": "node:22", "run": "node:22-slim"}, "all": "base"},
            "environment": {"PIP_INDEX_URL": "http://127.0.0.1:3141"},
        }
    )
    settings = section.settings(tmp_path, "unix:///run/other.sock")
    assert settings.images == {
        "NODEJS_22": RuntimeImages("node:22", "node:22-slim"),
        ALL_RUNTIMES: RuntimeImages("base", "base"),
    }
    assert settings.environment["PIP_INDEX_URL"] == "http://127.0.0.1:3141"
    assert (settings.engine, settings.hidden) == ("unix:///run/other.sock", (tmp_path,))


@pytest.mark.parametrize(("key", "value"), [("toolchains", "/opt"), ("images", "node:22")])
def test_a_runtime_that_does_not_exist(key: str, value: str) -> None:
    with pytest.raises(ValidationError, match=r"'NODEJS_21' is not a runtime; write one of .*did you mean `NODEJS_2"):
        BuildsSection.model_validate({key: {"NODEJS_21": value}}, context={"folder": "/"})


@pytest.mark.parametrize(
    "value", [{"build": "node:22"}, {"run": "node:22"}, {"build": "node:22", "run": "Node"}, {"both": "node:22"}, 5]
)
def test_images_are_one_name_or_a_build_image_and_a_run_image(value: object) -> None:
    with pytest.raises(ValidationError):
        BuildsSection.model_validate({"images": {"NODEJS_22": value}}, context={"folder": "/"})


def test_images_of_a_prefix_are_of_every_runtime_that_has_no_other(tmp_path: Path) -> None:
    section = BuildsSection.model_validate({"runtime_images": "registry:5000/mine", "images": {"GO_1": "golang:1.18"}})
    images = section.settings(tmp_path, "unix:///run/other.sock").images
    assert images["GO_1"] == RuntimeImages("golang:1.18", "golang:1.18")
    assert images["RUBY_31"] == RuntimeImages(
        "registry:5000/mine-ruby31-build:latest", "registry:5000/mine-ruby31:latest"
    )
    with pytest.raises(ValidationError, match="must be the beginning of an image name"):
        BuildsSection.model_validate({"runtime_images": "A B"})


def test_offline_builds_need_images(tmp_path: Path) -> None:
    section = BuildsSection.model_validate({"offline": True, "images": {"GO_1": "golang:1.18"}})
    assert section.settings(tmp_path, "unix:///run/other.sock").offline
    with pytest.raises(ValidationError, match="offline = true, must come with images or runtime_images"):
        BuildsSection.model_validate({"offline": True})
