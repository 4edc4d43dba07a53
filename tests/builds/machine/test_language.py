"""The environment of a language is created completely or not at all."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from simulator.builds.machine.language import preparation
from simulator.builds.machine.sandbox import BuildRoot
from simulator.builds.runtimes import Language
from simulator.builds.toolchain import Toolchain

# Like `python3 -m venv FOLDER`, killed before its end.
CUT_OFF = '#!/bin/sh\nmkdir -p "$3/lib"\nkill -9 $PPID\n'


@pytest.mark.case("R5")
def test_an_interrupted_virtual_environment_leaves_nothing_outside_its_build_folder(tmp_path: Path) -> None:
    program, state, build = tmp_path / "python3", tmp_path / "state", tmp_path / "build"
    program.write_text(CUT_OFF, encoding="utf-8")
    program.chmod(0o700)
    state.mkdir()
    stage = BuildRoot(build)
    stage.make()
    command = preparation(Language.PYTHON, Toolchain(tmp_path, program, "3.11.7"), stage, state)
    done = subprocess.run(command, check=False)
    assert done.returncode != 0
    assert list(stage.system.glob("python*")) != []
    assert list(state.iterdir()) == []
