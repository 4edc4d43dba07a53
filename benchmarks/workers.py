"""Plays a sweep, a comparison and a tuning one run after another, on two processes, and on two Dask workers.

    python -m benchmarks.workers [--scale S] [--only sweep,compare,tune]

The start of the workers and the compilation of kernels are excluded: a cluster exists before its work, and a worker
plays many runs. Results must be equal: the rows of the sweep, the comparison, and the choice of the tuning with its
number of runs and its cost. `--scale` multiplies the number of runs.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import distributed

from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.compare import Plan, compare
from simulator.lab.sweep.grid import Axis
from simulator.lab.sweep.sweep import Sweep
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.slo import parse_slo
from simulator.lab.tune.tune import tune
from simulator.lab.workers.dask_workers import DaskWorkers
from simulator.lab.workers.in_turn import InTurn
from simulator.lab.workers.local_workers import LocalWorkers
from simulator.lab.workers.worker_pool import WorkerPool
from simulator.world.clock import wall_s

WORKERS: Final = 2
SCENARIO: Final = """
duration: {duration}
services:
  web:
    max_size: 10
    application: {{simulated: {{start_up: 2s, cpu: {{exponential: 20ms}}, io: 50ms}}}}
traffic: [{{poisson: {{rate: 40/s}}}}]
"""
Work = Callable[[WorkerPool], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", default="sweep,compare,tune")
    given = parser.parse_args()
    logging.getLogger("distributed").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as made, dask_cluster(Path(made)) as address:
        folder = Path(made)
        works: dict[str, Work] = {
            "sweep": swept(folder, given.scale),
            "compare": compared(folder, given.scale),
            "tune": tuned(folder, given.scale),
        }
        warms = {"sweep": swept(folder, 0.1), "compare": compared(folder, 0.1), "tune": tuned(folder, 0.1)}
        print(f"{'':<10}{'':<22}{'seconds':>10}{'speed':>9}  same result")
        for name in given.only.split(","):
            tell(name, works[name], warms[name], address)


def tell(name: str, work: Work, warm: Work, address: str) -> None:
    serial_s, serial = 0.0, None
    pools: dict[str, Callable[[], WorkerPool]] = {
        "one after another": InTurn,
        "two processes": lambda: LocalWorkers(WORKERS),
        "two Dask workers": lambda: DaskWorkers(address),
    }
    for kind, opened in pools.items():
        with opened() as pool:
            warm(pool)
            began_s = wall_s()
            result = work(pool)
            took_s = wall_s() - began_s
        if serial is None:
            serial_s, serial = took_s, result
        print(f"{name:<10}{kind:<22}{took_s:>10.2f}{serial_s / took_s:>8.2f}x  {result == serial}", flush=True)


def swept(folder: Path, scale: float) -> Work:
    file = scenario_file(folder, "sweep", "10 min")
    axes = [Axis("max_concurrency", tuple(range(5, 5 + max(1, round(40 * scale))))), Axis("min_size", (1, 2, 3, 4, 5))]

    def work(pool: WorkerPool) -> Any:
        plan = Sweep(file, axes, [1], folder / "sweep.csv")
        rows = plan.run(pool)
        plan.forget()
        return rows

    return work


def compared(folder: Path, scale: float) -> Work:
    names = ("configured", "knative", "hpa", "target-tracking", "keda")
    plan = Plan(
        [scenario_file(folder, "compare", "1 h")],
        candidates_of(names, (), {}),
        names[0],
        seeds=max(1, round(20 * scale)),
    )
    return lambda pool: compare(plan, pool)


def tuned(folder: Path, scale: float) -> Work:
    plan = TunePlan(
        [scenario_file(folder, "tune", "1 h")],
        parse_slo("p95 < 150 ms, error_rate < 0.1 %"),
        vary=["max_concurrency=1..40", "min_size=1..10", "max_size=5..12"],
        runs_max=max(60, round(600 * scale)),
        explain=False,
    )

    def work(pool: WorkerPool) -> Any:
        result = tune(plan, pool)
        return result.choice, result.runner_up, result.played.runs

    return work


def scenario_file(folder: Path, name: str, duration: str) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(SCENARIO.format(duration=duration), encoding="utf-8")
    return file


@contextlib.contextmanager
def dask_cluster(folder: Path) -> Iterator[str]:
    """Start a scheduler and two workers as their commands do, and return the scheduler's address."""
    options = ["--host", "127.0.0.1", "--no-dashboard"]
    with distributed.LocalCluster(n_workers=0, dashboard_address=None, host="127.0.0.1") as scheduler:
        address: str = scheduler.scheduler_address
        command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", *options]
        with contextlib.ExitStack() as stack:
            for number in range(WORKERS):
                stack.callback(ended, started([*command, "--local-directory", str(folder / f"worker{number}")]))
            with distributed.Client(address, set_as_default=False) as client:
                client.wait_for_workers(WORKERS)
            yield address


def started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


if __name__ == "__main__":
    main()
