"""The worker pool without workers: plays one unit after another in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.lab.workers.worker_pool import Result, Shared, Unit, completed


class InTurn:
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
