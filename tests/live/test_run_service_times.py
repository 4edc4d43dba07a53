"""`simulator run --clock real` of a mixed pool and a simulated application: measured beside modelled times."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.live.test_run_real import APPLICATION

REAL = 1
SCENARIO = """
duration: 8s
warm_up: 1s
services:
  web:
    max_concurrency: 4
    initial_size: 3
    max_size: 3
    health_check: {protocol: HTTP, path: /health, interval: 1s}
    policy: {name: fixed, instances: 3}
    balancing: random
    stop_grace: 2s
    application:
      real_instances: 1
      process: {command: python first_look.py}
      simulated: {io: 20ms}  # the requests wait for 100 ms
traffic:
  - {poisson: {rate: 60/s}, requests: [{path: "/?io_ms=100"}]}
"""


@pytest.mark.slow
def test_the_report_has_the_times_of_real_instances_beside_those_of_the_file(tmp_path: Path) -> None:
    shutil.copy(APPLICATION, tmp_path)
    (tmp_path / "mixed.yaml").write_text(SCENARIO, encoding="utf-8")
    words = [sys.executable, "-m", "simulator", "run", "mixed.yaml", "--clock", "real", "--state", "state"]
    more = ["--json", "report.json", "--requests", "rows.csv", "--measured-service-time", "measured.yaml"]
    done = subprocess.run([*words, *more], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    (route,) = report["service_times"]["routes"]
    with (tmp_path / "rows.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["status"] == "200" and row["warm_up"] == "0"]
    times_s = np.array([float(row["service_s"]) for row in rows if int(row["instance"]) <= REAL])
    assert 0 < len(times_s) < len(rows)
    measured = route["measured"]
    assert measured["requests"] == len(times_s)
    assert measured["mean_s"] == pytest.approx(float(times_s.mean()), rel=1e-4)
    for name, quantile in (("p50_s", 0.5), ("p95_s", 0.95)):
        exact_s = float(np.quantile(times_s, quantile, method="inverted_cdf"))
        assert measured[name] == pytest.approx(exact_s, rel=0.005)
    assert route["modelled"]["p50_s"] == pytest.approx(0.02)
    assert route["differs"] == ["p50", "p95", "mean"]
    assert "Simulated instances answer too fast in virtual time" in " ".join(done.stdout.split())
    assert "with measured services.web.application.simulated.io" in done.stderr
    again = subprocess.run(
        [*words[:4], "measured.yaml", "--json", "again.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    virtual = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))["requests"]["service"]
    assert virtual["p50_s"] == route["corrected"]["p50_s"]
    why = subprocess.run(
        [*words[:3], "why", "5s", "report.json"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert "web: Measured service time of real instances: median" in why.stdout
