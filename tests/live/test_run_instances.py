"""`simulator run --clock real` on what users have: a container image, and a Flask application under gunicorn."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.live.arm_docker import left_behind
from tests.live.docker_images import changed_image

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"


def played(folder: Path, scenario: str) -> dict[str, Any]:
    """The report of a run that ended well, its checks included. `scenario`: a name or a file."""
    out = folder / "report.json"
    command = [sys.executable, "-m", "simulator", "run", scenario, "--clock", "real", "--json", str(out)]
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
    """The shipped scenario with an image of the tests; the one that it names is the user's to build."""
    image = changed_image('CMD ["/usr/bin/python", "-I", "-S", "/app/first_look.py"]')
    text = (SCENARIOS / "container.yaml").read_text(encoding="utf-8")
    assert "image: apprunner-first-look:1\n" in text
    file = tmp_path / "container.yaml"
    file.write_text(text.replace("image: apprunner-first-look:1\n", f"image: {image}\n"), encoding="utf-8")
    report = played(tmp_path, str(file))
    assert_one_to_many_to_one(report)
    events = [event["line"] for event in report["services"][0]["events"]]
    assert any(line.startswith("CPU and memory limits: the engine's") for line in events)
    assert left_behind() == ""


@pytest.mark.slow
def test_flask_under_gunicorn_scales_from_one_to_three_to_one(tmp_path: Path) -> None:
    assert_one_to_many_to_one(played(tmp_path, "flask-gunicorn"))
