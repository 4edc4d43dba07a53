"""Two processes that play the same scenario and differ in everything that must not affect a run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from simulator.lab.backend_names import COMPILED, EVENT_LOOP

ROOT = Path(__file__).parents[2]

# The hash seed changes the order of sets; the time zone would shift recorded timestamps; the locale would change
# decimal points.
OUTSIDES = (
    {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    {"PYTHONHASHSEED": "20240731", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
)
# The second process plays these in the compiled backend: the same bytes in a third of the time.
LONG = ("load-balancer", "worldcup98", "worldcup98-evening")
# These take seconds of CPU time each: the plain tests play them once, the slow ones twice.
COSTLY = (
    "app-runner-load-test",
    "connection-storm",
    "cpu-bound",
    "crash-under-load",
    "deploy-under-load",
    "flash-sale",
    "idle-to-burst",
)


class Twice:
    """The reports of two runs of a scenario as JSON text, both played on first use and at the same time."""

    def __init__(self) -> None:
        self._reports: dict[str, list[str]] = {}
        self._players: dict[int, Player] = {}

    def first(self, name: str) -> str:
        return self._played(name, 1)[0]

    def both(self, name: str) -> tuple[str, str]:
        first, second = self._played(name, 2)
        return first, second

    def close(self) -> None:
        for player in self._players.values():
            player.close()

    def _played(self, name: str, plays: int) -> list[str]:
        played = self._reports.setdefault(name, [])
        players = [self._player(number) for number in range(len(played), plays)]
        for number, player in enumerate(players, len(played)):
            player.begin(name, _backends(name)[number])
        played += [player.finish() for player in players]
        return played

    def _player(self, number: int) -> Player:
        if number not in self._players:
            self._players[number] = Player(OUTSIDES[number])
        return self._players[number]


class Player:
    """A process that plays one scenario after another, because most of them take less time than its start."""

    def __init__(self, outside: dict[str, str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.golden.play"],
            cwd=ROOT,
            env=outside,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self._reports = self._process.stdin, self._process.stdout

    def begin(self, name: str, backend: str) -> None:
        self._orders.write(f"{name} {backend}\n".encode())
        self._orders.flush()

    def finish(self) -> str:
        """Return the report; wait until the scenario has been played."""
        size = self._reports.readline()
        if not size:
            self._process.wait()
            self._errors.seek(0)
            pytest.fail(self._errors.read().decode())
        report = self._reports.read(int(size))
        assert len(report) == int(size)
        return report.decode()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()


def _backends(name: str) -> tuple[str, str]:
    return EVENT_LOOP, COMPILED if name in LONG else EVENT_LOOP
