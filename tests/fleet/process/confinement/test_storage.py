from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from simulator.fleet.process.confinement.storage import used_bytes, watch
from simulator.world.tasks import Tasks
from tests.loops import both_loops


def _fill(file: Path, size_bytes: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * size_bytes)


def test_every_file_counts_whatever_its_folder_and_name(tmp_path: Path) -> None:
    empty_bytes = used_bytes(tmp_path)
    _fill(tmp_path / "a", 100_000)
    _fill(tmp_path / "b" / "c" / ".hidden", 200_000)
    # Blocks: at least the number of bytes, including folders, and not much more.
    assert 300_000 <= used_bytes(tmp_path) - empty_bytes < 330_000


def test_holes_of_sparse_files_are_not_counted(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(10**9)
    assert used_bytes(tmp_path) < 10**6


def test_the_target_of_a_symbolic_link_is_not_counted(tmp_path: Path) -> None:
    _fill(tmp_path / "outside" / "file", 500_000)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "folder").symlink_to(tmp_path / "outside")
    (inside / "file").symlink_to(tmp_path / "outside" / "file")
    assert used_bytes(inside) < 100_000


def test_a_missing_folder_takes_no_storage(tmp_path: Path) -> None:
    assert used_bytes(tmp_path / "gone") == 0


@both_loops
async def test_only_an_instance_over_the_limit_is_ended_with_the_figures(tmp_path: Path) -> None:
    _fill(tmp_path / "large" / "file", 3 * 1024**2)
    _fill(tmp_path / "small" / "file", 1024**2)
    ended: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def living() -> Iterable[tuple[Path, Callable[[str], None]]]:
        for name in ("small", "large"):
            yield tmp_path / name, lambda why, name=name: ended.put_nowait((name, why))  # type: ignore[misc]

    async with Tasks("test") as tasks:
        tasks.spawn(watch(living, 2 * 1024**2, 0.001), "watch")
        async with asyncio.timeout(60):
            for _ in range(2):
                assert await ended.get() == ("large", "ephemeral storage is full: 3 MB used, 2 MB allowed")
