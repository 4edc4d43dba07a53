"""The limits of the entries in number and bytes, and the size of the file."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.store import Store


def entry(text: str, kind: EntryKind = EntryKind.LOG, service: str = "a") -> LogEntry:
    return LogEntry(kind, 1.5, "1/r", service, "events", text)


def test_the_oldest_entries_of_a_kind_are_deleted_above_the_bound() -> None:
    store = Store(None, entries_max=10)
    store.write(entries=[entry("line"), entry("event", EntryKind.EVENT)])
    for number in range(100):
        store.write(entries=[entry(str(number), EntryKind.AUDIT)])
    kept = [each.text for each in store.entries_after(0)]
    assert kept == ["line", "event", *map(str, range(90, 100))]
    store.close()


@pytest.mark.case("R11")
def test_the_oldest_entries_of_a_kind_are_deleted_above_the_bound_of_bytes(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db", entries_bytes_max=1_000_000)
    store.write(entries=[entry("event", EntryKind.EVENT)])
    for number in range(100):
        store.write(entries=[entry(f"{number:02}" + "é" * 50_000)])
    kept = [each.text[:2] for each in store.entries_after(0, kind=EntryKind.LOG)]
    # ten of 100,402 bytes, within a hundredth of the limit
    assert kept == [f"{number:02}" for number in range(90, 100)]
    assert [each.text for each in store.entries_after(0, kind=EntryKind.EVENT)] == ["event"]
    store.close()
    assert (tmp_path / "state.db").stat().st_size < 2_500_000


@pytest.mark.case("R11")
def test_counters_continue_after_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db", entries_max=10)
    store.write(entries=[entry(str(number)) for number in range(8)])
    store.close()
    store = Store(tmp_path / "state.db", entries_max=10)
    store.write(entries=[entry(str(number)) for number in range(8, 14)])
    assert [each.text for each in store.entries_after(0)] == [str(number) for number in range(4, 14)]
    store.close()


@pytest.mark.case("R11")
@pytest.mark.parametrize("incremental", [True, False])
def test_a_file_that_grew_too_large_shrinks_at_the_start(tmp_path: Path, incremental: bool) -> None:
    """`incremental` False: a file of an earlier version, whose free pages could not be returned."""
    path = tmp_path / "state.db"
    store = Store(path, entries_bytes_max=10**9)
    for _ in range(30):
        store.write(entries=[entry("x" * 1_000_000)])
    store.close()
    if not incremental:
        db = sqlite3.connect(path)
        db.execute("PRAGMA auto_vacuum=NONE")
        db.execute("VACUUM")
        db.close()
    assert path.stat().st_size > 30_000_000
    store = Store(path, entries_bytes_max=3_000_000)
    store.shrink()
    assert len(store.entries_after(0)) == 2
    assert path.stat().st_size < 8_000_000
    assert not path.with_name("state.db-wal").stat().st_size > 4 * 1024**2
    store.close()


@pytest.mark.case("R11")
def test_free_pages_are_released_during_work_and_a_failure_to_do_so_fails_no_write(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = Store(path, entries_bytes_max=10**9)
    store.write(entries=[entry("x" * 1_000_000) for _ in range(20)])
    store.close()
    store = Store(path, entries_bytes_max=1_000_000)
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entry").fetchone()
    for number in range(40):
        store.write(entries=[entry(str(number))])  # the first write removes the excess
    reader.close()
    store.write(entries=[entry("last")])
    store.close()
    assert path.stat().st_size < 8_000_000


@pytest.mark.case("R12")
def test_a_committed_write_succeeds_whatever_fails_afterwards(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    bounds = store._bounds

    class Rejecting:
        def execute(self, _: str) -> object:
            raise sqlite3.OperationalError("database or disk is full")

    store.write(entries=[entry("1")])
    bounds.committed(Rejecting())  # type: ignore[arg-type]
    assert [each.text for each in store.entries_after(0)] == ["1"]
    store.close()


@pytest.mark.parametrize(
    ("limits", "least"),
    [({"entries_max": 100}, 90), ({"entries_bytes_max": 8_000}, 20)],
    ids=["number", "bytes"],
)
def test_the_oldest_batches_are_removed_when_there_are_too_many(
    tmp_path: Path, limits: dict[str, Any], least: int
) -> None:
    path = tmp_path / "state.db"
    store = Store(path, **limits)
    store.write(entries=[LogEntry(EntryKind.LOG, 1.0, "s", "a", "x", "line")])
    for number in range(50):
        records = [LogEntry(EntryKind.AUDIT, 1.0, "s", "a", "x", f"{number} {index}") for index in range(10)]
        store.write(entries=records)
        store.write(entries=records[:1])
        if number == 30:
            store.close()
            store = Store(path, **limits)  # the counts continue after a restart
    audit = store.entries_after(0, kind=EntryKind.AUDIT)
    assert least <= len(audit) <= 101  # the excess is at most a hundredth
    assert [each.cursor for each in audit] == list(range(store.last_cursor() - len(audit) + 1, store.last_cursor() + 1))
    assert [each.text for each in store.entries_after(0, kind=EntryKind.LOG)] == ["line"]
    store.close()
