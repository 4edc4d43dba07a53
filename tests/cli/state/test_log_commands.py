"""Log entries as the commands read them: services by name, each entry once, and damaged state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from simulator.assembly.control_plane import STORE_NAME
from simulator.cli.state.log_commands import Tail, reader, service_arn, show
from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.store import EntryReader, Store
from simulator.control.state.store_file import StoreError

HEAD = "arn:aws:apprunner"


def arn(name: str, identifier: str, region: str = "us-east-1") -> str:
    return f"{HEAD}:{region}:123456789012:service/{name}/{identifier * 32}"


def entry(service: str, text: str, kind: EntryKind = EntryKind.LOG) -> LogEntry:
    return LogEntry(kind, 0.0, "123456789012/us-east-1", service, "events", text)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / STORE_NAME)
    yield store
    store.close()


@pytest.fixture
def entries(store: Store, tmp_path: Path) -> Iterator[EntryReader]:
    store.write(entries=[entry(arn("web", "a"), "one"), entry(arn("web", "b"), "two"), entry(arn("api", "c"), "x")])
    with reader(tmp_path) as opened:
        yield opened


def test_a_service_is_found_by_name_id_or_arn(entries: EntryReader) -> None:
    for given in ("api", "c" * 32, arn("api", "c")):
        assert service_arn(entries, given) == arn("api", "c")


def test_an_unknown_service_ends_the_command_with_the_known_names(
    entries: EntryReader, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises((typer.Exit, SystemExit)):
        service_arn(entries, "wep")
    assert "web" in capsys.readouterr().err


def test_a_tail_has_each_entry_once(entries: EntryReader, store: Store) -> None:
    tail = Tail(entries, EntryKind.LOG, arn("web", "a"))
    assert [each.text for each in tail.new()] == ["one"]
    store.write(entries=[entry(arn("web", "a"), "later"), entry(arn("web", "a"), "{}", EntryKind.EVENT)])
    assert [each.text for each in tail.new()] == ["later"]
    assert list(tail.new()) == []


def test_the_last_wanted_entries_are_shown_in_order(entries: EntryReader, capsys: pytest.CaptureFixture[str]) -> None:
    tail = Tail(entries, EntryKind.LOG, None)
    show(tail, lambda each: f"-{each.text}", wanted=lambda each: each.text != "one", last=1)
    assert capsys.readouterr().out == "-x\n"


def test_a_damaged_entry_is_named(entries: EntryReader) -> None:
    def broken(_entry: LogEntry) -> str:
        raise KeyError("time")

    with pytest.raises(StoreError, match="entry 1, a log, is damaged: KeyError"):
        show(Tail(entries, EntryKind.LOG, None), broken)


def test_a_folder_without_a_state_ends_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises((typer.Exit, SystemExit)), reader(tmp_path / "none"):
        pass
    assert "there is no state in it" in " ".join(capsys.readouterr().err.split())
