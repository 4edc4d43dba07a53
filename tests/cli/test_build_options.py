from __future__ import annotations

from pathlib import Path

import pytest

from simulator.builds.runtimes import RUNTIMES
from simulator.builds.settings import RuntimeImages
from simulator.cli.build_options import build_settings
from simulator.cli.platform.serve_config import load_config


def test_an_image_is_for_one_runtime_or_for_all(tmp_path: Path) -> None:
    settings = build_settings(tmp_path, images=["NODEJS_22=node:22", "registry:5000/base:1"])
    assert settings.images_of(RUNTIMES["NODEJS_22"]) == RuntimeImages("node:22", "node:22")
    assert settings.images_of(RUNTIMES["GO_1"]) == RuntimeImages("registry:5000/base:1", "registry:5000/base:1")
    assert build_settings(tmp_path, images=["NODEJS_22=node:22"]).images_of(RUNTIMES["GO_1"]) is None


@pytest.mark.parametrize(
    ("build", "run", "node", "go"),
    [
        (["node:22"], ["slim"], ("node:22", "slim"), ("node:22", "slim")),
        (["base", "NODEJS_22=node:22"], ["NODEJS_22=slim"], ("node:22", "slim"), ("base", "base")),
        (["base"], ["NODEJS_22=slim"], ("base", "slim"), ("base", "base")),
        (["base", "NODEJS_22=node:22"], ["slim"], ("node:22", "slim"), ("base", "slim")),
    ],
)
def test_a_run_image_is_paired_with_the_build_image_of_its_runtime(
    tmp_path: Path, build: list[str], run: list[str], node: tuple[str, str], go: tuple[str, str]
) -> None:
    settings = build_settings(tmp_path, images=build, run_images=run)
    assert settings.images_of(RUNTIMES["NODEJS_22"]) == RuntimeImages(*node)
    assert settings.images_of(RUNTIMES["GO_1"]) == RuntimeImages(*go)


@pytest.mark.parametrize(("build", "run"), [([], "slim"), (["GO_1=golang"], "NODEJS_22=slim")])
def test_a_run_image_without_a_build_image_is_rejected(tmp_path: Path, build: list[str], run: str) -> None:
    with pytest.raises(ValueError, match=rf"^run image = '{run}', must come with a build image: `--build-image "):
        build_settings(tmp_path, images=build, run_images=[run])


@pytest.mark.parametrize("text", ["NODE=node:22", "Node:22", "NODEJS_22=", ""])
def test_an_invalid_image_is_rejected(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        build_settings(tmp_path, images=[text])
    with pytest.raises(ValueError, match="must be"):
        build_settings(tmp_path, images=["base"], run_images=[text])


def test_images_of_a_prefix_are_of_every_runtime_that_has_no_other(tmp_path: Path) -> None:
    settings = build_settings(tmp_path, images=["GO_1=golang:1.18"], runtime_images="mine")
    assert settings.images_of(RUNTIMES["PYTHON_311"]) == RuntimeImages(
        "mine-python311-build:latest", "mine-python311:latest"
    )
    assert settings.images_of(RUNTIMES["GO_1"]) == RuntimeImages("golang:1.18", "golang:1.18")
    with pytest.raises(ValueError, match=r"^prefix = 'A B', must be the beginning of an image name"):
        build_settings(tmp_path, runtime_images="A B")


def test_offline_builds_need_images(tmp_path: Path) -> None:
    assert build_settings(tmp_path, runtime_images="mine", offline=True).offline
    assert not build_settings(tmp_path).offline
    with pytest.raises(ValueError, match=r"^offline = true, must come with images"):
        build_settings(tmp_path, offline=True)


def test_a_toolchain_is_a_folder_for_a_runtime(tmp_path: Path) -> None:
    settings = build_settings(tmp_path, [f"NODEJS_22={tmp_path}"])
    assert settings.toolchains.paths == {"NODEJS_22": tmp_path}
    with pytest.raises(ValueError, match="must be a folder"):
        build_settings(tmp_path, [f"NODEJS_22={tmp_path}/none"])


def test_builds_get_the_variables_for_registries_and_no_other_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    file = tmp_path / "serve.yaml"
    file.write_text("builds:\n  environment: {NPM_TOKEN: abc, PIP_DEFAULT_TIMEOUT: 60}\n", encoding="utf-8")
    served = load_config(file).serving(tmp_path, "unix:///var/run/docker.sock").builds
    assert served is not None
    for settings in (build_settings(tmp_path), served):
        assert settings.environment["PIP_INDEX_URL"] == "https://index.example/simple"
        assert settings.environment["https_proxy"] == "http://proxy.example:3128"
        assert settings.repositories.environment["https_proxy"] == "http://proxy.example:3128"
        assert "DATABASE_PASSWORD" not in settings.environment
    assert served.environment["NPM_TOKEN"] == "abc"
    assert served.environment["PIP_DEFAULT_TIMEOUT"] == "60"
