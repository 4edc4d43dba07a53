"""Two processes that play the same scenario and differ in all that must not matter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from simulator.lab.backend_names import COMPILED, EVENT_LOOP

ROOT = Path(__file__).parents[2]

# The hash seed orders sets; the time zone would move recorded timestamps; the locale would change decimal points.
OUTSIDES = (
    {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    {"PYTHONHASHSEED": "20240731", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
)
# The second process plays these in the compiled backend: the same bytes again, and in a third of the time.
LONG = ("load-balancer", "worldcup98", "worldcup98-evening")
# Seconds of CPU each: the plain tests play these once, the slow ones twice.
COSTLY = (
    "app-runner-load-test",
    "connection-storm",
    "cpu-bound",
    "crash-under-load",
    "deploy-under-load",
    "flash-sale",
    "idle-to-burst",
)
TIMEOUT_S = 300.0  # thirty times what the slowest shipped scenario may take


class Twice:
    """The reports of a scenario's two plays as JSON text; each is played on first use, both at the same time."""

    def __init__(self) -> None:
        self._reports: dict[str, list[str]] = {}

    def first(self, name: str) -> str:
        return self._played(name, 1)[0]

    def both(self, name: str) -> tuple[str, str]:
        first, second = self._played(name, 2)
        return first, second

    def _played(self, name: str, plays: int) -> list[str]:
        played = self._reports.setdefault(name, [])
        missing = list(zip(OUTSIDES, _backends(name), strict=True))[len(played) : plays]
        processes = [_start(name, outside, backend) for outside, backend in missing]
        played += [_finish(process) for process in processes]
        return played


def _backends(name: str) -> tuple[str, str]:
    return EVENT_LOOP, COMPILED if name in LONG else EVENT_LOOP


def _start(name: str, outside: dict[str, str], backend: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.golden.play", name, backend],
        cwd=ROOT,
        env=outside,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def _finish(process: subprocess.Popen[str]) -> str:
    try:
        report, errors = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()  # does nothing to one that has ended
    assert process.returncode == 0, errors
    return report
