"""Plays a batch: the units that a file of results lacks. Each result is written before it is reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

from simulator.lab.workers.kept_results import KeptResults
from simulator.lab.workers.worker_pool import Result, Shared, Unit, WorkerPool


def played(
    pool: WorkerPool,
    work: Callable[[Shared, Unit], Result],
    shared: Shared,
    units: Iterable[Unit],
    files: Sequence[Path] = (),
    kept: KeptResults[Unit, Result] | None = None,
) -> Iterator[tuple[Unit, Future[Result], bool]]:
    """Yield each unit with its completed future, and whether an earlier start has played it; those come first.

    `kept`, open: where results are found and kept. Otherwise like WorkerPool.results.
    """
    missing = []
    for unit in units:
        result = None if kept is None else kept.found(unit)
        if result is None:
            missing.append(unit)
        else:
            future: Future[Result] = Future()
            future.set_result(result)
            yield unit, future, True
    for unit, answer in pool.results(work, shared, missing, files):
        if kept is not None and answer.exception() is None:
            kept.keep(unit, answer.result())
        yield unit, answer, False
