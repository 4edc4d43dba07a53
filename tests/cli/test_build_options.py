from __future__ import annotations

from pathlib import Path

import pytest

from simulator.builds.runtimes import RUNTIMES
from simulator.cli.build_options import build_settings
from simulator.cli.platform.serve_config import load_config


def test_an_image_is_for_one_runtime_or_for_all(tmp_path: Path) -> None:
    settings = build_settings(tmp_path, images=["NODEJS_22=node:22", "registry:5000/base:1"])
    assert settings.image_of(RUNTIMES["NODEJS_22"]) == "node:22"
    assert settings.image_of(RUNTIMES["GO_1"]) == "registry:5000/base:1"
    assert build_settings(tmp_path, images=["NODEJS_22=node:22"]).image_of(RUNTIMES["GO_1"]) == ""


@pytest.mark.parametrize("text", ["NODE=node:22", "Node:22", "NODEJS_22=", ""])
def test_an_invalid_image_is_rejected(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        build_settings(tmp_path, images=[text])


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
