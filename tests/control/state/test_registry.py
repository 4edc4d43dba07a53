from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.registry import Registry
from simulator.control.state.serialization import DocumentError
from simulator.control.state.store import Store
from simulator.model.resources.api_resources import ConnectionResource

SHELF = "123456789012/us-east-1"


def connection(name: str, born: int) -> ConnectionResource:
    arn = f"arn:aws:apprunner:us-east-1:123456789012:connection/{name}/{born:032x}"
    return ConnectionResource(arn, born, 1.0, provider="GITHUB", status="AVAILABLE")


def registry(path: Path | None = None) -> Registry:
    return Registry(Store(path), seed=5)


def names(registry: Registry) -> list[str]:
    return [each.name for each in registry.owned_by(ConnectionResource, SHELF)]


def test_a_change_is_seen_at_once_and_kept(tmp_path: Path) -> None:
    first = registry(tmp_path / "state.db")
    with first.change():
        first.put(connection("bbbb", first.next_number()))
        first.put(connection("aaaa", first.next_number()))
        assert names(first) == ["bbbb", "aaaa"]
    first.store.close()
    again = Registry(Store(tmp_path / "state.db"), seed=99)
    assert names(again) == ["bbbb", "aaaa"]
    assert again.seed == 5
    with again.change():
        assert again.next_number() == 3
    again.store.close()


def test_a_failed_change_is_undone() -> None:
    rooms = registry()
    with rooms.change():
        rooms.put(connection("kept", rooms.next_number()))
        rooms.put(connection("dear", rooms.next_number()))
    kept, dear = rooms.owned_by(ConnectionResource, SHELF)
    begun: list[str] = []

    def change_everything() -> None:
        with rooms.change():
            rooms.put(replace(kept, status="ERROR"))
            rooms.remove(dear)
            rooms.put(connection("more", rooms.next_number()))
            rooms.append_entry(LogEntry(EntryKind.LOG, 1.0, SHELF, "", "events", "x"))
            rooms.after_commit(lambda: begun.append("begun"))
            raise LookupError

    with pytest.raises(LookupError):
        change_everything()
    assert rooms.owned_by(ConnectionResource, SHELF) == [kept, dear]
    assert (len(rooms.store.documents()), rooms.store.entries_after(0), begun) == (2, [], [])
    with rooms.change():
        assert rooms.next_number() == 3


def test_a_commit_that_fails_changes_nothing() -> None:
    rooms = registry()
    rooms.store.close()

    def put() -> None:
        with rooms.change():
            rooms.put(connection("lost", rooms.next_number()))

    with pytest.raises(sqlite3.Error):
        put()
    assert names(rooms) == []


def test_callbacks_run_after_the_commit() -> None:
    rooms = registry()
    seen: list[int] = []
    with rooms.change():
        rooms.after_commit(lambda: seen.append(len(rooms.store.documents())))
        rooms.put(connection("aaaa", 1))
    assert seen == [1]


def test_owners_are_separate_and_removal_deletes_their_documents() -> None:
    rooms = registry()
    with rooms.change():
        rooms.put(connection("mine", 1))
    with rooms.change():
        rooms.remove(connection("mine", 1))
    assert (names(rooms), rooms.store.documents()) == ([], [])
    assert rooms.owned_by(ConnectionResource, "210987654321/us-east-1") == []


def test_a_nested_change_is_a_programming_error() -> None:
    rooms = registry()
    with rooms.change(), pytest.raises(AssertionError), rooms.change():
        pass
    with pytest.raises(AssertionError):
        rooms.put(connection("aaaa", 1))


def test_a_broken_document_is_named() -> None:
    store = Store(None)
    store.write(puts=[("connection", "a", '{"arn": "x", "born": "soon"}')])
    with pytest.raises(DocumentError, match="connection: born"):
        Registry(store, seed=1)
    store.write(puts=[("gateway", "a", "{}")], removals=[("connection", "a")])
    with pytest.raises(DocumentError, match="must be one of account, auto-scaling"):
        Registry(store, seed=1)
    store.close()
