"""Rows of the checklist that need sockets: many connections, slow connects, and how TLS connections end."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import psutil
import pytest

from simulator.edge.listener import Listener, listen
from simulator.fleet.http.backend import HttpService
from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.ca import CertificateAuthority
from simulator.wire.tls import client_context
from tests.edge.front import body_of, request, status_of
from tests.live.test_edge_service import Call, outcome
from tests.live.test_edge_tls import NAME, Platform, platform, read_answer, today
from tests.live.waiting import until
from tests.loops import both_loops

LAST = request(b"GET", b"/", b"Connection: close")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"), today())


# --- many connections


@asynccontextmanager
async def plainly(running: Platform) -> AsyncIterator[Listener]:
    """Serve the same service without TLS.

    The connections are closed explicitly: uvloop does not close a connection while it has bytes to send.
    """
    listener = await listen(running.tls._handler, "127.0.0.1", 0)
    try:
        yield listener
    finally:
        await listener.close(0)


async def ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(LAST)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.row(90)
@both_loops
async def test_idle_slow_and_passing_connections_neither_stop_others_nor_leave_a_descriptor(
    authority: CertificateAuthority,
) -> None:
    async def large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            size = 8_000_000 if head.startswith(b"GET /large ") else 2
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
            await writer.drain()

    limits = DataPlaneLimits(upstream_idle_s=0.1)
    async with platform(authority, large, limits) as running, plainly(running) as plain:
        await ask(plain.port)
        before = psutil.Process().num_fds()
        idle = [await asyncio.open_connection("127.0.0.1", plain.port) for _ in range(300)]
        for _, writer in idle[:10]:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(request(target=b"/large"))
        answers = [await ask(plain.port) for _ in range(500)]
        assert {status_of(answer) for answer in answers} == {200}
        assert plain.connections == 300
        for _, writer in idle:
            writer.transport.abort()
        await until(lambda: not plain.connections and not running.upstream.in_flight)
        await until(lambda: psutil.Process().num_fds() <= before)


@pytest.mark.row(85)
@both_loops
async def test_few_idle_connections_to_an_instance_are_kept(authority: CertificateAuthority) -> None:
    arrived, go = 0, asyncio.Event()

    async def together(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        while await reader.readuntil(b"\r\n\r\n"):
            arrived += 1
            if arrived == 10:
                go.set()
            await go.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    limits = DataPlaneLimits(upstream_idle_max=3)
    async with platform(authority, together, limits) as running, plainly(running) as plain:
        asking = [asyncio.ensure_future(ask(plain.port)) for _ in range(10)]  # noqa: TID251 clients of the test
        assert {status_of(await each) for each in asking} == {200}
        await until(lambda: sum(not writer.transport.is_closing() for writer in running.wrote_to) <= 3)
        assert status_of(await ask(plain.port)) == 200
        assert len(running.wrote_to) == 10  # one of the three was used again


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port that answers no SYN: its queue is full, and no connection is accepted."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(server.getsockname())
        yield int(server.getsockname()[1])
        for each in waiting:
            each.close()


@pytest.mark.row(104)
@both_loops
async def test_connecting_to_an_instance_has_a_time_limit() -> None:
    with deaf_port() as port:
        service = HttpService("127.0.0.1", port, DataPlaneLimits(connect_s=0.2))
        rejection = await outcome(service, Call())
        assert not isinstance(rejection, bytes)
        assert rejection.status in {503, 504}
        await service.close()


# --- TLS, with a blocking client in a thread: asyncio's own client does not show how a connection ended


BOTH_VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


class Caller:
    """A client of one TLS version; connections after the first one offer its session."""

    def __init__(self, running: Platform, version: ssl.TLSVersion) -> None:
        self._port = running.tls.port
        self._context = client_context(running.authority)
        self._context.minimum_version = self._context.maximum_version = version
        self._session: ssl.SSLSession | None = None

    def call(self, *pieces: bytes) -> tuple[bytes, bool]:
        """Send the pieces, each in records of its own; (the answer until close_notify, whether it was resumed).

        Raises:
            ssl.SSLEOFError: the connection ended without close_notify.
        """
        with (
            socket.create_connection(("127.0.0.1", self._port), timeout=10) as raw,
            self._context.wrap_socket(
                raw, server_hostname=NAME, suppress_ragged_eofs=False, session=self._session
            ) as tls,
        ):
            for piece in pieces:
                tls.sendall(piece)
            answer = b""
            while data := tls.recv(65536):
                answer += data
            self._session = tls.session
            return answer, bool(tls.session_reused)


@pytest.mark.row(117)
@BOTH_VERSIONS
@both_loops
async def test_a_closed_connection_sends_close_notify(authority: CertificateAuthority, version: ssl.TLSVersion) -> None:
    async with platform(authority) as running:
        answer, _ = await asyncio.to_thread(Caller(running, version).call, LAST)
        assert body_of(answer) == b"hello"


def client_hello(version: ssl.TLSVersion) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = version
    context.set_ciphers("AES128-SHA:AES128-GCM-SHA256")  # RSA key exchange: rejected
    out = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=NAME)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return out.read()


@pytest.mark.row(117)
@both_loops
@pytest.mark.parametrize(
    ("sent", "alert"),
    [
        (client_hello, 40),
        (lambda _: bytes.fromhex("1603010005 0100000100"), 50),
        (lambda _: bytes.fromhex("1603010005 0200000100"), 10),
    ],
    ids=["handshake_failure", "decode_error", "unexpected_message"],
)
async def test_a_failed_handshake_ends_with_its_fatal_alert(
    authority: CertificateAuthority, sent: Callable[[ssl.TLSVersion], bytes], alert: int
) -> None:
    """asyncio and uvloop drop the alert (CPython issue 98078); wire/tls.py sends it."""
    async with platform(authority) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.tls.port)
        writer.write(sent(ssl.TLSVersion.TLSv1_2))
        record = await reader.read()  # to the end of the connection, long before the time limit for handshakes
        assert (record[0], record[-2:]) == (21, bytes((2, alert)))  # type alert, level fatal
        await until(lambda: running.tls.connections == 0)
        writer.close()


@pytest.mark.row(118)
@BOTH_VERSIONS
@both_loops
async def test_a_session_is_resumed_by_the_next_connection(
    authority: CertificateAuthority, version: ssl.TLSVersion
) -> None:
    async with platform(authority) as running:
        caller = Caller(running, version)
        resumed = [(await asyncio.to_thread(caller.call, LAST))[1] for _ in range(3)]
        assert resumed == [False, True, True]


@pytest.mark.row(118)
@BOTH_VERSIONS
@both_loops
async def test_records_of_one_byte_and_of_16_kib_are_read(
    authority: CertificateAuthority, version: ssl.TLSVersion
) -> None:
    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(3 + 4 * 16384)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n%05d" % len(body))

    async with platform(authority, count) as running:
        head = request(b"POST", b"/", b"Connection: close", b"Content-Length: %d" % (3 + 4 * 16384))
        pieces = [head[at : at + 1] for at in range(len(head))]
        answer, _ = await asyncio.to_thread(
            Caller(running, version).call, *pieces, b"a", b"b", b"c", *[bytes(16384)] * 4
        )
        assert body_of(answer) == b"65539"


async def s_client(running: Platform, command: str, *options: str) -> tuple[bytes, bytes]:
    """Run `openssl s_client`, and send `command` and a request after it.

    Returns its output up to the execution of `command`, and the response to the request.
    """
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-connect", f"127.0.0.1:{running.tls.port}", "-servername", NAME, *options),
        *("-CAfile", str(running.authority.certificate_path)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said = await process.stdout.readuntil(b"Verify return code")
    process.stdin.write(command.encode() + b"\n")
    said += await process.stdout.readuntil({"K": b"KEYUPDATE", "R": b"RENEGOTIATING"}[command])
    process.stdin.write(LAST)
    rest = await process.stdout.read()
    await process.wait()
    return said, rest


NEEDS_OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@NEEDS_OPENSSL
@pytest.mark.row(118)
@both_loops
async def test_a_key_update_is_followed(authority: CertificateAuthority) -> None:
    async with platform(authority) as running:
        _, rest = await s_client(running, "K", "-tls1_3")
        assert b"\r\n\r\nhello" in rest


@NEEDS_OPENSSL
@pytest.mark.row(115)
@both_loops
async def test_a_client_cannot_renegotiate(authority: CertificateAuthority) -> None:
    async with platform(authority) as running:
        said, rest = await s_client(running, "R", "-tls1_2")
        assert b"Secure Renegotiation IS supported" in said + rest
        assert b"no renegotiation" in rest
        assert b"hello" not in rest


@pytest.mark.row(116)
@both_loops
async def test_a_client_that_offers_only_http_1_0_gets_its_handshake(authority: CertificateAuthority) -> None:
    async with platform(authority) as running:
        context = client_context(authority)
        context.set_alpn_protocols(["http/1.0"])
        reader, writer = await asyncio.open_connection("127.0.0.1", running.tls.port, ssl=context, server_hostname=NAME)
        writer.write(request(version=b"1.0"))
        assert status_of(await read_answer(reader)) == 200
        writer.close()
