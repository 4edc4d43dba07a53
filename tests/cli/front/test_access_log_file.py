"""The file of `--access-log`."""

from __future__ import annotations

import contextlib
import json
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.front.access_log_file import opened_log, tell_losses
from tests.cli.front.asking import Asked
from tests.cli.platform.test_serve import serving

RUN = CliRunner()


def test_lines_are_appended(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    file.write_bytes(b"before\n")
    with contextlib.ExitStack() as files:
        log = opened_log(file, files)
        assert log is not None
        log.write(b"after\n")
        assert opened_log(None, files) is None
    assert (log.closed, file.read_bytes()) == (True, b"before\nafter\n")


@pytest.mark.parametrize("verb", ["serve", "up"])
def test_a_log_that_cannot_be_written_is_bad_input(tmp_path: Path, verb: str) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    place = [str(tmp_path)] if verb == "up" else ["--port", "0", "--https-port", "0"]
    done = RUN.invoke(app, [verb, *place, "--state", str(tmp_path / "state"), "--access-log", f"{tmp_path}/no/log"])
    assert done.exit_code == 2
    assert (
        done.output.strip() == f"error: access-log = '{tmp_path}/no/log', cannot be written: No such file or directory"
    )


def test_the_log_of_serve_must_not_be_its_configuration(tmp_path: Path) -> None:
    config = tmp_path / "serve.yaml"
    config.write_text("front: {access_log: serve.yaml}\n", encoding="utf-8")
    done = RUN.invoke(app, ["serve", "--config", str(config), "--state", str(tmp_path / "state"), "--port", "0"])
    assert done.exit_code == 2
    assert f"--access-log = '{config}', must be a file of its own: it is an input, {config}" in done.output
    assert config.read_text(encoding="utf-8") == "front: {access_log: serve.yaml}\n"


def test_lost_lines_are_reported_with_their_reason(capsys: pytest.CaptureFixture[str]) -> None:
    log: Any = SimpleNamespace(dropped=3, error="")
    of_waf: Any = SimpleNamespace(dropped=2, error="")
    platform: Any = SimpleNamespace(front=SimpleNamespace(access_logs=(log,), waf_log=of_waf))
    tell_losses(platform)
    platform.front.waf_log = None
    log.error = "No space left on device"
    tell_losses(platform)
    log.dropped = 0
    tell_losses(platform)
    assert capsys.readouterr().err.splitlines() == [
        "access log: 3 lines are missing: the disk was too slow",
        "WAF log: 2 lines are missing: the disk was too slow",
        "access log: 3 lines are missing: No space left on device",
    ]


def test_serve_writes_a_line_for_each_request_of_a_service(tmp_path: Path) -> None:
    config, log = tmp_path / "serve.yaml", tmp_path / "access.log"
    config.write_text("applications: {hello: {simulated: {}}}", encoding="utf-8")
    with serving(tmp_path / "state", "--config", str(config), "--access-log", str(log)) as served:
        assert Asked(served, tmp_path / "state").get("/seen").status == 200
        served.process.send_signal(signal.SIGINT)
        served.process.wait()
    (entry,) = (json.loads(line) for line in log.read_text(encoding="utf-8").splitlines())
    assert (entry["path"], entry["method"]) == ("/seen", "GET")
