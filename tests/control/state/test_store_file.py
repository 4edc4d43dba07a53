"""The file of a store: its mode, its creation, and the errors if it is lost."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.store import Store
from simulator.control.state.store_file import StoreError


def entry(text: str, kind: EntryKind = EntryKind.LOG, service: str = "a") -> LogEntry:
    return LogEntry(kind, 1.5, "1/r", service, "events", text)


def modes(folder: Path) -> dict[str, int]:
    return {each.name: each.stat().st_mode & 0o777 for each in folder.iterdir()}


@pytest.mark.case("R2")
@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_the_files_are_readable_by_their_owner_only_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        store = Store(tmp_path / "new" / "state.db")
        store.write(entries=[entry("x")])
    finally:
        os.umask(before)
    assert modes(tmp_path / "new") == dict.fromkeys(("state.db", "state.db-wal", "state.db-shm"), 0o600)
    store.close()
    (tmp_path / "new" / "state.db").chmod(0o644)  # as an earlier version created it
    store = Store(tmp_path / "new" / "state.db")
    store.write(entries=[entry("x")])
    assert set(modes(tmp_path / "new").values()) == {0o600}
    store.close()


@pytest.mark.case("R21")
def test_an_empty_file_is_rejected_as_a_lost_state(tmp_path: Path) -> None:
    Store(tmp_path / "state.db").close()
    os.truncate(tmp_path / "state.db", 0)
    with pytest.raises(StoreError, match=r"state\.db: 0 bytes, must be a state; its content is lost"):
        Store(tmp_path / "state.db")


@pytest.mark.case("R21")
def test_an_interrupted_creation_is_repeated(tmp_path: Path) -> None:
    (tmp_path / ".state.db.new").write_bytes(b"half of it")
    Store(tmp_path / "state.db").close()
    assert [each.name for each in tmp_path.iterdir()] == ["state.db"]


@pytest.mark.case("R21")
def test_a_write_ahead_log_without_its_file_is_not_overwritten(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    store.write(puts=[("service", "a", "{}")])
    (tmp_path / "state.db").unlink()
    with pytest.raises(StoreError, match=r"is gone, and state\.db-wal beside it contains its last changes"):
        Store(tmp_path / "state.db")
    store.close()


@pytest.mark.case("R21")
@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (lambda path: path.unlink(), "is gone"),
        (lambda path: path.rename(path.with_name("moved")), "is gone"),
        (lambda path: os.truncate(path, 0), "was emptied"),
        (lambda path: (path.unlink(), path.touch()), "was replaced|was emptied"),
    ],
)
def test_a_write_into_a_deleted_file_fails(tmp_path: Path, loss: Callable[[Path], object], expected: str) -> None:
    path = tmp_path / "state.db"
    store = Store(path)
    store.write(puts=[("service", "a", "{}")])
    loss(path)
    with pytest.raises(sqlite3.OperationalError, match=rf"state\.db {expected}"):
        store.write(puts=[("service", "b", "{}")])
    with contextlib.suppress(sqlite3.Error):
        store.close()
