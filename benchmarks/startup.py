"""Measures the CPU time of starting commands, as multiples of `simulator --version`: `python -m benchmarks.startup`.

`--beside TREE` measures another checkout in the same run, alternating with this one. Every command is a process of its
own, measured with its children; the smallest value of the rounds is printed, because other work on a machine only adds
time. Bytecode is compiled before the first round, as pip does during installation. `serve` is measured until it prints
the address of its API.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parents[1]
VERSION: Final = "--version"
SERVE: Final = "serve"
# Maps a command to its target, a multiple of `--version`.
TARGETS: Final[Mapping[str, float]] = {
    VERSION: 1.0,
    "--help": 2.5,
    "run first-lok": 3.0,
    "scenarios": 4.0,
    "run first-look -q": 7.0,
    SERVE: 8.0,
}
READY: Final = b"App Runner API at "


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU time of the start of commands")
    parser.add_argument("--beside", type=Path, metavar="TREE", help="another checkout to measure in turn")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    trees = [HERE] if asked.beside is None else [asked.beside.resolve(), HERE]
    with tempfile.TemporaryDirectory() as folder:
        measured = [_least(trees, command, asked.rounds, Path(folder)) for command in TARGETS]
    for number, tree in enumerate(trees):
        print(f"{tree}")
        print(f"{'command':20} {'CPU ms':>7} {'x':>6} {'target x':>9}")
        version_s = measured[0][number]
        for (command, target), seconds in zip(TARGETS.items(), measured, strict=True):
            print(_row(command, seconds[number], version_s, target))
    print(f"load average {', '.join(f'{load:.1f}' for load in os.getloadavg())}")


def _row(command: str, cpu_s: float, version_s: float, target: float) -> str:
    factor = cpu_s / version_s
    verdict = "" if factor <= target else "  above the target"
    return f"{command:20} {cpu_s * 1e3:7.0f} {factor:6.1f} {target:9g}{verdict}"


def _least(trees: Sequence[Path], command: str, rounds: int, folder: Path) -> list[float]:
    """Return the CPU seconds of the cheapest round for each tree; the first round fills the bytecode cache."""
    measure = _until_ready if command == SERVE else _whole
    taken = [[measure(tree, command, folder) for tree in trees] for _ in range(rounds + 1)]
    return [min(times) for times in zip(*taken[1:], strict=True)]


def _whole(tree: Path, command: str, folder: Path) -> float:
    """Return the CPU seconds of the command and its children."""
    program = _start(tree, command.split(), folder)
    assert program.stdout is not None
    program.stdout.read()
    _, status, used = os.wait4(program.pid, 0)
    program.returncode = os.waitstatus_to_exitcode(status)
    program.stdout.close()
    return used.ru_utime + used.ru_stime


def _until_ready(tree: Path, command: str, folder: Path) -> float:
    """Return the CPU seconds until the API listens, with an empty state folder (Linux: from /proc)."""
    with tempfile.TemporaryDirectory(dir=folder) as state:
        ports = ("--port", "0", "--https-port", "0")
        program = _start(tree, [command, "--state", state, *ports], folder)
        assert program.stdout is not None
        try:
            told = [program.stdout.readline()]
            if READY not in told[0]:
                raise RuntimeError(f"serve printed {told[0].decode()!r}, must be the address of its API")
            of_process = Path(f"/proc/{program.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        finally:
            program.terminate()
            program.communicate()
    return sum(int(ticks) for ticks in of_process[11:15]) / os.sysconf("SC_CLK_TCK")


def _start(tree: Path, arguments: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start the simulator of the tree, with a bytecode cache outside it."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # noqa: TID251
    environment |= {"PYTHONPATH": str(tree), "PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


if __name__ == "__main__":
    main()
