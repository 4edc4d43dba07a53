from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.registry import Registry
from simulator.control.state.serialization import DocumentError
from simulator.control.state.store import MIGRATIONS, EntryReader, Store
from simulator.control.state.store_file import StoreError


def entry(text: str, kind: EntryKind = EntryKind.LOG, service: str = "a") -> LogEntry:
    return LogEntry(kind, 1.5, "1/r", service, "events", text)


def test_written_entries_survive_the_end_of_the_process(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    store.write(puts=[("service", "a", "{}"), ("service", "b", "{}")], entries=[entry("x")], meta={"seed": "7"})
    store.write(puts=[("service", "a", '{"n":2}')], removals=[("service", "b")])
    # copies of the files in the state that a killed process leaves: nothing was closed
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


def test_another_process_reads_new_entries(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    reader = EntryReader(tmp_path / "state.db")
    store.write(entries=[entry("1")])
    assert [each.text for each in reader.entries_after(0)] == ["1"]
    store.write(entries=[entry("2")])
    assert [each.text for each in reader.entries_after(1)] == ["2"]
    assert reader.last_cursor() == store.last_cursor() == 2
    reader.close()
    store.close()


def test_reading_a_missing_state_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        EntryReader(tmp_path / "none.db")
    (tmp_path / "other.db").write_text("")
    reader = EntryReader(tmp_path / "other.db")
    with pytest.raises(StoreError, match="no such table"):
        reader.entries_after(0)
    with pytest.raises(StoreError, match="no such table"):
        reader.last_cursor()
    reader.close()


def test_an_old_file_is_migrated_to_the_current_schema(tmp_path: Path) -> None:
    old = Store(tmp_path / "state.db")
    old.write(puts=[("service", "a", "{}")])
    old.close()
    renamed = (*MIGRATIONS, ("UPDATE resource SET kind = 'servant' WHERE kind = 'service'",))
    new = Store(tmp_path / "state.db", renamed)
    assert (new.version, new.documents()) == (len(MIGRATIONS) + 1, [("servant", "a", "{}")])
    new.close()
    with pytest.raises(StoreError, match=f"version = {len(renamed)}, must be at most {len(MIGRATIONS)}: a newer"):
        Store(tmp_path / "state.db")


def test_a_file_that_is_not_a_state_is_rejected_by_name(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("hello, I am not a database at all, not even nearly\n" * 100)
    with pytest.raises(StoreError, match=r"state .*state\.db: file is not a database"):
        Store(tmp_path / "state.db")


@pytest.mark.case("R11")
def test_the_write_ahead_log_does_not_stay_large(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    store.write(entries=[entry("x" * 1_000_000) for _ in range(20)])
    for _ in range(20):
        store.write(entries=[entry("x" * 1_000)])
    assert (tmp_path / "state.db-wal").stat().st_size <= 5 * 1024**2
    store.close()


@pytest.mark.case("R13")
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE resource SET body = CAST(x'ff' AS TEXT)",
        "UPDATE meta SET value = CAST(x'ff' AS TEXT)",
        "UPDATE entry SET text = CAST(x'ff' AS TEXT)",
        "UPDATE entry SET kind = 'absent'",
        "UPDATE entry SET at = 'noon'",
        "DROP TABLE entry",
    ],
)
def test_a_damaged_column_is_reported_with_the_name_of_the_file(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path / "state.db")
    store.write(puts=[("service", "a", "{}")], entries=[entry("x")], meta={"seed": "7"})
    store.close()
    with sqlite3.connect(tmp_path / "state.db") as db:
        db.execute(damage)
    db.close()
    store = Store(tmp_path / "state.db")
    with pytest.raises(StoreError, match=r"state .*state\.db: "):  # noqa: PT012 any of them
        store.meta()
        store.documents()
        store.entries_after(0)
    store.close()


@pytest.mark.case("R13")
@pytest.mark.parametrize(("meta", "shown"), [({"seed": "many"}, "meta.seed = 'many'"), ({"number": ""}, "meta.number")])
def test_a_damaged_number_of_the_registry_is_reported(meta: dict[str, str], shown: str) -> None:
    store = Store(None)
    store.write(meta=meta)
    with pytest.raises(DocumentError, match=shown):
        Registry(store, seed=1)
    store.close()


@pytest.mark.case("R18")
def test_a_line_that_is_not_utf_8_is_kept() -> None:
    store = Store(None)
    store.write(entries=[entry("caf\udce9 ☕")])
    assert [each.text for each in store.entries_after(0)] == ["caf\\udce9 ☕"]
    store.close()


@pytest.mark.case("R13")
def test_a_disk_error_is_not_reported_as_an_error_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        db = sqlite3.connect(":memory:")
        db.execute("PRAGMA max_page_count=1")
        db.execute("CREATE TABLE more (a)")

    monkeypatch.setattr(Store, "_open", full)
    with pytest.raises(OSError, match=r"database or disk is full: .*state\.db") as caught:
        Store(tmp_path / "state.db")
    assert caught.value.errno == errno.ENOSPC
