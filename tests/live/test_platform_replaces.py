"""`simulator run --clock real`: the platform replaces processes and containers, and a zone takes some of them."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.live.arm_docker import left_behind
from tests.live.docker_images import changed_image
from tests.live.test_run_instances import played

PROGRAM = """
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""
TEXT = """
duration: 40s
zones: 2
services:
  web:
    min_size: 2
    max_size: 3
    policy: {{name: app-runner, start_lag: 0s}}
    application: {application}
traffic:
  - {{clock: {{rate: 10/s}}}}
timeline:
  - {{at: 1s, recycle: {{}}}}
  - {{at: 30s, zone_loss: {{zone: a}}}}
"""


def judge(report: dict[str, Any]) -> None:
    """Nothing fails because of the recycle, and after the loss the instances of the other zone serve."""
    [service] = report["services"]
    moves = service["instance_events"]
    why = {move["instance"]: move["why"] for move in moves if move["after"] == "draining"}
    assert {number: why.get(number) for number in (1, 2)} == dict.fromkeys((1, 2), "recycled by the platform")
    lost = [move["zone"] for move in moves if move["why"] == "Availability Zone a is lost"]
    assert set(lost) == {"a"}
    placed = Counter(move["zone"] for move in moves if move["after"] == "starting" and move["at_s"] > 30)
    assert set(placed) == {"b"}
    series = service["series"]
    before = int(29 / series["width_s"])
    assert sum(series["failed"][:before]) == sum(series["rejected"][:before]) == 0


@pytest.mark.slow
def test_processes_are_replaced_one_by_one_and_lost_with_their_zone(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    command = shlex.join([sys.executable, str(program)])
    file = tmp_path / "scenario.yaml"
    file.write_text(TEXT.format(application=f"{{process: {{command: {command}}}}}"), encoding="utf-8")
    judge(played(tmp_path, str(file)))


@pytest.mark.slow
def test_containers_are_replaced_one_by_one_and_lost_with_their_zone(tmp_path: Path) -> None:
    image = changed_image('CMD ["/usr/bin/python", "-I", "-S", "/app/first_look.py"]')
    file = tmp_path / "scenario.yaml"
    file.write_text(TEXT.format(application=f"{{container: {{image: {image}}}}}"), encoding="utf-8")
    judge(played(tmp_path, str(file)))
    assert left_behind() == ""
