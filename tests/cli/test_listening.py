"""The preparation of every verb that listens: open files, and the error for an unavailable port."""

from __future__ import annotations

import os
import re
import resource
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.listening import allow_many_files, unheard
from simulator.wire.listening import CannotListen, holder, listening

RUN = CliRunner()
TEXT = "duration: 1s\nservices: {web: {application: {simulated: {}}}}\n"


@pytest.mark.case("R23", "X8b")
@pytest.mark.parametrize(
    "command",
    [
        "serve --state s --port PORT --https-port 0",
        "serve --state s --port 0 --https-port PORT",
        "serve --state s --port 0 --https-port 0 --http-port PORT",
        "serve --state s --port 0 --https-port 0 --http-port 0 --metrics-port PORT",
        "serve --state s --port 0 --https-port 0 --console --console-port PORT",
        "run a.yaml --clock real --state s --https-port PORT",
        "run a.yaml --clock real --state s --http-port PORT",
        "run a.yaml --clock real --state s --metrics-port PORT",
        "run a.yaml --console --console-port PORT",
        "lesson --console --console-port PORT",
        "up . --state s --https-port PORT",
    ],
)
def test_a_port_in_use_is_reported_with_its_option_and_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(TEXT)
    (tmp_path / "apprunner.yaml").write_text(
        "version: 1.0\nruntime: python311\nbuild: {commands: {build: [true]}}\nrun: {command: python app.py}\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = RUN.invoke(app, command.replace("PORT", port).split())

    option = next(word for word, after in zip(command.split(), command.split()[1:], strict=False) if after == "PORT")
    assert done.exit_code == 2, done.output
    who = rf"is taken by \S+ \(pid {os.getpid()}\) \(address already in use\)"
    assert re.search(rf"{option} = {port}, {who}; {option} 0 takes any free one", done.output), done.output


def test_two_options_with_one_port_are_both_named() -> None:
    error = CannotListen(OSError(98, "Address already in use"), "127.0.0.1", 8080)

    assert unheard(error, {"--port": 8080, "--https-port": 8080, "--http-port": 0}) == (
        "--port and --https-port = 8080, must be different ports"
    )


def test_a_port_below_1024_requires_root() -> None:
    error = CannotListen(OSError(13, "Permission denied"), "127.0.0.1", 80)

    assert (
        unheard(error, {"--https-port": 80})
        == "--https-port = 80, is reserved for root; --https-port 0 takes any free one"
    )


def test_the_listening_process_is_found_by_its_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert f"(pid {os.getpid()})" in holder(port)
        with pytest.raises(CannotListen) as caught, listening("127.0.0.1", port):
            socket.create_server(("127.0.0.1", port))
    assert caught.value.port == port
    assert holder(port) == ""


@pytest.mark.case("B4")
def test_as_many_files_as_the_system_allows_may_be_open() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, before[1]), before[1]))
        allow_many_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.case("B4")
@pytest.mark.parametrize(
    "command",
    [
        "serve --state s --port 0 --https-port TAKEN",
        "up . --state s --https-port TAKEN",
        "run a.yaml --clock real --state s --https-port TAKEN",
        "lesson --console --console-port TAKEN",
        "run a.yaml --console --console-port TAKEN",
    ],
)
def test_every_verb_that_listens_raises_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(TEXT)
    (tmp_path / "apprunner.yaml").write_text("version: 1.0\nruntime: python311\nrun: {command: python app.py}\n")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, before[1]), before[1]))
        with socket.create_server(("127.0.0.1", 0)) as other:
            RUN.invoke(app, command.replace("TAKEN", str(other.getsockname()[1])).split())
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
