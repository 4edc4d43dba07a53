"""Measures the time of each shipped scenario in virtual time, from file to report: `python -m benchmarks.scenarios`."""

from __future__ import annotations

import time
from pathlib import Path

from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.scenario.scenario import load_scenario
from simulator.scenario.shipped import shipped_scenarios
from simulator.world.clock import wall_s

TARGET_S = 10.0  # seconds; a new user waits for the command


def main() -> None:
    print(f"{'scenario':24} {'wall s':>7} {'CPU s':>7} {'requests':>9} {'requests/CPU s':>14} {'time x':>8}")
    for name, path in shipped_scenarios().items():
        print(_row(name, path))


def _row(name: str, path: Path) -> str:
    began_s, began_cpu_s = wall_s(), time.process_time()
    report = build_report(play(Run(load_scenario(path))))
    took_s, took_cpu_s = wall_s() - began_s, time.process_time() - began_cpu_s
    requests = report.requests.whole_run.requests
    verdict = "" if took_s < TARGET_S else f"  above the target of {TARGET_S:g} s"
    return (
        f"{name:24} {took_s:7.2f} {took_cpu_s:7.2f} {requests:9,d} {requests / took_cpu_s:14,.0f} "
        f"{report.run.ended_s / took_s:8,.0f}{verdict}"
    )


if __name__ == "__main__":
    main()
