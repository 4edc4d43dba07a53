"""A simulator that ends between any two steps of a start and a deployment leaves nothing that is not removed later."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from simulator.fleet.process.confinement.group_search import find_home
from simulator.fleet.process.confinement.sweep import MARK
from tests.live.process_bench import SLEEP, bench, has_groups, until

ROOT = Path(__file__).parents[2]


def left_of(names: set[str], scratch: Path) -> list[str]:
    """Return the folders, control groups, processes and mounts of the simulators whose folders are called `names`."""
    homes = find_home().roots() if has_groups() else ()
    left = [str(entry) for place in (scratch, *homes) for entry in place.glob("apprunner-*") if _owner(entry) in names]
    left += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(scratch) in line]
    for process in psutil.process_iter():
        try:
            mark = process.environ().get(MARK, "")
        except (psutil.Error, OSError):
            continue
        if mark.startswith(f"{scratch}/") and _owner(Path(mark[len(str(scratch)) + 1 :]).parts[0]) in names:
            left.append(f"process {process.pid} {process.cmdline()}")
    return left


def _owner(entry: Path | str) -> str:
    """Return the part of a name that identifies a simulator: namespace, process and its start."""
    return "-".join(Path(entry).name.split("-")[:4])


@pytest.mark.case("R5", "R26")
@pytest.mark.parametrize("guard", ["", "guard"], ids=["the guard lives", "the guard dies, too"])
@pytest.mark.parametrize("stride", [11, pytest.param(1, marks=pytest.mark.slow)])
def test_a_simulator_killed_at_any_step_leaves_nothing(tmp_path: Path, guard: str, stride: int) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "file").write_text("x")
    made: set[str] = set()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.live.crash_points", str(tmp_path), str(stride), guard],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={"TMPDIR": str(tmp_path)},  # temporary files are to be found too
        text=True,
    ) as points:
        assert points.stdout is not None
        steps = points.stdout.read().splitlines()
    assert points.returncode == 0
    assert steps[-1].startswith("through ")
    assert len(steps) > 100 / stride  # otherwise it ended at few points only
    made = {_owner(part) for step in steps for part in step.split("/") if part.startswith("apprunner-")}
    made |= {_owner(entry) for entry in tmp_path.glob("apprunner-*")}
    assert made

    async def start() -> None:
        async with bench(SLEEP, tmp_path) as b:
            await b.up()
            await until(lambda: left_of(made, tmp_path) == [])

    if guard:
        asyncio.run(start())
    else:
        asyncio.run(until(lambda: left_of(made, tmp_path) == []))
    assert [entry.name for entry in tmp_path.iterdir()] == ["source"]
