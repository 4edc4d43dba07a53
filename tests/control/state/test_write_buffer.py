"""Items stay in the buffer until they are written, even if the disk is full for some time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence

import pytest

from simulator.control.state import write_buffer
from simulator.control.state.write_buffer import AGAIN_S, BATCH_BYTES_MAX, WriteBuffer
from tests.virtual import run_virtual

pytestmark = pytest.mark.case("R12")


class Disk:
    """A disk that stores what is written unless it is full."""

    def __init__(self) -> None:
        self.full = False
        self.written: list[list[str]] = []
        self.given: list[str] = []

    def write(self, items: Sequence[str]) -> None:
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")
        self.written.append(list(items))

    def gathered(self, count_max: int = 3) -> WriteBuffer[str]:
        return WriteBuffer(self.write, "records", count_max=count_max, wait_s=1.0, report=self.given.append)

    @property
    def all(self) -> list[str]:
        return [item for batch in self.written for item in batch]


def virtually(test: Callable[[Disk], object]) -> None:
    async def main() -> None:
        await test(Disk())  # type: ignore[misc]

    run_virtual(main)


def test_failed_writes_are_repeated_in_order() -> None:
    async def test(disk: Disk) -> None:
        records = disk.gathered()
        disk.full = True
        for name in "abcdefg":
            records.add(name, 1)
        records.flush()
        await asyncio.sleep(10 * AGAIN_S)
        assert (disk.written, len(disk.given)) == ([], 1)
        assert "records cannot be written: database or disk is full" in disk.given[0]
        disk.full = False
        await asyncio.sleep(20 * AGAIN_S)
        assert disk.all == list("abcdefg")
        assert disk.given[1:] == ["records can be written again"]
        records.add("h", 1)
        records.close()
        assert disk.all == list("abcdefgh")
        assert len(disk.given) == 2

    virtually(test)


def test_items_beyond_the_bound_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_buffer, "KEPT_MAX", 5)

    async def test(disk: Disk) -> None:
        records = disk.gathered()
        disk.full = True
        for name in "abcdefgh":
            records.add(name, 1)
        disk.full = False
        records.flush()
        assert disk.all == list("defgh")
        assert disk.given[-1] == "records can be written again, 3 were lost because the buffer was full"

    virtually(test)


def test_the_end_reports_lost_items() -> None:
    async def test(disk: Disk) -> None:
        records = disk.gathered()
        disk.full = True
        records.add("a", 1)
        records.close()
        assert disk.given[-1] == "1 records are lost"

    virtually(test)


def test_a_batch_is_bounded_in_bytes() -> None:
    async def test(disk: Disk) -> None:
        records = disk.gathered(count_max=1000)
        for name in "abcde":
            records.add(name, BATCH_BYTES_MAX // 2, within_change=True)
        await asyncio.sleep(0.5)  # a megabyte is written at once, not after the second
        assert disk.written == [["a", "b"], ["c", "d"], ["e"]]

    virtually(test)


def test_an_item_added_within_a_change_waits_for_its_end() -> None:
    async def test(disk: Disk) -> None:
        records = disk.gathered(count_max=1)
        records.add("a", 1, within_change=True)
        assert disk.written == []
        await asyncio.sleep(0.1)
        assert disk.written == [["a"]]

    virtually(test)
