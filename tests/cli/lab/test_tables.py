"""Tables on terminals of 60, 80 and 120 columns: every name is complete, nothing is cut off."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from rich.console import Console

from simulator.cli.lab.tables import print_table
from simulator.lab.compare.tables import Cell, Table
from tests.lab.compare.compare_scenarios import step

WIDTHS = (60, 80, 120)
COMPARED = ("configured", "lambda-provisioned", "predictive-hpa", "scale-per-request")


def sent_to_terminal(arguments: list[str], width: int, folder: Path, *, with_errors: bool = False) -> str:
    """Return everything that is sent to a terminal of this width. `with_errors`: standard error too."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    program = [sys.executable, "-c", "from simulator.cli import main; main()", *arguments]
    program = ["env", "-u", "COLUMNS", "-u", "LINES", "TERM=xterm", *program]
    with subprocess.Popen(
        program, stdin=theirs, stdout=theirs, stderr=theirs if with_errors else subprocess.DEVNULL, cwd=folder
    ):
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end was closed
                break
            if not part:
                break
            shown += part
    os.close(ours)
    return shown.decode()


def on_terminal(arguments: list[str], width: int, folder: Path) -> list[str]:
    """Return the final lines on a terminal of this width, without colours."""
    shown = sent_to_terminal(arguments, width, folder)
    # Text that a progress bar has drawn and removed ends where the cursor returns.
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.rpartition("\x1b[?25h")[2])
    return [line.rstrip() for line in text.replace("\r", "").split("\n")]


VERBS = {
    "compare": (
        ["compare", "step.yaml", "--seeds", "3", "--workers", "1", *(f"--policy={name}" for name in COMPARED)],
        COMPARED,
    ),
    "sweep": (["sweep", "step.yaml", "--vary", "max_size=6,8", "--vary", "min_size=3,4", "--out", "o.csv"], ("6",)),
    "tune": (
        ["tune", "step.yaml", "--slo", "p95 < 2 s", "--vary", "max_size=6,8", "--vary", "min_size=3,4", "--workers=1"],
        ("choice", "USD/month", "MinSize", "MaxSize"),
    ),
    "shadow": (["shadow", "step.yaml", "--policy", "lambda-provisioned", "--policy", "keda-http"], ("web: keda-http",)),
    "run": (["run", "step.yaml"], ("served", "waiting for a slot", "active vCPU")),
    "validate": (["validate", "--case", "32"], ()),
}


@pytest.mark.slow
@pytest.mark.case("X13a")
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("verb", VERBS)
def test_every_name_of_a_table_is_whole(verb: str, width: int, tmp_path: Path) -> None:
    step(tmp_path)
    arguments, names = VERBS[verb]
    lines = on_terminal(arguments, width, tmp_path)
    text = "\n".join(lines)
    assert "\N{HORIZONTAL ELLIPSIS}" not in text, text
    pasted = next((place for place, line in enumerate(lines) if line.startswith("To apply it:")), len(lines))
    assert max(map(len, lines[:pasted])) <= width, text
    for name in names:
        assert any(line.startswith((name, f"  = {name}")) for line in lines), (name, text)


@pytest.mark.slow
@pytest.mark.case("X13c")
def test_a_comparison_announces_its_runs_before_the_first_has_ended(tmp_path: Path) -> None:
    step(tmp_path)
    arguments = [
        "compare",
        "step.yaml",
        "--seeds",
        "1",
        "--workers",
        "1",
        "--policy",
        "configured",
        "--policy",
        "knative",
    ]
    sent = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent_to_terminal(arguments, 80, tmp_path, with_errors=True))
    lines = re.split(r"[\r\n]+", sent)
    announced = next(number for number, line in enumerate(lines) if line.startswith("4 runs: configured, knative"))
    first = next(number for number, line in enumerate(lines) if "0/4" in line)
    assert announced < first
    assert lines[first].startswith("configured, seed 3 ")
    assert not any("1/4" in line for line in lines[:first])


@pytest.mark.case("X13a")
@pytest.mark.parametrize("width", WIDTHS)
def test_a_table_that_is_too_wide_goes_on_below_with_the_names_again(width: int) -> None:
    names = ("oracle on container-apps", "lambda")
    headings = ("p50", "p95", "p99", "loss", "SLO misses", "cold")
    cells = tuple(Cell(f"{place}23 ms", "-12.3 +45.6") for place in range(6))
    table = Table("a table", headings, tuple((name, cells) for name in names), marks={"lambda": ("cannot act here",)})
    file = io.StringIO()
    print_table(table, Console(file=file, width=width))
    lines = file.getvalue().splitlines()
    assert "\N{HORIZONTAL ELLIPSIS}" not in file.getvalue()
    parts = sum(line.startswith("a table") for line in lines)
    assert parts == {60: 6, 80: 3, 120: 2}[width]
    for name in names:
        assert sum(line.startswith(name) for line in lines) == parts
    shown = " ".join(lines)
    assert all(heading in shown for heading in headings)
    assert all(cell.text in shown for cell in cells)
