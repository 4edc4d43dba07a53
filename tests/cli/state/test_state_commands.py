"""`simulator state`: one command imports what the other exports, from a file or standard input."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.assembly.control_plane import STORE_NAME
from simulator.cli import app
from simulator.control.state.store import Store

RUN = CliRunner()


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    folder, file = tmp_path / "old", tmp_path / "state.json"
    folder.mkdir(mode=0o700)
    with contextlib.closing(Store(folder / STORE_NAME)) as store:
        store.write(meta={"seed": "7"})
    done = RUN.invoke(app, ["state", "export", str(file), "--state", str(folder)])
    assert done.output == f"0 resources written to {file}\n"
    return file


@pytest.mark.parametrize("by_stdin", [False, True])
def test_a_state_is_imported_from_a_file_or_standard_input(exported: Path, tmp_path: Path, by_stdin: bool) -> None:
    words = ["state", "import", "-" if by_stdin else str(exported), "--state", str(tmp_path / "new")]
    done = RUN.invoke(app, words, input=exported.read_bytes() if by_stdin else None)
    assert (done.exit_code, done.output) == (0, f"0 resources read into {tmp_path / 'new'}\n")
    with contextlib.closing(Store(tmp_path / "new" / STORE_NAME)) as store:
        assert store.meta()["seed"] == "7"


@pytest.mark.parametrize(("text", "told"), [(b"{}", "format = None, must be"), (b"\xff", "can't decode byte 0xff")])
def test_what_is_wrong_with_standard_input_is_reported(tmp_path: Path, text: bytes, told: str) -> None:
    done = RUN.invoke(app, ["state", "import", "-", "--state", str(tmp_path / "new")], input=text)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: stdin: ")
    assert told in done.stderr
    assert not (tmp_path / "new" / STORE_NAME).exists()
