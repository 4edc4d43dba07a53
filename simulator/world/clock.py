"""The two clocks: run a main coroutine in real or in virtual time, and convert the loop's time to that of a run."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from types import FrameType
from typing import Any, Final, TypeVar, cast

from simulator.model.times import LOOP_FOREVER, LoopTime, RunTime
from simulator.world.paced import PacedLoop
from simulator.world.playback import Playback
from simulator.world.repeated_interrupt import RepeatedInterrupt
from simulator.world.running_loop import running_loop
from simulator.world.virtual import VirtualLoop

T = TypeVar("T")

# How long an interrupt waits for the current iteration of the event loop. Iterations take milliseconds, but a scenario
# can make one long, and Ctrl-C must take effect within a short time.
TURN_MAX_S: Final = 1.0


class ClockKind(StrEnum):
    """The clock of a run: real or virtual time."""

    REAL = "real"
    VIRTUAL = "virtual"


class RunClock:
    """Seconds since the run began. Events before `start` have time 0: the service existed before the run."""

    def __init__(self) -> None:
        self._loop = running_loop()
        self.origin_s = LOOP_FOREVER

    def start(self) -> None:
        assert self.origin_s == LOOP_FOREVER, "a run starts once"
        self.origin_s = self._loop.time()

    @property
    def is_started(self) -> bool:
        return self.origin_s < LOOP_FOREVER

    def at_s(self) -> RunTime:
        return RunTime(max(0.0, self._loop.time() - self.origin_s))

    def loop_s(self, at_s: RunTime) -> LoopTime:
        """Return the loop's time at `at_s` of the run."""
        return LoopTime(self.origin_s + at_s)

    def run_s(self, loop_s: LoopTime) -> RunTime:
        """Return the run's time at `loop_s` of the loop. It is negative before the run begins."""
        return RunTime(loop_s - self.origin_s)


def run(
    kind: ClockKind,
    main: Callable[[], Coroutine[Any, Any, T]],
    on_interrupt: Callable[[], None] | None = None,
    playback: Playback | None = None,
    make_loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> T:
    """Run `main()` to completion on a new event loop.

    The first SIGINT or SIGTERM calls `on_interrupt` once, on the loop. A second one raises KeyboardInterrupt, and so
    does the first one if the current loop iteration takes longer than `TURN_MAX_S`.

    Args:
        kind: real or virtual time.
        main: creates the coroutine to run.
        on_interrupt: None leaves the signals to `asyncio.Runner`.
        playback: the playback speed of virtual time, for interactive runs; None runs as fast as possible.
        make_loop: creates the event loop, if it is not the usual one of that kind.
    """
    loop = _make_loop(kind, playback) if make_loop is None else make_loop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner, _interrupts(loop, on_interrupt):
        return runner.run(main())


def until_interrupted() -> None:
    """Block the main thread until SIGINT or SIGTERM arrives. The signals have no other effect."""
    given = threading.Event()
    before = {number: signal.signal(number, lambda *_: given.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        given.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wall_s() -> float:
    """Return wall time in seconds with an arbitrary origin, for progress displays and benchmarks only."""
    return time.perf_counter()  # noqa: TID251 the only allowed call


# The clock of the live loop in microseconds; uvloop's own clock is the same monotonic clock in whole milliseconds.
monotonic_s: Final = cast("Callable[[], LoopTime]", time.monotonic)  # noqa: TID251 the only allowed use


def epoch_s() -> float:
    """Return calendar time in seconds since 1970, for `date` fields and certificates. Never use it in virtual time."""
    return time.time()  # noqa: TID251 the only allowed call


def utc_now() -> datetime:
    """Return the calendar time in UTC. Never use it in virtual time."""
    return datetime.fromtimestamp(epoch_s(), UTC)


def _make_loop(kind: ClockKind, playback: Playback | None) -> asyncio.AbstractEventLoop:
    if kind is ClockKind.VIRTUAL:
        return VirtualLoop() if playback is None else PacedLoop(playback)
    import uvloop  # noqa: PLC0415 not available on Windows, where virtual time still works

    return uvloop.new_event_loop()


@contextlib.contextmanager
def _interrupts(loop: asyncio.AbstractEventLoop, on_interrupt: Callable[[], None] | None) -> Iterator[None]:
    if on_interrupt is None:
        yield
        return
    calls = 0
    repeated = RepeatedInterrupt(TURN_MAX_S)  # calls `interrupted`, as a second signal would

    def handle_interrupt() -> None:
        repeated.stop()
        on_interrupt()

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise KeyboardInterrupt
        repeated.start()
        loop.call_soon_threadsafe(
            handle_interrupt
        )  # not call_soon, because it does not wake uvloop from its system call

    before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        repeated.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
