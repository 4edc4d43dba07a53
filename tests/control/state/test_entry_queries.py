"""Rows and batches together give the same entries as one list."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.store import MIGRATIONS, EntryReader, Store
from simulator.control.state.store_file import StoreError
from simulator.world.random_streams import RandomStreams

T = TypeVar("T")
SERVICES = ["", "a", "a2", "b"]


def chosen(chance: np.random.Generator, options: Sequence[T]) -> T:
    return options[int(chance.integers(len(options)))]


def written(store: Store, chance: np.random.Generator, commits: int) -> list[LogEntry]:
    """Write random entries in several commits. Return them with their cursors."""
    entries: list[LogEntry] = []
    for _ in range(commits):
        added = []
        for number in range(chosen(chance, [1, 2, 30])):
            kind = chosen(chance, [EntryKind.AUDIT, EntryKind.AUDIT, EntryKind.AUDIT, *EntryKind])
            cursor = len(entries) + number + 1
            added.append(
                LogEntry(kind, cursor / 7, "1/r", chosen(chance, SERVICES), "events", f"text {cursor}", cursor)
            )
        store.write(entries=added)
        entries += added
    return entries


@pytest.mark.parametrize("seed", range(4))
def test_rows_and_batches_are_read_in_order_filtered_and_in_pages(tmp_path: Path, seed: int) -> None:
    chance = RandomStreams(seed).stream("entries")
    store = Store(tmp_path / "state.db")
    reader = EntryReader(tmp_path / "state.db")
    entries = written(store, chance, 20)
    for _ in range(200):
        cursor, limit = int(chance.integers(len(entries) + 2)), chosen(chance, [1, 2, 7, 1000])
        kind, service = chosen(chance, [None, *EntryKind]), chosen(chance, [None, *SERVICES[1:]])
        found = [
            each
            for each in entries
            if each.cursor > cursor and kind in {None, each.kind} and service in {None, each.service}
        ]
        assert store.entries_after(cursor, kind=kind, service=service, limit=limit) == found[:limit]
        assert reader.entries_after(cursor, kind=kind, service=service, limit=limit) == found[:limit]
    newest_first = dict.fromkeys(each.service for each in reversed(entries) if each.service)
    assert reader.services() == list(newest_first)
    assert reader.last_cursor() == store.last_cursor() == len(entries)
    reader.close()
    store.close()


def test_a_batch_that_a_kill_left_in_the_log_is_complete(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    entries = written(store, RandomStreams(1).stream("entries"), 10)
    # copies of the files in the state that a killed process leaves: nothing was closed
    for name in ("state.db", "state.db-wal"):
        (tmp_path / f"after-{name}").write_bytes((tmp_path / name).read_bytes())
    # Its last commit is incomplete: exactly this commit is lost.
    (tmp_path / "torn-state.db").write_bytes((tmp_path / "state.db").read_bytes())
    last = [LogEntry(EntryKind.AUDIT, 1.0, "1/r", "a", "events", f"last {number}") for number in range(3)]
    store.write(entries=last)
    log = (tmp_path / "state.db-wal").read_bytes()
    (tmp_path / "torn-state.db-wal").write_bytes(log[:-100])
    for copy in ("after", "torn"):
        again = Store(tmp_path / f"{copy}-state.db")
        assert again.entries_after(0) == entries
        again.write(entries=last)
        assert [each.text for each in again.entries_after(len(entries))] == ["last 0", "last 1", "last 2"]
        again.close()
    store.close()


def test_a_state_of_the_version_without_batches_is_read_and_continued(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    old = Store(path, MIGRATIONS[:1])
    old._db.executemany(
        "INSERT INTO entry (kind, at, shelf, service, stream, text) VALUES ('audit', 1.0, 's', ?, 'x', ?)",
        [("a", "1"), ("b", "2")],
    )
    old.close()
    reader = EntryReader(path)
    assert ([each.text for each in reader.entries_after(0)], reader.services()) == (["1", "2"], ["b", "a"])
    assert reader.last_cursor() == 2
    store = Store(path)
    added = [LogEntry(EntryKind.AUDIT, 2.0, "s", "a", "x", text) for text in ("3", "4")]
    store.write(entries=added)
    assert [each.text for each in reader.entries_after(0)] == ["1", "2", "3", "4"]
    assert (reader.services(), reader.last_cursor()) == (["a", "b"], 4)
    reader.close()
    store.close()


def test_a_damaged_batch_is_reported_with_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = Store(path)
    store.write(entries=[LogEntry(EntryKind.AUDIT, 1.0, "s", "a", "x", "1")] * 2)
    store.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE audit_batch SET records = x'00'")
    db.close()
    reader = EntryReader(path)
    with pytest.raises(StoreError, match=r"state .*state\.db: the batch of records at 2 is damaged"):
        reader.entries_after(0)
    reader.close()
