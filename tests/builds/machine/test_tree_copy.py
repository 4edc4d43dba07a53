"""File trees are copied completely."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator.builds.artifact import BuildFailed
from simulator.builds.machine.tree_copy import copy_tree


async def test_links_modes_and_pipes_are_kept(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "inner").mkdir(parents=True)
    (source / "run.sh").write_text("echo", encoding="utf-8")
    (source / "run.sh").chmod(0o750)
    (source / "link").symlink_to("/nowhere/at/all")
    os.mkfifo(source / "pipe")
    await copy_tree(source, target)
    assert sorted(each.name for each in target.iterdir()) == ["inner", "link", "pipe", "run.sh"]
    assert (target / "run.sh").stat().st_mode & 0o777 == 0o750
    assert (target / "link").readlink() == Path("/nowhere/at/all")
    assert (target / "pipe").is_fifo()


async def test_a_missing_source_fails_the_build(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match=r"missing could not be copied: .*No such file"):
        await copy_tree(tmp_path / "missing", tmp_path / "target")
