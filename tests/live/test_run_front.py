"""Options of the load balancer as users see them: access log, profile, faults, with real processes and sockets."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from simulator.cli import app

RUN = CliRunner()
APPLICATION = Path(__file__).parent.parent.parent / "scenarios" / "apps" / "first_look.py"
SCENARIO = """
duration: 4s
services:
  web:
    max_concurrency: 200
    max_size: 1
    health_check: {protocol: HTTP, path: /health, interval: 1s}
    stop_grace: 2s
    application:
      process: {command: python first_look.py}
traffic:
  - {clock: {rate: 20/s}, requests: [{path: "/?io_ms=5"}]}
timeline:
  - {at: 1s, wire_fault: {kind: reset, share: 50 %, for: 1s}}
  - {at: 2s, wire_fault: {kind: latency, delay: 300ms, for: 60s}}
"""


def run(folder: Path, *options: str) -> str:
    shutil.copy(APPLICATION, folder)
    path = folder / "live.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    done = RUN.invoke(app, ["run", str(path), "--clock", "real", "--state", str(folder / "state"), *options])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_access_log_has_every_request_and_its_connection_faults(tmp_path: Path) -> None:
    log, report = tmp_path / "access.log", tmp_path / "report.json"
    run(tmp_path, "--access-log", str(log), "--json", str(report))
    lines: list[dict[str, Any]] = [json.loads(line) for line in log.read_text().splitlines()]
    cut = [line for line in lines if line["cause"] == "reset on the wire"]
    # Half of 20 requests are hit: 10, standard deviation 2.2. The load repeats a request that was cut once, and it may
    # be hit again.
    assert 3 <= len(cut) <= 25
    late = [(line["upstream_ms"] or 0) >= 300 for line in sorted(lines, key=lambda line: str(line["time"]))]
    # All requests from 2 s on, so those of the last half second are included even if the machine stalls when the fault
    # begins.
    assert all(late[-10:])
    assert not all(late)
    served = [line for line in lines if line["status"] == 200 and not line["cause"]]
    assert len(served) == len(lines) - len(cut)
    assert 80 <= len(lines) <= 80 + len(cut)
    assert {(line["method"], line["path"], line["instance"]) for line in served} == {("GET", "/?io_ms=5", 1)}
    statuses = json.loads(report.read_text())["requests"]["by_status"]
    assert statuses["200"] == len(served)


def test_the_access_log_can_have_envoys_format(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    run(tmp_path, "--access-log", str(log), "--access-log-format", "envoy", "--profile", "plain")
    lines = log.read_text().splitlines()
    assert len(lines) >= 80
    assert '"GET /?io_ms=5 HTTP/1.1" 200 - 0 ' in lines[0]
    assert '"127.0.0.1:' in lines[0]


def test_an_access_log_in_virtual_time_is_bad_input(tmp_path: Path) -> None:
    done = RUN.invoke(app, ["run", "first-look", "--access-log", str(tmp_path / "access.log")])
    assert done.exit_code == 2
    assert "access-log = given, must be left out in virtual time" in done.stderr


def test_an_access_log_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    done = RUN.invoke(app, ["run", "first-look", "--clock", "real", "--access-log", str(tmp_path / "no" / "log")])
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr
