"""`simulator run --clock real` with a mixed pool: a hundred instances, two of them real."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.test_run_real import APPLICATION

INSTANCES, REAL = 100, 2
SCENARIO = f"""
duration: 6s
services:
  web:
    max_concurrency: 4
    initial_size: {INSTANCES}
    max_size: {INSTANCES}
    health_check: {{protocol: HTTP, path: /health, interval: 1s}}
    policy: {{name: fixed, instances: {INSTANCES}}}
    stop_grace: 2s
    application:
      real_instances: {REAL}
      process: {{command: python first_look.py}}
traffic:
  - {{clock: {{rate: 300/s}}, requests: [{{path: "/?io_ms=100"}}]}}
checks:
  - error_rate == 0
"""


@pytest.mark.slow
def test_a_hundred_instances_answer_as_the_two_real_ones_do(tmp_path: Path) -> None:
    shutil.copy(APPLICATION, tmp_path)
    (tmp_path / "mixed.yaml").write_text(SCENARIO, encoding="utf-8")
    words = [sys.executable, "-m", "simulator", "run", "mixed.yaml", "--clock", "real", "--state", "state"]
    more = ["--json", "report.json", "--requests", "rows.csv"]
    done = subprocess.run([*words, *more], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    service = json.loads((tmp_path / "report.json").read_text())["services"][0]
    assert service["instances"]["ready_max"] == INSTANCES
    events = [event["line"] for event in service["events"]]
    assert any(line.endswith(f"instances beyond {REAL} are simulated") for line in events)
    head, *rows = (line.split(",") for line in (tmp_path / "rows.csv").read_text().splitlines())
    spent: dict[bool, list[float]] = {True: [], False: []}
    for row in rows:
        told = dict(zip(head, row, strict=True))
        spent[int(told["instance"]) <= REAL].append(float(told["service_s"]))
    assert len(spent[False]) > 10 * len(spent[True]) > 0, "traffic is shared alike by all instances"
    # Sampled from measurements; only the first requests wait for the first measurement, which does not affect a median.
    assert statistics.median(spent[False]) == pytest.approx(statistics.median(spent[True]), rel=0.25)


@pytest.mark.slow
def test_further_instances_run_the_model_of_the_scenario(tmp_path: Path) -> None:
    shutil.copy(APPLICATION, tmp_path)
    (tmp_path / "web.model.json").write_text(json.dumps({"application": {"simulated": {"io": "250ms"}}}))
    text = SCENARIO.replace(f"real_instances: {REAL}", f"real_instances: {REAL}\n      model: web.model.json")
    (tmp_path / "mixed.yaml").write_text(text, encoding="utf-8")
    words = [sys.executable, "-m", "simulator", "run", "mixed.yaml", "--clock", "real", "--state", "state"]
    done = subprocess.run(
        [*words, "--requests", "rows.csv"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    head, *rows = (line.split(",") for line in (tmp_path / "rows.csv").read_text().splitlines())
    spent = [
        float(told["service_s"]) for row in rows if int((told := dict(zip(head, row, strict=True)))["instance"]) > REAL
    ]
    assert statistics.median(spent) == pytest.approx(0.250, rel=0.1)  # the real ones take 100 ms
