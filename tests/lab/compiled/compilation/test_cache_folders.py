"""Tests of the folder of compiled kernels: one a version, and old ones are removed."""

from __future__ import annotations

import os
from pathlib import Path

from simulator.lab.compiled.compilation.cache_folders import cache_folder

DAY_S = 86_400


def aged(folder: Path, days: float) -> Path:
    """Create a folder with a file; its last use was so many days ago."""
    folder.mkdir(parents=True)
    (folder / "kernel.nbc").write_text("code")
    at_s = folder.stat().st_mtime - days * DAY_S
    os.utime(folder, (at_s, at_s))
    return folder


def test_folders_of_other_versions_that_are_unused_for_long_are_removed(tmp_path: Path) -> None:
    cache = tmp_path / ".cache" / "apprunner-simulator"
    old, recent = aged(cache / "compiled-aaaa", 61), aged(cache / "compiled-bbbb", 59)
    another = aged(cache / "state", 400)

    found = cache_folder("cccc", tmp_path)

    assert found == cache / "compiled-cccc"
    assert found.is_dir()
    assert not old.exists()
    assert (recent / "kernel.nbc").read_text() == "code"
    assert (another / "kernel.nbc").exists()


def test_a_folder_that_is_used_again_is_kept(tmp_path: Path) -> None:
    own = aged(tmp_path / ".cache" / "apprunner-simulator" / "compiled-aaaa", 400)
    assert cache_folder("aaaa", tmp_path) == own
    cache_folder("bbbb", tmp_path)  # a run of another version
    assert (own / "kernel.nbc").read_text() == "code"


def test_without_a_writable_home_the_folder_is_one_for_temporary_files(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    found = cache_folder("aaaa", blocked)
    assert found.name == "apprunner-simulator-compiled-aaaa"
