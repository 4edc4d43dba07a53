"""`simulator run --clock real` as users see it: real TLS, real processes, curl from outside, Ctrl-C."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import shutil
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

SCENARIO = """
duration: DURATION
services:
  web:
    max_concurrency: 10
    max_size: 2
    health_check: {protocol: HTTP, path: /health, interval: 1s}
    policy: {name: app-runner, window: 2s, start_lag: 0s}
    stop_grace: 2s
    application:
      process: {command: python first_look.py}
traffic:
  - {clock: {rate: 20/s}, requests: [{path: "/?io_ms=20"}]}
checks:
  - error_rate == 0
  - p95 < 30 s
"""
APPLICATION = Path(__file__).parent.parent.parent / "scenarios" / "apps" / "first_look.py"


@contextlib.contextmanager
def running(folder: Path, duration: str, *more: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run in a separate process; yield it and the words of the curl command that it printed."""
    shutil.copy(APPLICATION, folder)
    path = folder / "live.yaml"
    path.write_text(SCENARIO.replace("DURATION", duration), encoding="utf-8")
    command = [sys.executable, "-m", "simulator", "run", str(path), "--clock", "real", "--state", str(folder / "state")]
    with subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        assert run.stdout is not None
        lines = iter(run.stdout.readline, "")
        curl = next(line.split() for line in lines if line.lstrip().startswith("curl "))
        try:
            yield run, curl
        finally:
            run.kill()


def asked(words: list[str], *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*words, "--silent", "--show-error", "--max-time", "10", *more], capture_output=True, text=True, check=False
    )


def test_curl_from_outside_gets_answers_while_it_runs(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    with running(tmp_path, "6s", "--json", str(out)) as (run, curl):
        answer = asked(curl, "--write-out", "%{http_code} %{ssl_verify_result}")
        assert answer.stdout.endswith("200 0"), answer.stderr
        stranger = re.sub(r"//\w+\.", "//stranger00.", curl[-1])
        elsewhere = asked([*curl[:-1], stranger], "--insecure", "--write-out", "%{http_code}")
        assert elsewhere.stdout == "404", elsewhere.stderr
        assert run.stdout is not None
        report_text = run.stdout.read()
        assert run.wait(timeout=60) == 0, report_text
    report = json.loads(out.read_text())
    assert report["run"]["clock"] == "real"
    assert report["requests"]["whole_run"]["requests"] == 120  # curl's requests are not the scenario's
    late = report["generator"]
    assert 0 <= late["late_p50_s"] <= late["late_p99_s"]  # whether the generator kept up depends on the machine
    assert late["late_max_s"] > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_cleanly_and_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path, "120s") as (run, curl):
        assert asked(curl).returncode == 0
        children = psutil.Process(run.pid).children(recursive=True)
        assert children, "the instance is a process"
        run.send_signal(number)
        assert run.stdout is not None
        rest = run.stdout.read()
        assert run.wait(timeout=60) == 130
    assert "Interrupted: the planned duration was" in rest
    _, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []


STREAMING = """
import http.server, os, time


class Streaming(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.flush()
        time.sleep(0.06)
        self.wfile.write(b"hello")


http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Streaming).serve_forever()
"""


@pytest.mark.case("L75")
def test_the_parts_of_a_streaming_answers_latency_add_up_to_it(tmp_path: Path) -> None:
    (tmp_path / "streaming.py").write_text(STREAMING, encoding="utf-8")
    path, out, rows = tmp_path / "live.yaml", tmp_path / "report.json", tmp_path / "rows.csv"
    text = SCENARIO.replace("DURATION", "3s").replace("first_look.py", "streaming.py").partition("checks:")[0]
    path.write_text(text.replace("health_check: {protocol: HTTP, path: /health, interval: 1s}", ""), encoding="utf-8")
    command = [sys.executable, "-m", "simulator", "run", str(path), "--clock", "real", "--json", str(out)]
    command += ["--requests", str(rows)]
    ran = subprocess.run(
        [*command, "--state", str(tmp_path / "state")], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    requests = json.loads(out.read_text(encoding="utf-8"))["services"][0]["requests"]
    parts = {name: requests[name]["mean_s"] for name in ("queue", "cold", "service", "client")}
    with rows.open(encoding="utf-8") as file:
        services_s = [float(row["service_s"]) for row in csv.DictReader(file)]
    # Not of each: if the head of a response was delayed by a stall of the machine, less of the body is left to wait
    # for.
    assert statistics.median(services_s) >= 0.06, "the body is the instance's work as well"
    # The platform's clock has a precision of a millisecond.
    assert sum(parts.values()) == pytest.approx(requests["latency"]["mean_s"], abs=0.001)
    assert "network and client" in ran.stdout
