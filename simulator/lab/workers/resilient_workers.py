"""Worker processes that survive the death of a worker: at most the unit of work that it had fails.

A worker may be killed from outside (the kernel kills processes when memory runs out) or by its own work. The death of
one breaks the whole pool of `concurrent.futures`: everything in progress is lost, without an indication of which unit
was the cause. So each unit that was in progress is played again, alone, in a new pool.
"""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from typing import Final

from simulator.lab.workers.worker_pool import PER_WORKER, EndsItself, Result, Unit, WorkerDied
from simulator.lab.workers.worker_processes import WorkerProcesses

TRIES_MAX: Final = 3  # a unit whose worker died this often is the likely cause


class ResilientWorkers(EndsItself):
    """A pool of worker processes. Its context manager ends them on an exception, together with their current work."""

    def __init__(self, workers: int, begin: Callable[[], object] | None = None) -> None:
        """Start the workers. Each worker, including replacements of dead ones, calls `begin` first."""
        self._workers = workers
        self._begin = begin
        self._pool = WorkerProcesses(workers, begin)

    def results(self, work: Callable[[Unit], Result], units: Iterable[Unit]) -> Iterator[tuple[Unit, Future[Result]]]:
        """Yield each unit with the completed future of `work(unit)`, in the order of completion.

        A future fails with the exception of `work`, or with WorkerDied. `units` is consumed a few units in advance.
        """
        waiting = iter(units)
        under_way: dict[Future[Result], Unit] = {}
        while True:
            broken = False
            for unit in itertools.islice(waiting, PER_WORKER * self._workers - len(under_way)):
                try:
                    under_way[self._pool.submit(work, unit)] = unit
                except BrokenProcessPool:  # a worker has died since the last submission
                    waiting = itertools.chain([unit], waiting)
                    broken = True
                    break
            if not under_way and not broken:
                return
            ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in ended:
                if _is_lost(future):
                    broken = True
                else:
                    yield under_way.pop(future), future
            if broken:
                self._renew()
                for future, unit in under_way.items():
                    yield unit, self._alone(work, unit) if _is_lost(future) else future
                under_way.clear()

    def _alone(self, work: Callable[[Unit], Result], unit: Unit) -> Future[Result]:
        """Run a unit that was in progress when a worker died, without others, to attribute a second death."""
        how = ""
        for _ in range(TRIES_MAX - 1):
            try:
                future = self._pool.submit(work, unit)
            except BrokenProcessPool:  # a worker died while it was idle
                self._renew()
                future = self._pool.submit(work, unit)
            processes = self._pool.processes
            wait([future])
            if not _is_lost(future):
                return future
            self._renew()
            how = next(filter(None, map(_end_of, processes)), how)
        failed: Future[Result] = Future()
        failed.set_exception(WorkerDied(f"its worker process died {TRIES_MAX} times{how}"))
        return failed

    def _renew(self) -> None:
        self._pool.shutdown(wait=True)
        self._pool = WorkerProcesses(self._workers, self._begin)

    def close(self) -> None:
        """Wait until the current work is done, then end the workers."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def abandon(self) -> None:
        """End the workers without waiting for their current work."""
        self._pool.abandon()


def _is_lost(future: Future[Result]) -> bool:
    return isinstance(future.exception(), BrokenProcessPool)


def _end_of(process: BaseProcess) -> str:
    """Describe how a joined process ended; empty if the pool itself terminated it."""
    code = process.exitcode
    if code is None or code in {0, -signal.SIGTERM}:
        return ""
    if code > 0:
        return f": it exited with {code}"
    name = signal.Signals(-code).name
    return f": it was killed by {name}" + ", as the kernel does when memory runs out" * (name == "SIGKILL")
