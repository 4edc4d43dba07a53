"""Worker processes that ignore the terminal's interrupts and exit as soon as their master exits or abandons them.

Ctrl-C reaches every process of the terminal, but the master decides what to do: a worker that received it during its
start would print a traceback. A master that is killed cannot end its workers, and a worker cannot notice the death by
reading its pipe, because all workers keep the pipe open. So each worker watches the master process.
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
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Final, ParamSpec, TypeVar

_INTERRUPTS: Final = (signal.SIGINT, signal.SIGTERM)

P = ParamSpec("P")
T = TypeVar("T")


class WorkerProcesses(ProcessPoolExecutor):
    """A pool of newly started interpreters, which copy no state. Its context manager ends them on an exception."""

    def __init__(self, workers: int, begin: Callable[[], object] | None = None) -> None:
        """Create the pool. Each worker calls `begin`, which must be picklable, before its first work."""
        context = multiprocessing.get_context("spawn")
        super().__init__(workers, mp_context=context, initializer=_begin, initargs=(begin,))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with _sigint_blocked():  # `submit` may start a process
            future = super().submit(fn, *args, **kwargs)
        # `submit` wakes the pool's manager thread before it starts a process. If the thread reads the list of processes
        # in between, it does not watch the new process, and would wait forever for its result if it died.
        with self._shutdown_lock:
            self._executor_manager_thread_wakeup.wakeup()
        return future

    @property
    def processes(self) -> list[BaseProcess]:
        """The workers that have been started and have not been joined."""
        return list((self._processes or {}).values())

    def abandon(self) -> None:
        """Kill the workers together with their current work."""
        for process in self.processes:
            process.kill()
        self.shutdown(wait=True, cancel_futures=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.abandon()
        else:
            self.shutdown(wait=True)


def _begin(begin: Callable[[], object] | None) -> None:
    """Exit this worker as soon as the master has ended in any way, and call `begin`."""
    threading.Thread(target=_watch_the_master, name="watches the master", daemon=True).start()
    if begin is not None:
        begin()


def _watch_the_master() -> None:
    master = multiprocessing.parent_process()
    assert master is not None, "a worker has a parent"
    master.join()
    os._exit(1)


@contextlib.contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Protect processes that are started in this context from SIGINT. A signal in the meantime is delivered afterwards.

    A signal mask belongs to a thread and is inherited; with it set, the signal goes to another thread, and Python
    handles it in the main thread. So handling must be postponed as well: a half-started process would print an error on
    the terminal.
    """
    resource_tracker.ensure_running()  # if started within the context, it would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with _delivered_afterwards():
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _delivered_afterwards() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread handles signals
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in _INTERRUPTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
    for given in came[:1]:
        signal.raise_signal(given)
