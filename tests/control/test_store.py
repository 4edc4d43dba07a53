from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from simulator.control.entries import Entry, EntryKind
from simulator.control.store import MIGRATIONS, EntryReader, Store, StoreError


def entry(text: str, kind: EntryKind = EntryKind.LOG, service: str = "a") -> Entry:
    return Entry(kind, 1.5, "1/r", service, "events", text)


def test_what_is_written_is_there_after_the_process_is_gone(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    store.write(puts=[("service", "a", "{}"), ("service", "b", "{}")], entries=[entry("x")], meta={"seed": "7"})
    store.write(puts=[("service", "a", '{"n":2}')], removals=[("service", "b")])
    # A copy of the files as a killed process would leave them: nothing was closed.
    for name in ("state.db", "state.db-wal"):
        (tmp_path / f"after-{name}").write_bytes((tmp_path / name).read_bytes())
    after = Store(tmp_path / "after-state.db")
    assert after.documents() == [("service", "a", '{"n":2}')]
    assert (after.meta(), [each.text for each in after.entries_after(0)]) == ({"seed": "7"}, ["x"])
    store.close()
    after.close()


def test_a_write_is_all_or_nothing() -> None:
    store = Store(None)
    with pytest.raises(sqlite3.Error):
        store.write(puts=[("service", "a", "{}"), ("service", "b", None)])  # type: ignore[list-item]
    assert store.documents() == []
    store.write(puts=[("service", "a", "{}")])
    assert store.documents() == [("service", "a", "{}")]
    store.close()


def test_entries_are_followed_by_cursor_kind_and_service() -> None:
    store = Store(None)
    store.write(entries=[entry("1"), entry("2", EntryKind.AUDIT, ""), entry("3", service="b")])
    store.write(entries=[entry("4")])
    assert [each.text for each in store.entries_after(0)] == ["1", "2", "3", "4"]
    assert [each.cursor for each in store.entries_after(2, limit=1)] == [3]
    assert [each.text for each in store.entries_after(0, kind=EntryKind.LOG, service="a")] == ["1", "4"]
    assert store.entries_after(store.last_cursor()) == []
    store.close()


def test_another_process_reads_along(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    reader = EntryReader(tmp_path / "state.db")
    store.write(entries=[entry("1")])
    assert [each.text for each in reader.entries_after(0)] == ["1"]
    store.write(entries=[entry("2")])
    assert [each.text for each in reader.entries_after(1)] == ["2"]
    assert reader.last_cursor() == store.last_cursor() == 2
    reader.close()
    store.close()


def test_a_reader_of_no_state_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        EntryReader(tmp_path / "none.db")
    (tmp_path / "other.db").write_text("")
    reader = EntryReader(tmp_path / "other.db")
    with pytest.raises(StoreError, match="no such table"):
        reader.entries_after(0)
    with pytest.raises(StoreError, match="no such table"):
        reader.last_cursor()
    reader.close()


def test_the_oldest_entries_of_a_kind_go_when_there_are_too_many() -> None:
    store = Store(None, entries_max=10)
    store.write(entries=[entry("line"), entry("event", EntryKind.EVENT)])
    for number in range(100):  # the pruning comes with the first commit of every hundred
        store.write(entries=[entry(str(number), EntryKind.AUDIT)])
    kept = [each.text for each in store.entries_after(0)]
    assert kept == ["line", "event", *map(str, range(90, 100))]
    store.close()


def test_an_old_file_is_taken_to_the_schema_of_today(tmp_path: Path) -> None:
    old = Store(tmp_path / "state.db")
    old.write(puts=[("service", "a", "{}")])
    old.close()
    renamed = (*MIGRATIONS, ("UPDATE resource SET kind = 'servant' WHERE kind = 'service'",))
    new = Store(tmp_path / "state.db", renamed)
    assert (new.version, new.documents()) == (len(MIGRATIONS) + 1, [("servant", "a", "{}")])
    new.close()
    with pytest.raises(StoreError, match=f"version = {len(renamed)}, must be at most {len(MIGRATIONS)}: a newer"):
        Store(tmp_path / "state.db")


def test_a_file_that_is_no_state_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("hello, I am not a database at all, not even nearly\n" * 100)
    with pytest.raises(StoreError, match=r"state .*state\.db: file is not a database"):
        Store(tmp_path / "state.db")
