"""An interrupt takes effect in an endless loop iteration, and in code that suppresses the exception."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable

import pytest

from simulator.world import clock
from simulator.world.clock import ClockKind
from simulator.world.repeated_interrupt import RepeatedInterrupt


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "TURN_MAX_S", 0.02)
    monkeypatch.setattr("simulator.world.repeated_interrupt.AGAIN_S", 0.02)


def spin() -> None:
    while True:
        pass


def spin_on() -> None:
    with contextlib.suppress(KeyboardInterrupt):  # like a compiler that catches every exception
        spin()
    spin()


@pytest.mark.case("L20", "R19")
@pytest.mark.parametrize("kind", ClockKind)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("turn", [spin, spin_on])
def test_an_interrupt_ends_an_endless_callback(kind: ClockKind, number: int, turn: Callable[[], None]) -> None:
    heard: list[str] = []

    async def main() -> None:
        asyncio.get_running_loop().call_soon(signal.raise_signal, number)
        asyncio.get_running_loop().call_soon(turn)
        await asyncio.get_running_loop().create_future()

    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        clock.run(kind, main, lambda: heard.append("asked"))
    assert heard in ([], ["asked"])  # at most raised by the closing loop
    assert signal.getsignal(number) is before


@pytest.mark.case("L20")
@pytest.mark.parametrize("kind", ClockKind)
def test_a_handled_interrupt_is_not_repeated(kind: ClockKind) -> None:
    """The loop may take as long to end as its iterations do."""

    async def main() -> int:
        stop = asyncio.Event()
        stops.append(stop)
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        await stop.wait()
        for _ in range(20):
            await asyncio.sleep(0.01)
        return 7

    stops: list[asyncio.Event] = []

    def stop() -> None:
        stops[0].set()

    assert clock.run(kind, main, stop) == 7


def test_repetition_stops_on_request_and_keeps_a_later_handler() -> None:
    calls: list[str] = []

    def handler(*_: object) -> None:
        calls.append("first")

    before = signal.signal(signal.SIGINT, handler)
    try:
        insistence = RepeatedInterrupt(0.0)
        insistence.start()
        while len(calls) < 3:
            pass
        insistence.stop()
        again = RepeatedInterrupt(0.0)
        again.stop()
        again.start()
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
