from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.api.api_listener import ApiListener
from simulator.assembly.control_plane import ControlPlaneSettings, open_control_plane
from simulator.cli import app
from simulator.cli.state.folder import state_folder
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.state.store_file import StoreError

RUN = CliRunner()


@pytest.mark.case("R20")
@pytest.mark.parametrize("home", ["", "relative"])
def test_an_invalid_home_is_reported_with_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", home)
    for verb in (["ca"], ["state", "export", "f"], ["logs", "web"], ["serve", "--port", "0"]):
        done = RUN.invoke(app, verb)
        assert (done.exit_code, done.output) == (
            2,
            f"error: HOME = {home!r}, must be your home folder, where the state is kept; or give --state FOLDER\n",
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.case("R20")
def test_a_relative_xdg_folder_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    done = RUN.invoke(app, ["ca"])
    assert done.exit_code == 0
    assert (tmp_path / ".local" / "state" / "apprunner-simulator" / "ca" / "root.pem").exists()


@pytest.mark.case("R2")
def test_too_open_modes_are_repaired_and_reported_once(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert RUN.invoke(app, ["ca", "--state", str(state)]).exit_code == 0
    for each in [state, *state.rglob("*")]:
        each.chmod(0o755 if each.is_dir() else 0o644)
    first, second = (RUN.invoke(app, ["ca", "--state", str(state)]) for _ in range(2))
    assert f"state folder {state}: 5 files and folders could be read by other users" in first.stderr
    assert second.stderr == ""
    assert {each.stat().st_mode & 0o077 for each in [state, *state.rglob("*")]} == {0}


@pytest.mark.case("R15")
@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"url": 1, "token": "t", "pid": 1}',
        '{"url": "http://127.0.0.1:1", "token": "t"}',
        '{"url": "http://127.0.0.1:1", "token": "t", "pid": "1"}',
        '{"url": "http://evil.example", "token": "t", "pid": 1}',
    ],
)
def test_a_malformed_address_file_is_reported(tmp_path: Path, content: str) -> None:
    (tmp_path / "admin.json").write_text(content)
    done = RUN.invoke(app, ["connection", "approve", "hub", "--state", str(tmp_path)])
    assert (done.exit_code, len(done.stderr.splitlines()) - done.stderr.count("other users")) == (2, 1)
    assert str(tmp_path / "admin.json") in done.stderr


@pytest.mark.case("R13")
async def test_damaged_documents_are_reported_with_the_state_folder(tmp_path: Path) -> None:
    settings = ControlPlaneSettings(state=tmp_path, listener=None)
    async with await open_control_plane(settings, SimulatedWorkload()) as plane:
        plane.store.write(puts=[("absent", "k", "{}")])
    with pytest.raises(StoreError, match=rf"state {tmp_path}: kind = 'absent', must be one of"):
        await open_control_plane(settings, SimulatedWorkload())


@pytest.mark.case("R14")
@pytest.mark.parametrize("content", [None, b"", b"junk"])
async def test_an_invalid_certificate_of_the_user_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "server.pem"
    if content is not None:
        file.write_bytes(content)
    settings = ControlPlaneSettings(listener=ApiListener(tls=True, certificate=file))
    with pytest.raises(ValueError, match=rf"certificate = {file}, must be a certificate and its key"):
        await open_control_plane(settings, SimulatedWorkload())


@pytest.mark.case("R21")
async def test_a_store_that_was_removed_since_the_last_run_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = ControlPlaneSettings(state=tmp_path, listener=None)

    async def told() -> int:
        caplog.clear()
        async with await open_control_plane(settings, SimulatedWorkload()):
            return len([each for each in caplog.messages if "no longer exists; starting with an empty state" in each])

    assert await told() == 0
    (tmp_path / "control.sqlite").unlink()
    assert [await told(), await told()] == [1, 0]


def test_a_relative_folder_is_returned_as_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git and applications run in other working directories."""
    monkeypatch.chdir(tmp_path)
    assert state_folder(Path("state")) == tmp_path / "state"
