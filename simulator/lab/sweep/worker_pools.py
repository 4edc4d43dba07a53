"""Worker pools that play the points of a sweep: processes of this machine, or the workers of a Dask cluster.

Both keep few points in progress, so memory does not grow with the grid, and both survive the death of workers: the
point of a crashed worker is played again by another one.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

from simulator.lab.resilient_workers import PER_WORKER, TRIES_MAX, ResilientWorkers, WorkerDied
from simulator.lab.sweep.grid import GridPoint
from simulator.lab.sweep.point_run import Row
from simulator.scenario.scenario import ScenarioText

Play = Callable[[ScenarioText, GridPoint], Row]


class WorkerPool(Protocol):
    """Plays points in any order."""

    def rows(self, play: Play, source: ScenarioText, points: Iterable[GridPoint]) -> Iterator[tuple[GridPoint, Row]]:
        """Yield each point with the result of `play(source, point)`, in the order of completion."""

    def close(self) -> None: ...


class ProcessWorkerPool:
    """Worker processes of this machine: newly started interpreters without copied state, on every operating system."""

    def __init__(self, workers: int) -> None:
        self._workers = ResilientWorkers(workers)

    def rows(self, play: Play, source: ScenarioText, points: Iterable[GridPoint]) -> Iterator[tuple[GridPoint, Row]]:
        for point, future in self._workers.results(functools.partial(play, source), points):
            yield point, _row(future)

    def close(self) -> None:
        self._workers.close()

    def abandon(self) -> None:
        """Close the pool without waiting for points in progress."""
        self._workers.abandon()


class DaskWorkerPool:
    """The workers of a Dask cluster. Recordings that the scenario names must have the same path there."""

    def __init__(self, scheduler: str) -> None:
        """Connect to the scheduler at an address such as `tcp://host:port`.

        Raises:
            ImportError: if dask.distributed is not installed.
            OSError: if no scheduler answers there.
        """
        # an extra; a sweep on one machine does not need it
        self._distributed: Any = importlib.import_module("distributed")
        self._client: Any = self._distributed.Client(scheduler, set_as_default=False, timeout=10)

    @property
    def workers(self) -> int:
        return max(1, len(self._client.scheduler_info(n_workers=-1)["workers"]))

    def rows(self, play: Play, source: ScenarioText, points: Iterable[GridPoint]) -> Iterator[tuple[GridPoint, Row]]:
        waiting = iter(points)
        under_way: dict[str, GridPoint] = {}

        def submit(point: GridPoint) -> Any:
            future = self._client.submit(play, source, point, pure=False, retries=TRIES_MAX - 1)
            under_way[future.key] = point
            return future

        first = [submit(point) for point in islice(waiting, PER_WORKER * self.workers)]
        ended = self._distributed.as_completed(first, loop=self._client.loop)
        for future in ended:
            yield under_way.pop(future.key), _row(future)
            # Submit a point for each one that ended, and more if workers have joined; at times there may be no worker
            # at all.
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
    return {"error": str(error) if isinstance(error, WorkerDied) else f"{type(error).__name__}: {error}"}
