"""A response that exists reaches its client, over real sockets: only a kernel shows how a response gets lost.

`python -m benchmarks.balancer.delivered` counts the same for the simulator, Envoy and HAProxy.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from simulator.fleet.http.backend import HttpService
from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.ca import CertificateAuthority
from simulator.wire.origin import Origin
from tests.edge.front import body_of, request, status_of
from tests.live.test_edge_tls import NAME, Platform, authority, platform, read_answer
from tests.live.waiting import until
from tests.loops import both_loops

__all__ = ["authority"]

TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\nConnection: close\r\n\r\ntoo big"
UPLOAD_BYTES = 20_000_000
PIECE = bytes(65536)


class EarlyAnswer:
    """An application that answers and closes while the upload continues, so its kernel resets the connection."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:  # it was shut down
                return
            with accepted:
                head = b""
                while b"\r\n\r\n" not in head and (piece := accepted.recv(65536)):
                    head += piece
                accepted.sendall(self._answer)


@asynccontextmanager
async def early(authority: CertificateAuthority, answer: bytes) -> AsyncIterator[Platform]:
    """Run a platform whose application is an `EarlyAnswer`."""
    application = EarlyAnswer(answer)
    try:
        async with platform(authority) as running:
            await running.service.close()
            running.service = running.upstream.backend = HttpService("127.0.0.1", application.port, running.limits)
            yield running
    finally:
        application.close()


async def upload(running: Platform, framing: bytes, *, tls: bool) -> bytes:
    """Upload as curl does, which looks for a response between two writes; return what the client received."""
    if tls:
        reader, writer = await running.connect()
    else:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.plain_gateway.port)
    writer.write(request(b"PUT", b"/", framing))
    piece = b"10000\r\n%b\r\n" % PIECE if b"chunked" in framing else PIECE
    sent = 0
    answer = asyncio.ensure_future(reader.read(65536))  # noqa: TID251 the test's own
    try:
        while not answer.done() and sent < UPLOAD_BYTES:
            writer.write(piece)
            sent += len(PIECE)
            await asyncio.wait([answer], timeout=0)
            if writer.transport.get_write_buffer_size() > 4 * len(PIECE):
                drained = asyncio.ensure_future(writer.drain())  # noqa: TID251
                await asyncio.wait([answer, drained], return_when=asyncio.FIRST_COMPLETED)
                drained.cancel()
        arrived = await answer
        while piece := await reader.read(65536):  # the end of a response may arrive in a separate packet
            arrived += piece
        return arrived
    finally:
        writer.transport.abort()


