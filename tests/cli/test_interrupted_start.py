"""An interrupt while the program is still importing: 130 and one line, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# The interpreter imports it before the program, so that the signal is sent exactly when a module is requested.
HOOK = """
import os, signal, sys

def interrupt(event, arguments):
    if event == "import" and arguments[0] == os.environ["INTERRUPT_AT"]:
        os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs have it ignored
sys.addaudithook(interrupt)
"""


@pytest.mark.parametrize(
    "module", ["simulator.cli", "typer", "inspect", "simulator.cli.commands", "numpy", "simulator.replay.runner"]
)
def test_an_interrupt_while_a_module_is_imported_ends_with_130_and_no_traceback(tmp_path: Path, module: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOOK)
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "simulator", "run", "first-look", "--quiet"],
        env={"PYTHONPATH": path, "INTERRUPT_AT": module, "HOME": str(tmp_path), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
