"""What a client sees of a response into which a fault is injected."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from simulator.fleet.http.exchange import HttpExchange
from simulator.fleet.http.faulty_exchange import with_fault
from simulator.fleet.ports import Exchange
from simulator.model.wire_fault import FaultKind, WireFault
from tests.edge.front import FakeInstance, Front, body_of, request, status_of
from tests.virtual import run_virtual


class SpoiledInstance(FakeInstance):
    """Handles an exchange that has a fault, as HttpService does."""

    fault: WireFault

    def begin(self, exchange: Exchange) -> None:
        assert isinstance(exchange, HttpExchange)
        self.repeat(with_fault(exchange, self.fault))


def front_with(kind: FaultKind, rate: float = 1024.0) -> Front:
    front = Front()
    instance = SpoiledInstance(front.limits)
    instance.fault = WireFault(kind, rate_bytes_per_s=rate)
    front.instance = front.upstream.backend = instance
    return front


def answer_of(size: int, sent: int | None = None) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size, b"x" * (size if sent is None else sent))


def slowly(play: Callable[[Front], Coroutine[Any, Any, None]], rate: float = 1000.0) -> None:
    async def main() -> None:
        await play(front_with(FaultKind.SLOW_BYTES, rate))

    run_virtual(main)


@pytest.mark.parametrize("sent", [10, 4])
def test_a_reset_comes_in_place_of_the_answer(sent: int) -> None:
    front = front_with(FaultKind.RESET)
    front.send(request())
    assert front.forwarded().startswith(b"GET / ")  # the application got the request
    front.answer(answer_of(10, sent))
    assert (front.received(), front.client.aborted) == (b"", True)
    assert (front.upstream.in_flight, front.upstream.broken) == (0, 1)


def test_a_truncated_answer_ends_in_its_body() -> None:
    front = front_with(FaultKind.TRUNCATE)
    front.send(request())
    front.answer(answer_of(10))
    got = front.received()
    assert (status_of(got), body_of(got)) == (200, b"xxxxx")
    assert b"content-length: 10\r\n" in got
    assert (front.client.closing, front.client.aborted, front.upstream.in_flight) == (True, False, 0)


def test_a_chunked_answer_that_is_truncated_has_no_last_chunk() -> None:
    front = front_with(FaultKind.TRUNCATE)
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    front.answer(b"4\r\nabcd\r\n0\r\n\r\n")
    assert body_of(front.received()) == b"2\r\nab\r\n"
    assert front.client.closing


def test_a_response_without_a_body_is_reset_because_it_cannot_be_truncated() -> None:
    front = front_with(FaultKind.TRUNCATE)
    front.send(request(b"HEAD"))
    front.answer(answer_of(10, 0))
    assert (front.received(), front.client.aborted) == (b"", True)


def test_slow_bytes_are_forwarded_at_the_configured_rate() -> None:
    async def play(front: Front) -> None:
        front.send(request())
        front.answer(answer_of(1000))
        await asyncio.sleep(0.51)
        half = len(body_of(front.received()))
        assert 450 <= half <= 510
        assert front.upstream.in_flight == 1
        await asyncio.sleep(0.6)
        assert (len(front.received()), front.upstream.finished) == (1000 - half, 1)
        assert not front.client.closing

    slowly(play)


def test_a_rate_below_one_byte_per_tick_still_delivers_bytes() -> None:
    async def play(front: Front) -> None:
        front.send(request())
        front.answer(answer_of(3))
        await asyncio.sleep(3.2)
        assert body_of(front.received()) == b"xxx"
        assert front.upstream.finished == 1

    slowly(play, rate=1.0)


def test_an_answer_without_a_body_is_not_slow() -> None:
    async def play(front: Front) -> None:
        front.send(request())
        front.answer(answer_of(0))
        assert (status_of(front.received()), front.upstream.finished) == (200, 1)

    slowly(play)


def test_a_slow_answer_that_breaks_is_cut() -> None:
    async def play(front: Front) -> None:
        front.send(request())
        front.answer(answer_of(1000, 100))
        front.instance.links[-1].connection_lost(None)
        assert (front.client.aborted, front.upstream.broken) == (True, 1)
        await asyncio.sleep(2)

    slowly(play)


def test_a_disconnected_client_ends_a_slow_response() -> None:
    async def play(front: Front) -> None:
        front.send(request())
        front.answer(answer_of(1000))
        front.client.lose()
        assert front.upstream.abandoned == 1
        await asyncio.sleep(2)
        assert len(body_of(front.received())) < 100

    slowly(play)


def test_an_application_faster_than_the_slow_connection_is_paused() -> None:
    async def play(front: Front) -> None:
        front.send(request())
        front.answer(answer_of(200_000, 100_000))
        reading = [front.instance.transport.reading]
        await asyncio.sleep(5)
        assert [*reading, front.instance.transport.reading] == [False, True]
        front.client.lose()

    slowly(play, rate=10_000.0)
