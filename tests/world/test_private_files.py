from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.world.private_files import (
    make_private_folder,
    open_private,
    own_private_folder,
    repair_modes,
    write_private,
)

pytestmark = pytest.mark.case("R2")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_umask")
def test_new_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    state = tmp_path / "a" / "b" / "state"
    make_private_folder(state)
    assert [mode(each) for each in (tmp_path / "a", tmp_path / "a" / "b", state)] == [0o700] * 3
    own_private_folder(state / "ca" / "leaves")
    assert [mode(state / "ca"), mode(state / "ca" / "leaves")] == [0o700] * 2
    os.close(open_private(state / "lock", os.O_RDWR | os.O_CREAT))
    write_private(state / "admin.json", b"{}")
    assert [mode(state / "lock"), mode(state / "admin.json")] == [0o600] * 2
    assert sorted(each.name for each in state.iterdir()) == ["admin.json", "ca", "lock"]


def test_a_readable_file_becomes_private(tmp_path: Path) -> None:
    for name in ("lock", "admin.json"):
        (tmp_path / name).write_bytes(b"old")
        (tmp_path / name).chmod(0o644)
    os.close(open_private(tmp_path / "lock", os.O_RDWR | os.O_CREAT))
    write_private(tmp_path / "admin.json", b"new")
    assert [mode(tmp_path / "lock"), mode(tmp_path / "admin.json")] == [0o600] * 2
    assert (tmp_path / "admin.json").read_bytes() == b"new"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "whole").write_bytes(b"old")
    with pytest.raises(TypeError):
        write_private(tmp_path / "whole", "text")  # type: ignore[arg-type]
    assert [each.name for each in tmp_path.iterdir()] == ["whole"]
    assert (tmp_path / "whole").read_bytes() == b"old"


@pytest.mark.parametrize(("given", "left"), [(0o755, 0o700), (0o777, 0o700), (0o1777, 0o1777)])
def test_an_existing_empty_folder_becomes_private_unless_it_is_shared(tmp_path: Path, given: int, left: int) -> None:
    tmp_path.chmod(given)
    make_private_folder(tmp_path)
    assert mode(tmp_path) == left


def old_state(folder: Path) -> Path:
    """Create a state folder as an earlier version did, under umask 022."""
    (folder / "ca" / "leaves").mkdir(parents=True)
    (folder / "builds" / "work" / "tree").mkdir(parents=True)
    for name in ("lock", "control.sqlite", "control.sqlite-wal", "control.sqlite-shm", "ca/leaves/a.pem"):
        (folder / name).touch()
    script = folder / "builds" / "work" / "tree" / "start.sh"
    script.touch(0o755)
    for each in [folder, *folder.rglob("*")]:
        each.chmod(0o755 if each.is_dir() or each == script else 0o644)
    return folder


def test_a_state_of_an_earlier_version_is_repaired_once(tmp_path: Path) -> None:
    state = old_state(tmp_path / "state")
    assert repair_modes(state) == 10
    parts = [state, *state.glob("*"), *(state / "ca").rglob("*"), state / "builds" / "work"]
    assert {mode(each) for each in parts if each.is_dir()} == {0o700}
    assert {mode(each) for each in parts if each.is_file()} == {0o600}
    assert mode(state / "builds" / "work" / "tree" / "start.sh") == 0o755, "an application's own file"
    assert repair_modes(state) == 0


def test_a_folder_with_other_files_is_not_changed(tmp_path: Path) -> None:
    state = old_state(tmp_path / "project")
    (state / "app.py").touch(0o644)
    assert repair_modes(state) == 9
    assert [mode(state), mode(state / "app.py"), mode(state / "lock")] == [0o755, 0o644, 0o600]


def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere"
    secret.touch()
    secret.chmod(0o644)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "lock").symlink_to(secret)
    assert repair_modes(state) == 0
    assert mode(secret) == 0o644


@pytest.mark.parametrize("folder", ["none", "file"])
def test_a_path_that_is_not_a_folder_needs_no_repair(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").touch()
    assert repair_modes(tmp_path / folder) == 0
