"""`simulator run --clock real` on what users have: a container image, and a Flask application under gunicorn."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.live.arm_docker import left_behind
from tests.live.docker_images import python_image

SCENARIO = """
duration: 26s
services:
  web:
    cpu: 0.25 vCPU
    memory: 0.5 GB
    max_concurrency: 5
    min_size: 1
    max_size: 3
    health_check: {protocol: HTTP, path: /health, interval: 1s, timeout: 2s}
    policy: {name: app-runner, window: 2s, start_lag: 0s, scale_in_delay: 2s, idle_after: 3s}
    idle_after: 3s
    drain_timeout: 3s
    stop_grace: 3s
    throttling: THROTTLING
    application: APPLICATION
traffic:
  - clock: {rate: 4/s}
    requests: [{path: "/?io_ms=100"}]
  - clock: {rate: 90/s}
    from: 4s
    until: 14s
    requests: [{path: "/?io_ms=100"}]
checks:
  - status_5xx == 0
"""

FLASK = """
import time
from flask import Flask, request
app = Flask(__name__)
@app.get("/")
def index():
    time.sleep(int(request.args["io_ms"]) / 1000)
    return "well"
@app.get("/health")
def health():
    return "well"
"""


def played(folder: Path, application: str, throttling: str) -> dict[str, Any]:
    """The report of a run that ended well."""
    file, out = folder / "instances.yaml", folder / "report.json"
    text = SCENARIO.replace("APPLICATION", application).replace("THROTTLING", throttling)
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "simulator", "run", str(file), "--clock", "real", "--json", str(out)]
    done = subprocess.run(
        [*command, "--state", str(folder / "state")], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(out.read_text())
    return told


def assert_one_to_many_to_one(report: dict[str, Any]) -> None:
    service = report["services"][0]
    assert [decision["desired"] for decision in service["decisions"]][-1] == 1
    assert service["instances"]["ready_max"] == 3
    assert service["series"]["ready"][0] == 1
    assert service["series"]["ready"][-1] == 1
    assert report["requests"]["served"] > 500


@pytest.mark.slow
def test_containers_scale_from_one_to_three_to_one(tmp_path: Path) -> None:
    command = "python -I -S /app/first_look.py"
    application = f"{{container: {{image: '{python_image()}', command: {command}, environment: {{HOST: 0.0.0.0}}}}}}"
    report = played(tmp_path, application, "share")
    assert_one_to_many_to_one(report)
    events = [event["line"] for event in report["services"][0]["events"]]
    assert any(line.startswith("CPU and memory limits: the engine's") for line in events)
    assert left_behind() == ""


@pytest.mark.slow
def test_flask_under_gunicorn_scales_from_one_to_three_to_one(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(FLASK, encoding="utf-8")
    words = [sys.executable, "-m", "gunicorn", "shop:app", "--threads", "8", "--bind", "$HOST:$PORT"]
    shell = ["sh", "-c", "exec " + " ".join(words)]
    report = played(tmp_path, f"{{process: {{command: {json.dumps(shell)}}}}}", "freeze")
    assert_one_to_many_to_one(report)
