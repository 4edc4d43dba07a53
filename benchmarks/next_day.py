"""Calibrates from one day of CloudWatch metrics, and counts the minutes of another day that hold in the band.

The service is simulated, so its truth is known. Its first day has the requests of the 1998 World Cup site, its second
those of a load balancer at AWS (NAB), both scaled; the platform's own objects play them and write the metrics that
CloudWatch would have. The calibration reads nothing but these metrics and the settings of the service.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from simulator.calibration.from_metrics.candidate_runs import MeteredService
from simulator.calibration.from_metrics.day_band import COVERED, day_bands
from simulator.calibration.from_metrics.metric_files import read_metrics
from simulator.calibration.from_metrics.metrics_model import CANDIDATES, calibrate_metrics
from simulator.calibration.model.scenario_text import parameter_text
from simulator.cli import app
from simulator.ingest.input_file import InputFile
from simulator.world.clock import wall_s

DATA = Path(__file__).parent.parent / "scenarios" / "data"
TARGET = 0.9
SETTINGS = MeteredService(max_concurrency=20, min_size=1, max_size=10)
SERVICE = """
    cpu: 1 vCPU
    memory: 2 GB
    max_concurrency: 20
    min_size: 1
    max_size: 10
    application:
      simulated:
        start_up: 3s
        cpu: {lognormal: {mean: 18ms, sd: 9ms}}
        io: {lognormal: {mean: 70ms, sd: 50ms}}
        workers: 8
"""
SEEDS = {"first": 7, "second": 11}
DAYS = {
    "first": "{file: FOLDER/worldcup98_1998-06-30_1min.csv, column: requests, bin: 1 min, arrivals: poisson}\n"
    "    scale: 0.025",
    "second": "{file: FOLDER/nab_aws_elb_request_count_5min.csv, column: value, bin: 5 min, arrivals: poisson}\n"
    "    scale: 60",
}


def metrics_of(day: str, number: int, hours: float, folder: Path) -> Path:
    """Play a day of the service; return the file with its CloudWatch metrics."""
    scenario, metrics = folder / f"{day}.yaml", folder / f"{day}.json"
    scenario.write_text(
        f"version: 1\nname: {day}\nseed: {number}\nduration: {hours}h\nservices:\n  shop:{SERVICE}"
        f"traffic:\n  - bins: {DAYS[day].replace('FOLDER', str(DATA))}\n",
        encoding="utf-8",
    )
    app(["run", str(scenario), "--quiet", "--cloudwatch-metrics", str(metrics)], standalone_mode=False)
    return metrics


def show(done: int, of_all: int) -> None:
    print(f"\r{done} of {of_all} runs", end="", flush=True)


def measure(hours: float, candidates: int, draws: int) -> bool:
    with tempfile.TemporaryDirectory() as name:
        first, second = (
            read_metrics([InputFile(metrics_of(day, number, hours, Path(name)))]) for day, number in SEEDS.items()
        )
    begin_s = wall_s()
    model = calibrate_metrics(first, SETTINGS, "shop", candidates=candidates, tell=show)
    print(f"\rcalibrated in {wall_s() - begin_s:.0f} s; {len(model.members)} different members")
    for parameter in model.parameters:
        print(f"  {parameter_text(parameter)}")
    for sentence in (*model.unknown, *model.warnings):
        print(f"  {sentence}")
    begin_s = wall_s()
    bands = day_bands(model, first, second, SETTINGS, draws=draws, tell=show)
    print(
        f"\rbands of {COVERED:.0%} in {wall_s() - begin_s:.0f} s, {draws} draws; load average {os.getloadavg()[0]:.1f}"
    )
    for band in bands:
        share = f"{band.held:.1%} of {band.judged} minutes of the second day"
        print(f"  {band.name:<14} {share}; widened x {band.widened:.3f}")
    return all(band.held >= TARGET for band in bands)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24, help="length of both days")
    parser.add_argument("--candidates", type=int, default=CANDIDATES)
    parser.add_argument("--draws", type=int, default=20)
    given = parser.parse_args()
    raise SystemExit(0 if measure(given.hours, given.candidates, given.draws) else 1)
