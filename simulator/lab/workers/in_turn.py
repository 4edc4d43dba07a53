"""The worker pool without workers: plays one unit after another in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

from simulator.lab.workers.worker_pool import EndsItself, Result, Shared, Unit, completed


class InTurn(EndsItself):
    """Implements WorkerPool in this process, which the death of a unit ends."""

    workers = 1

    def results(
        self,
        work: Callable[[Shared, Unit], Result],
        shared: Shared,
        units: Iterable[Unit],
        files: Sequence[Path] = (),  # noqa: ARG002 they are here
    ) -> Iterator[tuple[Unit, Future[Result]]]:
        for unit in units:
            yield unit, completed(work, shared, unit)

    def close(self) -> None: ...

    def abandon(self) -> None: ...
