from __future__ import annotations

from pathlib import Path

import pytest

from simulator.builds.runtimes import RUNTIMES
from simulator.cli.build_options import build_settings


def test_an_image_is_for_one_runtime_or_for_all(tmp_path: Path) -> None:
    settings = build_settings(tmp_path, images=["NODEJS_22=node:22", "registry:5000/base:1"])
    assert settings.image_of(RUNTIMES["NODEJS_22"]) == "node:22"
    assert settings.image_of(RUNTIMES["GO_1"]) == "registry:5000/base:1"
    assert build_settings(tmp_path, images=["NODEJS_22=node:22"]).image_of(RUNTIMES["GO_1"]) == ""


@pytest.mark.parametrize("text", ["NODE=node:22", "Node:22", "NODEJS_22=", ""])
def test_an_image_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        build_settings(tmp_path, images=[text])


def test_a_toolchain_is_a_folder_for_a_runtime(tmp_path: Path) -> None:
    settings = build_settings(tmp_path, [f"NODEJS_22={tmp_path}"])
    assert settings.toolchains.paths == {"NODEJS_22": tmp_path}
    with pytest.raises(ValueError, match="must be a folder"):
        build_settings(tmp_path, [f"NODEJS_22={tmp_path}/none"])