@pytest.mark.slow
@pytest.mark.case("B1")
@pytest.mark.row(119)
@pytest.mark.parametrize("framing", [b"Content-Length: %d" % UPLOAD_BYTES, b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("tls", [False, True])
@both_loops
async def test_an_early_response_arrives_although_the_upload_breaks(
    authority: CertificateAuthority, tls: bool, framing: bytes
) -> None:
    async with early(authority, TOO_LARGE) as running:
        for _ in range(5):
            answer = await upload(running, framing, tls=tls)
            assert (status_of(answer), body_of(answer)) == (413, b"too big")
        assert running.upstream.broken == 0, "a delivered answer is no failure of the instance"


@pytest.mark.case("B1")
@pytest.mark.row(119)
@both_loops
async def test_an_early_response_that_ends_with_its_connection_arrives_completely(
    authority: CertificateAuthority,
) -> None:
    async with early(authority, b"HTTP/1.0 413 Too Large\r\n\r\ntoo big") as running:
        for _ in range(5):
            answer = await upload(running, b"Content-Length: %d" % UPLOAD_BYTES, tls=False)
            assert status_of(answer) == 413
            assert answer.endswith(b"7\r\ntoo big\r\n0\r\n\r\n")


@pytest.mark.case("B1")
@pytest.mark.row(95, 119)
@both_loops
async def test_an_incomplete_early_response_is_not_completed(authority: CertificateAuthority) -> None:
    half = b"HTTP/1.1 413 Too Large\r\nContent-Length: 700\r\n\r\ntoo big"
    async with early(authority, half) as running:
        for _ in range(3):
            try:
                answer = await upload(running, b"Content-Length: %d" % UPLOAD_BYTES, tls=False)
            except ConnectionError:
                continue
            assert len(body_of(answer)) < 700
        await until(lambda: running.upstream.in_flight == 0)
        assert running.upstream.broken == 3


@pytest.mark.case("B2")
@pytest.mark.row(120)
@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("status", [404, 429, 431])
@both_loops
async def test_an_answer_of_the_balancers_own_reaches_a_client_that_uploads(
    authority: CertificateAuthority, tls: bool, status: int
) -> None:
    """As curl, which gives up with error 55 if its connection is reset before it has read the response."""
    async with platform(authority) as running:
        running.upstream.capacity = 0
        host = "absent.test" if status == 404 else NAME
        port = running.tls.port if tls else running.plain_gateway.port
        fields = ["-H", f"X-Large: {'a' * 62_000}"] if status == 431 else []
        with tempfile.NamedTemporaryFile() as body:
            body.truncate(UPLOAD_BYTES)
            for _ in range(3):
                curl = await asyncio.create_subprocess_exec(
                    *("curl", "-sSk", "--noproxy", "*", "--max-time", "10", "-H", "Expect:", *fields, "-T", body.name),
                    *("-o", os.devnull, "-w", "%{http_code}", "--resolve", f"{host}:{port}:127.0.0.1"),
                    f"{'https' if tls else 'http'}://{host}:{port}/",
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
                out, error = await curl.communicate()
                assert (out.decode(), error.decode(), curl.returncode) == (str(status), "", 0)


class ClosesUnannounced:
    """Answers one request on each connection and then closes it, without announcing it in the response."""

    def __init__(self) -> None:
        self.posts = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.posts += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()


@pytest.mark.case("B6")
@pytest.mark.row(123)
@both_loops
async def test_a_post_is_not_sent_on_a_closed_connection(authority: CertificateAuthority) -> None:
    closes = ClosesUnannounced()
    async with platform(authority, closes) as running:
        reader, writer = await running.connect()
        for _ in range(200):
            writer.write(request(b"POST", b"/", b"Content-Length: 0"))
            assert status_of(await read_answer(reader)) == 200
        assert closes.posts == 200
        writer.close()


class Caller:
    """Implements the part of `Caller` that an Origin uses; `answered` is set when the response is complete."""

    head_only = tunnels = False

    def __init__(self, *, safe: bool) -> None:
        self.link = None
        self.safe = safe
        self.answered = asyncio.Event()
        self.links: list[Any] = []

    def connected(self, link: Any) -> None:
        self.links.append(link)
        link.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", last=True)

    def informational_response(self, head: object) -> None: ...

    def response_started(self, head: object, piece: bytes, *, complete: bool) -> None:
        assert complete
        self.answered.set()

    def response_continued(self, piece: bytes, *, complete: bool) -> None: ...

    def broken(self, rejection: object) -> None:
        raise AssertionError(rejection)

    def may_repeat(self) -> bool:
        return self.safe

    def is_safe_to_lose(self) -> bool:
        return self.safe


@pytest.mark.case("B6")
@pytest.mark.row(123)
@pytest.mark.parametrize("news", ["end", "bytes", "reset"])
@both_loops
async def test_a_readable_idle_connection_is_not_used_for_requests_that_cannot_be_repeated(news: str) -> None:
    """The event loop does not run in between, so only a check of the socket detects it."""
    listener = socket.create_server(("127.0.0.1", 0))
    origin = Origin("127.0.0.1", listener.getsockname()[1], DataPlaneLimits())
    loop = asyncio.get_running_loop()

    async def serve(caller: Caller) -> socket.socket:
        origin.begin(caller)  # type: ignore[arg-type]
        accepted, _ = await loop.run_in_executor(None, listener.accept)
        await loop.run_in_executor(None, accepted.recv, 1000)
        accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await caller.answered.wait()
        return accepted

    first = await serve(Caller(safe=True))
    kept = Caller(safe=False)
    origin.begin(kept)  # type: ignore[arg-type]  # nothing has happened on it: it is used
    assert len(kept.links) == 1
    await loop.run_in_executor(None, first.recv, 1000)
    first.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    await kept.answered.wait()
    if news == "bytes":
        first.sendall(b"x")
    elif news == "reset":
        first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    if news != "bytes":
        first.close()
    connected = kept.links[0]._transport.get_extra_info("socket")
    select.select([connected.fileno()], [], [], 5)  # until the kernel has it, without running the loop
    after = Caller(safe=False)
    second = await serve(after)  # on a new connection; otherwise `accept` would wait
    assert after.links != kept.links
    await origin.close()
    for each in (first, second, listener):
        each.close()


@pytest.mark.case("B7")
@pytest.mark.row(126)
@both_loops
async def test_a_client_that_expects_100_gets_it_within_a_tenth_of_a_second(
    authority: CertificateAuthority,
) -> None:
    """The listener's sweep runs every half second and is too late for this; here it does not run at all."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"hello")
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    async with platform(authority, silent, DataPlaneLimits(sweep_s=1000)) as running:
        reader, writer = await running.connect()
        writer.write(request(b"POST", b"/", b"Expect: 100-continue", b"Content-Length: 5"))
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hello")
        assert body_of(await read_answer(reader)) == b"ok"
        writer.close()


@pytest.mark.case("B7")
@pytest.mark.row(67, 126)
@both_loops
async def test_a_quick_rejection_comes_before_100_continue(authority: CertificateAuthority) -> None:
    async def rejects(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(TOO_LARGE)
        await writer.drain()

    async with platform(authority, rejects, DataPlaneLimits(continue_s=5)) as running:
        reader, writer = await running.connect()
        writer.write(request(b"POST", b"/", b"Expect: 100-continue", b"Content-Length: 5"))
        assert status_of(await read_answer(reader)) == 413
        writer.close()
