"""The worker pool of this machine: newly started interpreters without copied state, on every operating system."""

from __future__ import annotations

import functools
import hashlib
import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final

from simulator.lab.workers.resilient_workers import ResilientWorkers
from simulator.lab.workers.worker_pool import EndsItself, Result, Shared, Unit

SHARED_KEPT_MAX: Final = 4  # shared values that a worker keeps: a search alternates between few


class LocalWorkers(EndsItself):
    """Implements WorkerPool with processes. The shared value is in a file, which each of them reads once."""

    def __init__(self, workers: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="simulator-workers-")
        self._pool = ResilientWorkers(workers)
        self.workers: Final = workers

    def results(
        self,
        work: Callable[[Shared, Unit], Result],
        shared: Shared,
        units: Iterable[Unit],
        files: Sequence[Path] = (),  # noqa: ARG002 they are on this machine
    ) -> Iterator[tuple[Unit, Future[Result]]]:
        content = pickle.dumps(shared, pickle.HIGHEST_PROTOCOL)
        file = Path(self._folder.name) / f"{hashlib.sha256(content).hexdigest()}.pickle"  # an equal value is kept
        file.write_bytes(content)
        yield from self._pool.results(functools.partial(_done, work, file), units)

    def close(self) -> None:
        self._pool.close()
        self._folder.cleanup()

    def abandon(self) -> None:
        self._pool.abandon()
        self._folder.cleanup()


def _done(work: Callable[[Any, Unit], Result], file: Path, unit: Unit) -> Result:
    return work(_shared(file), unit)


@functools.lru_cache(maxsize=SHARED_KEPT_MAX)
def _shared(file: Path) -> Any:
    """Return the shared value in a file. Called in a worker process."""
    return pickle.loads(file.read_bytes())  # noqa: S301 the master wrote it
