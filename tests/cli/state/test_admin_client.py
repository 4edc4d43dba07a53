"""The choice between simulators with the same state folder, by their files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import typer

from simulator.api.admin import ADMIN_FILE, UP_FOLDER
from simulator.cli.state.admin_client import ask_chosen, ask_running

CLOSED = "http://127.0.0.1:1"  # a port on which nothing listens
DEAD_PID = 2**22 - 1  # Linux uses it for a process only after four million others


def place(file: Path, name: str, pid: int) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"name": name, "url": CLOSED, "token": "t", "pid": pid}), encoding="utf-8")


def told(capsys: pytest.CaptureFixture[str], state: Path, chosen: str | None) -> str:
    with pytest.raises(typer.Exit) as ended:
        ask_chosen(state, chosen, "why")
    assert ended.value.exit_code == 2
    return capsys.readouterr().err


def test_the_only_simulator_is_called_without_a_choice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place(tmp_path / ADMIN_FILE, "serve", DEAD_PID)
    place(tmp_path / UP_FOLDER / "shop-1.json", "shop", os.getpid())
    assert f"the simulator at {CLOSED} does not answer" in told(capsys, tmp_path, None)
    assert ask_running(tmp_path, "approve-connection") is None  # only `serve` has connections


def test_a_choice_is_a_name_or_a_process_id_that_fits_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no simulator runs with it" in told(capsys, tmp_path, None)
    place(tmp_path / ADMIN_FILE, "serve", os.getpid())
    place(tmp_path / UP_FOLDER / "shop-1.json", "shop", os.getpid())
    place(tmp_path / UP_FOLDER / "shop-2.json", "shop", os.getppid())
    assert "simulator = 'ship', must be one of serve, shop, shop" in told(capsys, tmp_path, "ship")
    both = f"shop (process id {os.getpid()}), shop (process id {os.getppid()})"
    assert f"simulator = shop, must be one of those that run with state folder {tmp_path}: {both}" in told(
        capsys, tmp_path, "shop"
    )
    assert f": serve (process id {os.getpid()}), {both}" in told(capsys, tmp_path, None)
    for chosen in ("serve", str(os.getppid())):
        assert "does not answer" in told(capsys, tmp_path, chosen)


def test_a_file_that_is_no_address_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / UP_FOLDER).mkdir()
    file = tmp_path / UP_FOLDER / "shop-1.json"
    file.write_text("{}", encoding="utf-8")
    assert f"{file}, must have url, token and pid" in told(capsys, tmp_path, None)
