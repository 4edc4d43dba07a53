"""The virtual-time event loop: the loop is the clock, and its time jumps from event to event.

Theory of operation. `asyncio.sleep`, `timeout` and `call_later` take the time from the loop. This loop's time does not
advance while callbacks run, and jumps to the next timer when no callback is ready, which turns the platform's own code
into a simulation. Timers are ordered by (when, order of scheduling); asyncio guarantees no order for equal times.

There is only one implementation of the loop. A loop that has something to do before time jumps (wait for the wall
clock, play compiled events) passes a hook to it.

Sockets, threads and subprocesses raise `OutsideWorld`, because the order of their events is not reproducible. If no
callback is ready and no timer is scheduled, no task can ever continue: the loop raises `Deadlock` with the names of the
waiting tasks. An exception in a plain callback ends the run, because a simulation that has lost an event has no valid
result.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import Any, Final, Never, TypeVarTuple

Ts = TypeVarTuple("Ts")

# The time and the order number that a hook gets if no timer is scheduled.
NO_TIMER: Final = (inf, 0)

# The type of hooks. Called with the time and the order number of the next timer, when no callback is ready. True: time
# may jump to the timer. False: the hook has done something that may come first (made callbacks ready, scheduled or
# cancelled timers, stopped the loop), so the loop checks again.
BeforeTimer = Callable[[float, int], bool]


class Deadlock(RuntimeError):
    """Virtual time cannot advance: no callback is ready, no timer is scheduled, and the main task has not ended."""


class OutsideWorld(RuntimeError):
    """Code in virtual time requested a socket, a thread or a process."""


class _Timer(asyncio.TimerHandle):
    """A handle that is cheap to create; `TimerHandle` copies a context and keeps a reference to the loop."""

    __slots__ = ()

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: contextvars.Context | None,
    ) -> None:
        # Not super().__init__: it would copy a context for each of millions of timers.
        self._when = when
        self._callback = callback
        self._args = args
        self._context = context
        self._cancelled = False

    def cancel(self) -> None:
        self._cancelled = True
        self._callback = _nothing
        self._args = ()

    def __repr__(self) -> str:
        return f"<timer {self._when:.6f} {self._callback!r}{' cancelled' if self._cancelled else ''}>"


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop in virtual time. Its time is in seconds since its creation, starting at 0."""

    def __init__(self, before_timer: BeforeTimer | None = None) -> None:
        super().__init__()
        self._before_timer = before_timer
        self._now = 0.0
        self._order = 0
        self._timers: list[tuple[float, int, _Timer]] = []
        self._soon: deque[_Timer] = deque()
        self.events = 0  # number of callbacks run so far, a measure of work

    # --- time ----------------------------------------------------------------------------------------------------

    def time(self) -> float:
        return self._now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        handle = _Timer(self._now, callback, args, context)
        self._soon.append(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule `callback`; a time in the past means now. Handles with equal times run in order of scheduling."""
        handle = _Timer(when, callback, args, context)
        self._order += 1
        heappush(self._timers, (when, self._order, handle))
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    # --- running -------------------------------------------------------------------------------------------------

    def _run_once(self) -> None:
        """Run ready callbacks and then the next timer, repeatedly, until `stop`. Called by `run_forever`."""
        soon, timers, before_timer = self._soon, self._timers, self._before_timer
        events = 0
        try:
            while not self._stopping:  # type: ignore[attr-defined]  # set by BaseEventLoop.stop
                if soon:
                    handle = soon.popleft()
                elif before_timer is not None and not before_timer(*self._next_timer()):
                    continue
                elif timers:
                    when, _, handle = heappop(timers)
                    if handle._cancelled:  # noqa: SLF001 our own handle, millions of times
                        continue
                    if when > self._now:
                        self._now = when
                else:
                    self._deadlock()
                events += 1
                context = handle._context  # noqa: SLF001
                if context is None:
                    handle._callback(*handle._args)  # noqa: SLF001
                else:
                    context.run(handle._callback, *handle._args)  # noqa: SLF001
        finally:
            self.events += events

    def _next_timer(self) -> tuple[float, int]:
        """Return the time and the order number of the next timer, without the cancelled ones before it."""
        timers = self._timers
        while timers and timers[0][2]._cancelled:  # noqa: SLF001 our own handle
            heappop(timers)
        return timers[0][:2] if timers else NO_TIMER

    def _deadlock(self) -> Never:
        waiting = sorted(f"{task.get_name()} at {_where(task)}" for task in asyncio.all_tasks(self))
        msg = f"virtual time {self._now:.3f} s: nothing is scheduled, and these tasks wait: {'; '.join(waiting)}"
        raise Deadlock(msg)

    # --- operations that are not possible in virtual time ----------------------------------------------------------

    def _reject(self, what: str) -> Never:
        msg = f"{what} is not possible in virtual time"
        raise OutsideWorld(msg)

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Schedule `callback` from a signal handler, which runs in the loop's thread. Other threads are not allowed."""
        if threading.get_ident() != self._thread_id:  # type: ignore[attr-defined]  # set by run_forever
            self._reject("call_soon_threadsafe (another thread)")
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, *_: Any, **__: Any) -> Never:  # type: ignore[override]
        self._reject("run_in_executor (a thread or process pool)")

    def add_reader(self, *_: Any, **__: Any) -> Never:  # type: ignore[override]
        self._reject("add_reader (a file descriptor)")

    def add_writer(self, *_: Any, **__: Any) -> Never:  # type: ignore[override]
        self._reject("add_writer (a file descriptor)")

    async def create_connection(self, *_: Any, **__: Any) -> Never:
        self._reject("create_connection (a socket)")

    async def create_server(self, *_: Any, **__: Any) -> Never:
        self._reject("create_server (a socket)")

    async def subprocess_exec(self, *_: Any, **__: Any) -> Never:
        self._reject("subprocess_exec (a process)")

    async def subprocess_shell(self, *_: Any, **__: Any) -> Never:
        self._reject("subprocess_shell (a process)")

    def _process_events(self, event_list: object) -> None:
        """Do nothing: part of BaseEventLoop's contract, but this loop has no selector and so no events."""


def _nothing(*_: object) -> None:
    """Do nothing: the callback of a cancelled handle."""


def _where(task: asyncio.Task[Any]) -> str:
    stack = task.get_stack(limit=1)
    if not stack:
        return "an unknown place"
    return f"{stack[-1].f_code.co_filename.rsplit('/', 1)[-1]}:{stack[-1].f_lineno}"
