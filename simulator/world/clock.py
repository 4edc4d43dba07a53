"""The two clocks: how a main coroutine is run in real and in virtual time, and the time since a run began."""

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
from typing import Any, Final, TypeVar

from simulator.world.insistence import Insistence
from simulator.world.pace import Pace
from simulator.world.paced import PacedLoop
from simulator.world.virtual import VirtualLoop

T = TypeVar("T")

# How long an interrupt waits for the turn of the loop to end. Turns take milliseconds, but what a scenario asks for can
# make one long, and nobody who presses Ctrl-C waits for it.
TURN_MAX_S: Final = 1.0


class ClockKind(StrEnum):
    REAL = "real"
    VIRTUAL = "virtual"


class RunClock:
    """Seconds since the run began. Everything before `start` happened at 0: the service existed before the run."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.origin_s = float("inf")

    def start(self) -> None:
        assert self.origin_s == float("inf"), "a run starts once"
        self.origin_s = self._loop.time()

    @property
    def is_started(self) -> bool:
        return self.origin_s < float("inf")

    def at_s(self) -> float:
        return max(0.0, self._loop.time() - self.origin_s)

    def loop_s(self, at_s: float) -> float:
        """The loop's time at `at_s` of the run."""
        return self.origin_s + at_s


def run(
    kind: ClockKind,
    main: Callable[[], Coroutine[Any, Any, T]],
    on_interrupt: Callable[[], None] | None = None,
    pace: Pace | None = None,
    make_loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> T:
    """Run `main()` to its end on a new loop of that kind; `pace` is what virtual time keeps, for people who watch.
    `make_loop`: another loop of that kind.

    The first SIGINT or SIGTERM calls `on_interrupt` on the loop, once; a second one raises KeyboardInterrupt, as the
    first does where the loop's turn goes on for more than `TURN_MAX_S`.
    """
    loop = _make_loop(kind, pace) if make_loop is None else make_loop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner, _interrupts(loop, on_interrupt):
        return runner.run(main())


def until_interrupted() -> None:
    """Blocks the main thread until SIGINT or SIGTERM, which do nothing else."""
    told = threading.Event()
    before = {number: signal.signal(number, lambda *_: told.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        told.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wall_s() -> float:
    """Wall time in seconds of no particular origin, for progress displays and benchmarks only."""
    return time.perf_counter()  # noqa: TID251 the door itself


def monotonic_s() -> float:
    """The live loop's clock to the microsecond: uvloop counts the same monotonic clock in whole milliseconds."""
    return time.monotonic()  # noqa: TID251 the door itself


def epoch_s() -> float:
    """The calendar's time in seconds since 1970, for `date` fields and certificates; never in virtual time."""
    return time.time()  # noqa: TID251 the door itself


def utc_now() -> datetime:
    return datetime.fromtimestamp(epoch_s(), UTC)


def _make_loop(kind: ClockKind, pace: Pace | None) -> asyncio.AbstractEventLoop:
    if kind is ClockKind.VIRTUAL:
        return VirtualLoop() if pace is None else PacedLoop(pace)
    import uvloop  # noqa: PLC0415 not there on Windows, where virtual time still works

    return uvloop.new_event_loop()


@contextlib.contextmanager
def _interrupts(loop: asyncio.AbstractEventLoop, on_interrupt: Callable[[], None] | None) -> Iterator[None]:
    if on_interrupt is None:
        yield
        return
    calls = 0
    unheard = Insistence(TURN_MAX_S)  # calls `interrupted`, as a second signal would

    def heard() -> None:
        unheard.stop()
        on_interrupt()

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise KeyboardInterrupt
        unheard.start()
        loop.call_soon_threadsafe(heard)  # not call_soon: uvloop sits in a system call and has to be woken

    before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        unheard.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
