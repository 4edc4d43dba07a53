"""Runs work with its own event loop while a loop may run in the calling thread, as in a notebook cell."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from simulator.replay.progress import ProgressView
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord

T = TypeVar("T")


class Stop:
    """Ends a run from another thread.

    A run asks its watcher on its own loop, once a second, whether an update is due. The stop request is checked there,
    because a virtual loop accepts no other input.
    """

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self.run: Run | None = None

    def want(self) -> None:
        self._wanted.set()

    def due(self) -> bool:
        if self._wanted.is_set() and self.run is not None:
            self.run.interrupt()
        return False

    def update(self, view: ProgressView) -> None:
        """Do nothing: no update is ever due."""


def play_beside(run: Run, stop: Stop) -> RunRecord:
    """Play `run`, whose watcher is `stop`.

    An interrupt of the notebook (KeyboardInterrupt) ends it and is raised again.

    Raises:
        ScenarioError, BrokenRun: as `play` does.
    """
    stop.run = run
    return run_in_thread(lambda: play(run, signals=False), stop.want)


def run_in_thread(work: Callable[[], T], on_interrupt: Callable[[], None] = lambda: None) -> T:
    """Call `work` in a new thread, wait, and return its result or raise its exception.

    An interrupt calls `on_interrupt` once. The thread is a daemon: work that cannot be stopped must not keep the
    interpreter running.
    """
    done: Future[T] = Future()

    def body() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 it is raised again in the calling thread
            done.set_exception(error)

    threading.Thread(target=body, name="simulator", daemon=True).start()
    try:
        return done.result()
    except KeyboardInterrupt:
        on_interrupt()
        raise
