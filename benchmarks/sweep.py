"""Compares a sweep of 200 points on a Dask cluster of two local workers with the same points one after another.

    python -m benchmarks.sweep [POINTS]

The start of the cluster is excluded, because a cluster exists before a sweep; the results are compared row by row.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

import distributed

from simulator.lab.sweep.grid import Axis, GridPoint
from simulator.lab.sweep.point_run import Row, play_point
from simulator.lab.sweep.sweep import Sweep
from simulator.lab.workers.dask_workers import DaskWorkers
from simulator.lab.workers.in_turn import InTurn
from simulator.lab.workers.local_workers import LocalWorkers
from simulator.lab.workers.worker_pool import WorkerPool
from simulator.scenario.scenario import ScenarioText
from simulator.world.clock import wall_s

SCENARIO = """
duration: 10 min
services:
  web:
    max_size: 10
    application: {simulated: {start_up: 2s, cpu: {exponential: 20ms}, io: 50ms}}
traffic: [{poisson: {rate: 40/s}}]
"""


def main() -> None:
    logging.getLogger("distributed").setLevel(logging.ERROR)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sweep.yaml"
        file.write_text(SCENARIO, encoding="utf-8")
        axes = [Axis("max_concurrency", tuple(range(5, 5 + count // 5))), Axis("min_size", (1, 2, 3, 4, 5))]
        two = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}
        with distributed.LocalCluster(**two) as cluster:
            given: list[tuple[str, float, list[Row]]] = []
            pools: dict[str, WorkerPool] = {
                "one after the other": InTurn(),
                "two Dask workers": DaskWorkers(cluster.scheduler_address),
                "two processes": LocalWorkers(2),
            }
            for name, pool in pools.items():
                plan = Sweep(file, axes, [1], Path(folder) / f"{len(given)}.csv")
                list(
                    pool.results(play_point, ScenarioText.of(file), [GridPoint(number, (), 1) for number in range(2)])
                )  # so that imports are done
                began = wall_s()
                rows = plan.run(pool)
                given.append((name, wall_s() - began, rows))
                pool.close()
    _, serial_s, serial_rows = given[0]
    print(f"{'':<22}{'points':>8}{'seconds':>10}{'speed':>8}  same rows")
    for name, took_s, rows in given:
        print(f"{name:<22}{len(rows):>8}{took_s:>10.2f}{serial_s / took_s:>7.2f}x  {rows == serial_rows}")


if __name__ == "__main__":
    main()
