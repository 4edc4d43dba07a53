"""Opens the worker pool that a command's options name."""

from __future__ import annotations

import os

from simulator.lab.workers.dask_workers import DaskWorkers
from simulator.lab.workers.in_turn import InTurn
from simulator.lab.workers.local_workers import LocalWorkers
from simulator.lab.workers.worker_pool import WorkerPool


def worker_pool(workers: int = 0, scheduler: str | None = None, units: int | None = None) -> WorkerPool:
    """Return a pool of `workers` processes of this machine; 0 is one for each core, 1 is this process itself.

    `scheduler`: the address of a Dask scheduler, whose workers are used instead. `units`: the number of units, if it is
    known; more processes than units are not started.

    Raises:
        ImportError: if there is a scheduler and dask.distributed is not installed.
        OSError: if no scheduler answers there.
    """
    if scheduler is not None:
        return DaskWorkers(scheduler)
    count = workers or os.cpu_count() or 1
    if units is not None:
        count = max(1, min(count, units))
    return InTurn() if count == 1 else LocalWorkers(count)
