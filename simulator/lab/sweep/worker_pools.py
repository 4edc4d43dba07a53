"""Worker pools that play the points of a sweep: processes of this machine, or the workers of a Dask cluster.

Both keep few points in progress, so a million of them need no memory, and both survive their workers: the point that
a crashed worker was playing is played again elsewhere.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any, Final, Protocol

from simulator.lab.sweep.grid import GridPoint
from simulator.lab.sweep.point_run import Row
from simulator.lab.worker_processes import WorkerProcesses

PER_WORKER: Final = 4  # points in progress or queued per worker, so that none waits for the master
TRIES_MAX: Final = 3  # a point whose worker crashed this often is the likely cause

Play = Callable[[str, GridPoint], Row]


class WorkerPool(Protocol):
    """Plays points in any order."""

    def rows(self, play: Play, file: str, points: Iterable[GridPoint]) -> Iterator[tuple[GridPoint, Row]]:
        """Yield each point with the result of `play(file, point)`, in the order of completion."""

    def close(self) -> None: ...


class ProcessWorkerPool:
    """Worker processes of this machine, started as fresh interpreters: no copied state, on every operating system."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = self._new_pool()

    def rows(self, play: Play, file: str, points: Iterable[GridPoint]) -> Iterator[tuple[GridPoint, Row]]:
        waiting = iter(points)
        under_way: dict[Future[Row], GridPoint] = {}
        suspects: list[GridPoint] = []

        def fill() -> None:
            for point in islice(waiting, PER_WORKER * self._workers - len(under_way)):
                under_way[self._pool.submit(play, file, point)] = point

        fill()
        while under_way:
            ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in ended:
                if isinstance(future.exception(), BrokenProcessPool):
                    suspects.append(under_way.pop(future))
                else:
                    yield under_way.pop(future), _row(future)
            if suspects:  # one crash breaks the whole pool: all points in progress are lost with it
                self._renew()
                suspects += under_way.values()
                under_way.clear()
                for point in suspects:
                    yield point, self._alone(play, file, point)
                suspects.clear()
            fill()

    def _alone(self, play: Play, file: str, point: GridPoint) -> Row:
        """Play a point that was in progress when a worker crashed, without others: a further crash is its own."""
        for _ in range(TRIES_MAX - 1):
            future = self._pool.submit(play, file, point)
            wait([future])
            if not isinstance(future.exception(), BrokenProcessPool):
                return _row(future)
            self._renew()
        return {"error": f"its worker process crashed {TRIES_MAX} times"}

    def _renew(self) -> None:
        self._pool.shutdown(wait=True)
        self._pool = self._new_pool()

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def abandon(self) -> None:
        """Close the pool without waiting for points in progress."""
        self._pool.abandon()

    def _new_pool(self) -> WorkerProcesses:
        return WorkerProcesses(self._workers)


class DaskWorkerPool:
    """The workers of a Dask cluster. They read the scenario file themselves, at the same path."""

    def __init__(self, scheduler: str) -> None:
        """Connect to the scheduler at an address such as `tcp://host:port`.

        Raises:
            ImportError: if dask.distributed is not installed.
            OSError: if no scheduler answers there.
        """
        self._distributed: Any = importlib.import_module("distributed")  # an extra; a sweep on one machine needs none
        self._client: Any = self._distributed.Client(scheduler, set_as_default=False, timeout=10)

    @property
    def workers(self) -> int:
        return max(1, len(self._client.scheduler_info(n_workers=-1)["workers"]))

    def rows(self, play: Play, file: str, points: Iterable[GridPoint]) -> Iterator[tuple[GridPoint, Row]]:
        waiting = iter(points)
        under_way: dict[str, GridPoint] = {}

        def submit(point: GridPoint) -> Any:
            future = self._client.submit(play, file, point, pure=False, retries=TRIES_MAX - 1)
            under_way[future.key] = point
            return future

        first = [submit(point) for point in islice(waiting, PER_WORKER * self.workers)]
        ended = self._distributed.as_completed(first, loop=self._client.loop)
        for future in ended:
            yield under_way.pop(future.key), _row(future)
            # Submit one point for the one that ended, and more if workers have joined; there may be no worker at this
            # moment.
            for point in islice(waiting, max(1, PER_WORKER * self.workers - len(under_way))):
                ended.add(submit(point))

    def close(self) -> None:
        self._client.close()

    def abandon(self) -> None:
        self._client.close()


def _row(future: Any) -> Row:
    """Return the worker's result, or the error that prevented it; `play` itself never raises."""
    error = future.exception()
    if error is None:
        row: Row = future.result()
        return row
    return {"error": f"{type(error).__name__}: {error}"}
