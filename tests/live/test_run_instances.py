"""`simulator run --clock real` with real applications: a container image, Flask under gunicorn, source code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from tests.builds.places import GitPlace, toolchains
from tests.live.arm_docker import left_behind
from tests.live.docker_images import changed_image
from tests.live.test_serving import APPLICATION
from tests.live.test_up_watch import config

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"


def played(folder: Path, scenario: str, *options: str) -> dict[str, Any]:
    """Return the report of a run that succeeded, including its checks. `scenario`: a name or a file."""
    out = folder / "report.json"
    command = [sys.executable, "-m", "simulator", "run", scenario, "--clock", "real", "--json", str(out), *options]
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
    """The shipped scenario with an image of the tests, since users have to build the image that it names."""
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


SOURCE_CODE = """
duration: 8s
services:
  shop:
    source: {repository: "https://github.com/example/shop"}
    health_check: {interval: 1s}
    policy: {name: app-runner, start_lag: 0s}
    application: {source_code: {folder: shop}}
traffic:
  - service: shop
    poisson: {rate: 20/s}
timeline:
  - at: 500ms
    deploy: {service: shop, application: {source_code: {folder: shop, branch: next}}}
operations: {time_profile: instant}
checks: [error_rate == 0]
"""


@pytest.mark.slow
def test_source_code_is_built_before_the_run_and_another_branch_of_it_is_deployed(tmp_path: Path) -> None:
    place = GitPlace(tmp_path / "shop", {"app.py": APPLICATION, "apprunner.yaml": config("version ONE")})
    place.git("checkout", "--quiet", "-b", "next")
    place.commit({"apprunner.yaml": config("version TWO")})
    place.git("checkout", "--quiet", "main")
    file = tmp_path / "scenario.yaml"
    file.write_text(SOURCE_CODE, encoding="utf-8")
    node = toolchains(tmp_path / "toolchains").paths["NODEJS_22"]
    report = played(tmp_path, str(file), "--toolchain", f"NODEJS_22={node}")
    assert report["requests"]["served"] > 10
    events = [event["line"] for event in report["services"][0]["events"]]
    assert "Deployment completed successfully." in events, events


def test_source_code_that_cannot_be_built_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    GitPlace(tmp_path / "shop", {"apprunner.yaml": config("absent", build="exit 3"), "app.py": APPLICATION})
    file = tmp_path / "scenario.yaml"
    file.write_text(SOURCE_CODE, encoding="utf-8")
    node = toolchains(tmp_path / "toolchains").paths["NODEJS_22"]
    options = ["run", str(file), "--clock", "real", "--state", str(tmp_path / "state")]
    done = CliRunner().invoke(app, [*options, "--toolchain", f"NODEJS_22={node}"])
    assert done.exit_code == 3, done.output
    reason = "an internal error stopped the run: "
    reason += "Failed to build your application source code. Reason: [Build] `exit 3` ended with exit code 3."
    assert reason in done.output
