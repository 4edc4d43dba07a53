"""Worker processes that an interrupt of the terminal does not reach, and that end at once when their master says so.

Ctrl-C goes to every process of the terminal. What becomes of it is the master's business: a worker that heard it at its
start would put a traceback on the terminal. A master that is killed says nothing, so each worker watches it: it would
wait for work for ever, since workers keep the pipe open from which they read.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import resource_tracker
from types import TracebackType
from typing import Final, ParamSpec, TypeVar

_INTERRUPTS: Final = (signal.SIGINT, signal.SIGTERM)

P = ParamSpec("P")
T = TypeVar("T")


class WorkerProcesses(ProcessPoolExecutor):
    """Started afresh: no copied state, on every platform the same. As a context it ends its workers on an exception."""

    def __init__(self, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        super().__init__(workers, mp_context=context, initializer=_end_with_the_master)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with _deaf():  # it may start a process
            return super().submit(fn, *args, **kwargs)

    def abandon(self) -> None:
        """End the workers with what they are at."""
        for process in list((self._processes or {}).values()):
            process.kill()
        self.shutdown(wait=True, cancel_futures=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.abandon()
        else:
            self.shutdown(wait=True)


def _end_with_the_master() -> None:
    """In a worker: end when the master has, however it did."""
    threading.Thread(target=_watch_the_master, name="watches the master", daemon=True).start()


def _watch_the_master() -> None:
    master = multiprocessing.parent_process()
    assert master is not None, "a worker has a parent"
    master.join()
    os._exit(1)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Whatever is started meanwhile never hears SIGINT. A signal that comes meanwhile is delivered afterwards.

    A mask is a thread's and is inherited; the signal goes to another thread then, and Python tells the main one. So it
    has to wait as well: a process that is started by halves would complain on the terminal.
    """
    resource_tracker.ensure_running()  # it would open the mask again if it were started within
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with _delivered_afterwards():
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _delivered_afterwards() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are told to the main thread alone
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in _INTERRUPTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
    for told in came[:1]:
        signal.raise_signal(told)
