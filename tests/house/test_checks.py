"""Format, lint, types and import contracts as tests.

Types are a slow test: without its cache mypy takes half a minute of CPU time. `.ci/check` needs seconds.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent

COMMANDS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy"],
    "import contracts": ["lint-imports"],
}


MARKS = {"import contracts": pytest.mark.case("H8"), "types": pytest.mark.slow}


@pytest.mark.parametrize("check", [pytest.param(name, marks=MARKS.get(name, ())) for name in COMMANDS])
def test_the_tree_passes(check: str) -> None:
    program, *arguments = COMMANDS[check]
    done = subprocess.run([BIN / program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
