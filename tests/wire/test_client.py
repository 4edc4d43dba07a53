"""The client connection, against servers whose bytes the test defines."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.times import LoopTime
from simulator.wire.client import ClientConnection, ClientResponse
from simulator.world.running_loop import running_loop
from tests.loops import both_loops

GET = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


class _Owner:
    """Records the calls by the connection."""

    def __init__(self) -> None:
        self.answers: list[ClientResponse] = []
        self.losses: list[str] = []
        self._changed = asyncio.Event()

    def answered(self, connection: ClientConnection, answer: ClientResponse) -> None:
        self.answers.append(answer)
        self._changed.set()

    def lost(self, connection: ClientConnection, why: str) -> None:
        self.losses.append(why)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


class _Pair:
    def __init__(self, owner: _Owner, client: ClientConnection) -> None:
        self.owner, self.client = owner, client
        self.received = bytearray()

    async def ask(self, data: bytes = GET, *, bodiless: bool = False) -> ClientResponse:
        asked = len(self.owner.answers)
        self.client.send(data, bodiless=bodiless)
        await self.owner.until(lambda: len(self.owner.answers) > asked)
        return self.owner.answers[-1]


@asynccontextmanager
async def against(*answers: bytes, close: bool = False) -> AsyncIterator[_Pair]:
    """Connect to a server that answers the n-th piece of a request with the n-th of `answers`."""
    pairs: list[_Pair] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = list(answers)
        while data := await reader.read(65536):
            pairs[0].received += data
            if left:
                writer.write(left.pop(0))
            if close and not left:
                break
        writer.close()
        served.set()

    served = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    owner = _Owner()
    loop = running_loop()
    _, client = await loop.create_connection(
        lambda: ClientConnection(owner, frozenset({b"server-timing"}), loop.time), *server.sockets[0].getsockname()
    )
    pairs.append(_Pair(owner, client))
    try:
        yield pairs[0]
    finally:
        client.abort("the test is over")
        await owner.until(lambda: bool(owner.losses))
        await served.wait()
        server.close()
        await server.wait_closed()


@both_loops
async def test_a_response_has_status_body_length_and_requested_headers() -> None:
    head = b"HTTP/1.1 201 Created\r\nServer: x\r\nServer-Timing: queue;dur=1\r\ncontent-length: 5\r\n\r\nhello"
    async with against(head) as pair:
        answer = await pair.ask()
        assert (answer.status, answer.body_bytes) == (201, 5)
        assert answer.headers == ((b"server-timing", b"queue;dur=1"),)
        assert answer.reusable
        assert answer.first_s <= answer.last_s


@both_loops
async def test_a_connection_can_be_used_for_one_request_after_the_other() -> None:
    async with against(OK, OK, OK) as pair:
        assert [(await pair.ask()).status for _ in range(3)] == [200, 200, 200]
        assert pair.client.answers == 3
        assert pair.owner.losses == []


@pytest.mark.parametrize("head", [b"connection: close\r\ncontent-length: 2\r\n", b"connection: close\r\n"])
async def test_a_response_with_connection_close_is_complete_and_its_connection_not_reusable(head: bytes) -> None:
    async with against(b"HTTP/1.1 200 OK\r\n" + head + b"\r\nhi", close=True) as pair:
        answer = await pair.ask()
        assert (answer.status, answer.body_bytes, answer.reusable) == (200, 2, False)
        await pair.owner.until(lambda: len(pair.owner.losses) == 1)


async def test_a_truncated_body_is_not_a_response() -> None:
    async with against(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhi", close=True) as pair:
        pair.client.send(GET)
        await pair.owner.until(lambda: bool(pair.owner.losses))
        assert pair.owner.answers == []
        assert pair.client.busy
        assert pair.client.answering


async def test_a_truncated_head_is_not_a_response() -> None:
    async with against(b"HTTP/1.1 200 OK\r\nserver: x\r\n", close=True) as pair:
        pair.client.send(GET)
        await pair.owner.until(lambda: bool(pair.owner.losses))
        assert pair.owner.answers == []


async def test_a_connection_closed_without_a_byte_is_lost_and_not_answering() -> None:
    async with against(b"", close=True) as pair:
        pair.client.send(GET)
        await pair.owner.until(lambda: bool(pair.owner.losses))
        assert pair.client.busy
        assert not pair.client.answering


async def test_interim_responses_are_skipped() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nserver-timing: early\r\n\r\n"
    async with against(b"HTTP/1.1 100 Continue\r\n\r\n" + interim + OK) as pair:
        answer = await pair.ask()
        assert (answer.status, answer.headers) == (200, ())


@both_loops
async def test_the_response_to_head_ends_with_its_head_and_the_connection_stays_open() -> None:
    async with against(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", OK) as pair:
        answer = await pair.ask(bodiless=True)
        assert (answer.status, answer.body_bytes, answer.reusable) == (200, 0, True)
        assert (await pair.ask()).body_bytes == 2


async def test_a_204_needs_no_length() -> None:
    async with against(b"HTTP/1.1 204 No Content\r\n\r\n") as pair:
        answer = await pair.ask()
        assert (answer.status, answer.reusable) == (204, True)


async def test_chunks_are_counted_without_their_framing() -> None:
    body = b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
    async with against(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + body) as pair:
        answer = await pair.ask()
        assert (answer.body_bytes, answer.reusable) == (7, True)


async def test_a_second_response_to_one_request_ends_the_connection() -> None:
    async with against(OK + OK) as pair:
        answer = await pair.ask()
        assert (answer.body_bytes, answer.reusable) == (2, False)
        await pair.owner.until(lambda: bool(pair.owner.losses))
        assert len(pair.owner.answers) == 1


async def test_bytes_on_an_idle_connection_end_it() -> None:
    async with against(OK, b"HTTP/1.1 408 Request Timeout\r\n") as pair:
        await pair.ask()
        assert pair.client._transport is not None
        pair.client._transport.write(b"provokes the second piece, which answers no request")
        await pair.owner.until(lambda: bool(pair.owner.losses))
        assert pair.owner.losses == ["bytes without a request"]


async def test_a_response_that_is_not_http_is_an_error() -> None:
    async with against(b"SSH-2.0-OpenSSH\r\n") as pair:
        pair.client.send(GET)
        await pair.owner.until(lambda: bool(pair.owner.losses))
        assert pair.owner.losses[0].startswith("not an HTTP response")


@both_loops
async def test_a_long_body_is_sent_to_its_last_byte() -> None:
    size = 3_000_000  # far more than the sockets' buffers, so writing has to pause and resume
    async with against() as pair:
        pair.client.send(b"head", size)
        async with asyncio.timeout(60):
            while len(pair.received) < size + 4:  # noqa: ASYNC110 the next turn of the loop is what brings more
                await asyncio.sleep(0)
        assert bytes(pair.received) == b"head" + b"." * size


async def test_a_response_before_the_end_of_its_request_makes_the_connection_unusable() -> None:
    async with against(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n") as pair:
        pair.client.pause_writing()  # the server does not read the rest
        pair.client.send(GET, 100_000)
        await pair.owner.until(lambda: bool(pair.owner.answers))
        assert (pair.owner.answers[0].status, pair.owner.answers[0].reusable) == (413, False)


class _Transport(asyncio.Transport):
    """A transport that discards bytes."""

    def write(self, data: object) -> None: ...

    def abort(self) -> None: ...

    def is_closing(self) -> bool:
        return False


@given(st.lists(st.integers(1, 200), max_size=8))
def test_the_response_does_not_depend_on_how_its_bytes_are_divided(cuts: list[int]) -> None:
    data = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nserver-timing: t\r\ntransfer-encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    )
    answers: list[ClientResponse] = []

    class Owner:
        def answered(self, connection: ClientConnection, answer: ClientResponse) -> None:
            answers.append(answer)

        def lost(self, connection: ClientConnection, why: str) -> None: ...

    client = ClientConnection(Owner(), frozenset({b"server-timing"}), lambda: LoopTime(1.0))
    client.connection_made(_Transport())
    client.send(GET)
    edges = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    for begin, end in itertools.pairwise(edges):
        client.data_received(data[begin:end])
    assert answers == [ClientResponse(200, ((b"server-timing", b"t"),), 11, LoopTime(1.0), LoopTime(1.0), True)]
