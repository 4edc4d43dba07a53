"""The log of a store is copied into its file by a thread, and by commits only if the thread does not keep up."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.store import Store
from simulator.control.state.store_checkpoints import AUTOMATIC_PAGES, Checkpoints

PAGE = 4096


def entry(size_bytes: int) -> LogEntry:
    return LogEntry(EntryKind.LOG, 1.0, "shelf", "service", "stream", "x" * size_bytes)


def in_the_file(path: Path) -> int:
    """Return the number of entries in the file without its log."""
    alone = path.with_name("alone.db")
    shutil.copy(path, alone)
    with contextlib.closing(sqlite3.connect(alone)) as db:
        return int(db.execute("SELECT count(*) FROM entry").fetchone()[0])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with contextlib.closing(Store(tmp_path / "state.db")) as store:
        yield store


def test_checkpoints_run_beside_the_commits(store: Store, tmp_path: Path) -> None:
    store.write(entries=[entry(100)] * 7)
    checkpoints = Checkpoints(tmp_path / "state.db")
    checkpoints.committed(100)
    checkpoints.close()
    assert in_the_file(tmp_path / "state.db") == 0  # a short log is not copied

    checkpoints = Checkpoints(tmp_path / "state.db")
    checkpoints.committed(AUTOMATIC_PAGES * PAGE)
    checkpoints.close()
    assert in_the_file(tmp_path / "state.db") == 7


def test_a_commit_copies_the_log_only_when_the_thread_does_not_keep_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Checkpoints, "committed", lambda *_, **__: None)
    with contextlib.closing(Store(tmp_path / "state.db")) as store:
        for _ in range(8):
            store.write(entries=[entry(AUTOMATIC_PAGES * PAGE // 10)])
        assert in_the_file(tmp_path / "state.db") == 0
        for _ in range(4):
            store.write(entries=[entry(AUTOMATIC_PAGES * PAGE // 10)])
        assert in_the_file(tmp_path / "state.db") > 0


def test_a_closed_store_has_everything_in_its_main_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    for _ in range(200):
        store.write(entries=[entry(5000)])
    store.close()
    assert not (tmp_path / "state.db-wal").exists()
    assert in_the_file(tmp_path / "state.db") == 200


@pytest.mark.case("R21")
def test_a_checkpoint_does_not_create_a_deleted_store_again(store: Store, tmp_path: Path) -> None:
    store.write(entries=[entry(100)])
    (tmp_path / "state.db").unlink()
    checkpoints = Checkpoints(tmp_path / "state.db")
    checkpoints.committed(AUTOMATIC_PAGES * PAGE)
    checkpoints.close()
    assert not (tmp_path / "state.db").exists()
