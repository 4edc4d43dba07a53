"""Compares the peak memory of a short run with that of a run a hundred times as long: `python -m benchmarks.memory`.

Each run is a process of its own, from the scenario to the finished report. The peak is the kernel's VmHWM (Linux): the
largest resident set since the process was started, so that the parent is excluded.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

SHORT_REQUESTS = 10_000
LONG_REQUESTS = 1_000_000
TARGET_MB = 50.0
KB_PER_MB = 1024.0

RATE_RPS = 200.0

# A platform in which everything grows that can grow: instances start and end with the oscillation of the traffic, some
# requests are rejected, and all events are recorded. The oscillation begins at its mean, so a short run has the rate of
# a long one.
SCENARIO = """
duration: {duration_s}s
services:
  web:
    max_concurrency: 10
    max_size: 10
    policy: app-runner
    application: {{simulated: {{start_up: 2s, cpu: {{exponential: 10ms}}, io: {{exponential: 90ms}}}}}}
traffic:
  - sine: {{low: 50/s, high: 350/s, period: 20 min, peak_at: 5 min}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, help="play one run of about so many in this process and print its peak")
    requests = parser.parse_args().requests
    if requests is None:
        _compare()
    else:
        print(*_played(requests))


def _compare() -> None:
    peaks_mb = []
    for requests in (SHORT_REQUESTS, LONG_REQUESTS):
        command = [sys.executable, "-m", "benchmarks.memory", "--requests", str(requests)]
        answer = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.split()
        played, peak_mb = int(answer[0]), float(answer[1])
        print(f"{played:10,d} requests: peak {peak_mb:6.1f} MB")
        peaks_mb.append(peak_mb)
    grown_mb = peaks_mb[1] - peaks_mb[0]
    print(f"difference {grown_mb:.1f} MB   target {TARGET_MB:g}: {'reached' if grown_mb <= TARGET_MB else 'MISSED'}")


def _played(requests: int) -> tuple[int, float]:
    """Return the requests played and the peak memory of this process in MB.

    It imports the platform, which the parent does not need.
    """
    from simulator.replay.runner import Run, play  # noqa: PLC0415
    from simulator.report.report import build_report  # noqa: PLC0415
    from simulator.report.serialization import report_json  # noqa: PLC0415
    from simulator.scenario.scenario import read_scenario  # noqa: PLC0415

    report = build_report(play(Run(read_scenario(SCENARIO.format(duration_s=requests / RATE_RPS)))))
    assert report_json(report)
    return report.requests.whole_run.requests, _peak_mb()


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / KB_PER_MB


if __name__ == "__main__":
    main()
