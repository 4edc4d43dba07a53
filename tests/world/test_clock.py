from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

import pytest

from simulator.model.times import RunTime
from simulator.world.clock import ClockKind, RunClock, run
from simulator.world.virtual import VirtualLoop
from tests.virtual import run_virtual

BOTH = pytest.mark.parametrize("kind", list(ClockKind))


@BOTH
def test_a_run_returns_the_result_of_its_main_coroutine(kind: ClockKind) -> None:
    async def main() -> bool:
        await asyncio.sleep(0.001)
        return isinstance(asyncio.get_running_loop(), VirtualLoop)

    assert run(kind, main) is (kind is ClockKind.VIRTUAL)


def test_before_the_start_the_time_is_zero() -> None:
    async def main() -> float:
        clock = RunClock()
        await asyncio.sleep(300)
        return clock.at_s()

    assert run_virtual(main) == 0.0


def test_seconds_count_from_the_start() -> None:
    async def main() -> tuple[float, float]:
        clock = RunClock()
        await asyncio.sleep(300)
        clock.start()
        await asyncio.sleep(12.5)
        return clock.at_s(), clock.loop_s(RunTime(60.0))

    assert run_virtual(main) == (12.5, 360.0)


def test_a_run_starts_once() -> None:
    async def main() -> None:
        clock = RunClock()
        clock.start()
        with pytest.raises(AssertionError, match="once"):
            clock.start()

    run_virtual(main)


def _interrupted(kind: ClockKind, times: int) -> int:
    """Run until interrupted, sending SIGINT to this process that many times; return the number of
    `on_interrupt` calls.
    """
    calls = 0
    stopped: list[Callable[[], None]] = []

    def on_interrupt() -> None:
        nonlocal calls
        calls += 1
        for stop in stopped:
            stop()

    async def main() -> None:
        asked = asyncio.Event()
        stopped.append(asked.set)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
        await asked.wait()

    run(kind, main, on_interrupt)
    return calls


@BOTH
def test_the_first_interrupt_is_reported_once(kind: ClockKind) -> None:
    assert _interrupted(kind, 1) == 1


@BOTH
def test_the_second_interrupt_ends_the_run_at_once(kind: ClockKind) -> None:
    with pytest.raises(KeyboardInterrupt):
        _interrupted(kind, 2)


@BOTH
def test_an_interrupt_without_a_handler_is_a_keyboard_interrupt(
    kind: ClockKind, request: pytest.FixtureRequest
) -> None:
    # The default of an interpreter. A process in the background of a shell ignores the signal instead.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))

    async def main() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        run(kind, main)


@BOTH
def test_the_signal_handlers_are_restored(kind: ClockKind) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    _interrupted(kind, 1)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
