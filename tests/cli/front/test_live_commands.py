"""`simulator why --live` and `simulator fault` with `simulator up`, and the choice between several simulators."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.api.admin import UP_FOLDER
from simulator.cli import app
from tests.cli.platform.test_serve import ok, serving

FILE = """
version: 1.0
runtime: python311
build: {{commands: {{build: ["true"]}}}}
run: {{command: {program} app.py}}
"""
APPLICATION = """
import http.server, os
http.server.HTTPServer(("0.0.0.0", int(os.environ["PORT"])), http.server.BaseHTTPRequestHandler).serve_forever()
"""


@contextlib.contextmanager
def up(folder: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """Run `simulator up` for a project with this name, and yield it once it serves."""
    project = folder / name
    project.mkdir()
    (project / "app.py").write_text(APPLICATION, encoding="utf-8")
    (project / "apprunner.yaml").write_text(FILE.format(program=sys.executable), encoding="utf-8")
    words = ("up", str(project), "--state", str(folder / "state"), "--near-versions", "--quiet")
    process = subprocess.Popen([sys.executable, "-m", "simulator", *words], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert any(line.startswith("https://") for line in process.stdout)
        yield process
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def rejection(*words: str) -> str:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2, done.output
    return done.output


@pytest.mark.slow
def test_why_and_fault_call_the_simulator_of_a_project(tmp_path: Path) -> None:
    state = tmp_path / "state"
    where = ("--state", str(state))
    abandoned = state / UP_FOLDER / "shop-4194304.json"  # larger than any process id
    abandoned.parent.mkdir(parents=True)
    abandoned.write_text("{}", encoding="utf-8")
    with up(tmp_path, "shop") as process:
        assert "the desired count of shop was 1 instance" in ok("why", "--live", *where)
        assert ok("fault", "begin", "wire_fault: {kind: status, status: 418}", *where) == (
            "fault 1: shop: status 418 for 100 % of the requests\n"
        )
        assert ok("fault", "list", *where, "--simulator", str(process.pid)).startswith("fault 1: shop")
        told = rejection("fault", "list", *where, "--simulator", "ship")
        assert "simulator = 'ship', must be one of shop\nhint: did you mean `shop`?" in told
        with serving(state):
            both = f"serve (process id {{}}), shop (process id {process.pid})"
            told = rejection("fault", "list", *where).replace("\n", " ")
            assert "simulator = none, must be one of those that run" in told
            assert both.partition("{}")[2] in told
            assert ok("fault", "list", *where, "--simulator", "serve") == ""
            assert ok("fault", "end", "all", *where, "--simulator", "shop") == "shop: no more status\n"
        assert [each.name for each in (state / UP_FOLDER).iterdir()] == [f"shop-{process.pid}.json"]
    assert list((state / UP_FOLDER).iterdir()) == []
    assert "no simulator runs with it" in rejection("why", "--live", *where)
    assert "simulator = 'shop', must come with --live" in rejection("why", "3s", "--simulator", "shop")
    assert (state / UP_FOLDER).stat().st_mode & 0o077 == 0
