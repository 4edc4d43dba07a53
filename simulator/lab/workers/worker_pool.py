"""The port of worker pools: `compare`, `sweep`, `tune` and `validate` play their runs through it.

Implementations: this process (in_turn.py), processes of this machine (local_workers.py), a Dask cluster
(dask_workers.py). A caller states what to do as a function of a shared value and a unit of work. Both must be
picklable, and so must the results; the function must be importable. The shared value reaches each worker once, however
many units there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar

PER_WORKER: Final = 4  # units in progress or queued per worker, so that none waits for the master

Shared = TypeVar("Shared")
Unit = TypeVar("Unit")
Result = TypeVar("Result")


class WorkerPool(Protocol):
    """Plays units of work in any order.

    The death of a worker costs its units in progress only: they are played again. As a context manager it closes
    itself, or abandons its work on an exception.
    """

    @property
    def workers(self) -> int:
        """The number of workers now, at least 1."""

    def results(
        self,
        work: Callable[[Shared, Unit], Result],
        shared: Shared,
        units: Iterable[Unit],
        files: Sequence[Path] = (),
    ) -> Iterator[tuple[Unit, Future[Result]]]:
        """Yield each unit with the completed future of `work(shared, unit)`, in the order of completion.

        A future fails with the exception of `work`, or with WorkerDied if every worker that got the unit has died.
        `units` is consumed a few units in advance. `files`: what the units read, such as recordings and policies;
        workers of other machines get copies.
        """

    def close(self) -> None:
        """Wait until the current work is done, then end the workers."""

    def abandon(self) -> None:
        """End without waiting for the current work."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class EndsItself:
    """A context manager that closes itself, or abandons its work on an exception."""

    def close(self) -> None:
        """Wait until the current work is done, then end."""
        raise NotImplementedError

    def abandon(self) -> None:
        """End without waiting for the current work."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.abandon()
        else:
            self.close()


class WorkerDied(Exception):
    """Every worker that got this unit has died.

    The message has the number of attempts and, if it is known, how the last one ended.
    """


class NoWorkers(Exception):
    """There is no worker that could continue, for the reason in the message."""


def completed(work: Callable[[Shared, Unit], Result], shared: Shared, unit: Unit) -> Future[Result]:
    """Return the completed future of `work(shared, unit)`, which is called now, in this process."""
    future: Future[Result] = Future()
    try:
        future.set_result(work(shared, unit))
    except Exception as error:  # noqa: BLE001 the future carries it to the caller
        future.set_exception(error)
    return future
