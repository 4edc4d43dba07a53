"""A disk that is full for some time: background changes stay in memory, and are written when there is space again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from simulator.control.state.log_entries import EntryKind
from simulator.control.state.registry import Registry
from simulator.control.state.store import Store
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.resources.service_state import ServiceStatus
from tests.control.api_stage import Stage
from tests.virtual import run_virtual

pytestmark = pytest.mark.case("R12")


@contextmanager
def full_disk(store: Store) -> Iterator[None]:
    with patch.object(store, "write", side_effect=sqlite3.OperationalError("database or disk is full")):
        yield


def stored(path: Path) -> ServiceStatus:
    """Return the status as another process would read it."""
    store = Store(path)
    try:
        (service,) = Registry(store, seed=1).all(ServiceResource)
        return service.status
    finally:
        store.close()


def test_an_operation_continues_and_its_end_is_written_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "state.db"

    async def main() -> None:
        async with Stage(path) as stage:
            arn = stage.create()
            with full_disk(stage.store):
                await stage.settled()
                assert stage.status(arn) == "RUNNING"
                assert stage.rejected("CreateConnection", ConnectionName="hub1", ProviderType="GITHUB").is_fault
            assert stored(path) is ServiceStatus.OPERATION_IN_PROGRESS
            await stage.passes(1.5)
            assert stored(path) is ServiceStatus.RUNNING
            texts = [entry.text for entry in stage.store.entries_after(0, kind=EntryKind.LOG)]
            assert any("completed" in text or "success" in text.lower() for text in texts)
            assert not stage.tasks.failed.done()

    run_virtual(main)
    told = [record.message for record in caplog.records if "the state" in record.message]
    assert told == [
        "the state cannot be written: database or disk is full. Changes are kept and retried",
        "the state can be written again",
    ]


def test_the_next_successful_write_includes_unsaved_changes(tmp_path: Path) -> None:
    async def main() -> None:
        async with Stage(tmp_path / "state.db") as stage:
            stage.create()
            with full_disk(stage.store):
                await stage.settled()
            stage.call("CreateConnection", ConnectionName="hub1", ProviderType="GITHUB")
            assert stored(tmp_path / "state.db") is ServiceStatus.RUNNING

    run_virtual(main)


def test_unsaved_changes_are_written_at_the_end(tmp_path: Path) -> None:
    async def main() -> None:
        async with Stage(tmp_path / "state.db") as stage:
            stage.create()
            with full_disk(stage.store):
                await stage.settled()
            stage.api.close()

    run_virtual(main)
    assert stored(tmp_path / "state.db") is ServiceStatus.RUNNING


def test_a_deletion_is_not_forgotten(tmp_path: Path) -> None:
    async def main() -> None:
        async with Stage(tmp_path / "state.db") as stage:
            arn = await stage.running()
            stage.call("DeleteService", ServiceArn=arn)
            with full_disk(stage.store):
                await stage.settled()
            await stage.passes(1.5)

    run_virtual(main)
    assert stored(tmp_path / "state.db") is ServiceStatus.DELETED
