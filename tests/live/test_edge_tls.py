"""Listener, gateway and connections to instances over real sockets: TLS in front, an HTTP application behind."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulator.edge.gateway import Gateway
from simulator.edge.listener import Listener, listen
from simulator.edge.redirect import Redirect
from simulator.fleet.http.backend import HttpService
from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.ca import CertificateAuthority
from simulator.wire.tls import ServerCertificates, client_context
from simulator.world.random_streams import RandomStreams
from simulator.world.running_loop import running_loop
from tests.edge.front import EPOCH_S, HOST, FakePool, body_of, request, status_of, values_of
from tests.live.waiting import until
from tests.loops import both_loops

NAME = HOST.decode()
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"), today())


def today() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 OpenSSL judges certificates by the real calendar


async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request, none of which has a body."""
    while await reader.readuntil(b"\r\n\r\n"):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


class Platform:
    """An application, its service, a gateway, and listeners with and without TLS."""

    def __init__(self, authority: CertificateAuthority, limits: DataPlaneLimits) -> None:
        self.limits = limits
        self.authority = authority
        self.application: asyncio.Server
        self.service: HttpService
        self.upstream: FakePool
        self.gateway: Gateway
        self.certificates: ServerCertificates
        self.tls: Listener
        self.plain: Listener
        self.plain_gateway: Listener  # the gateway without TLS
        self.handled: list[asyncio.Task[None]] = []
        self.wrote_to: list[asyncio.StreamWriter] = []

    async def open(self, handler: Handler) -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.wrote_to.append(writer)
            try:
                await handler(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass  # the balancer has closed its connection
            finally:
                writer.close()

        self.application = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = self.application.sockets[0].getsockname()[1]
        self.service = HttpService("127.0.0.1", port, self.limits)
        self.upstream = FakePool(self.service)
        clock = running_loop().time
        gateway = self.gateway = Gateway(self.limits, clock=clock, epoch_s=lambda: EPOCH_S, streams=RandomStreams(1))
        gateway.add(NAME, self.upstream)
        certificates = self.certificates = ServerCertificates(self.authority, today())
        certificates.add(NAME, today())
        self.tls = await listen(gateway, "127.0.0.1", 0, certificates=certificates)
        redirect = Redirect(self.tls.port, self.limits, clock=clock, epoch_s=lambda: EPOCH_S, knows=gateway.knows)
        self.plain = await listen(redirect, "127.0.0.1", 0)
        self.plain_gateway = await listen(gateway, "127.0.0.1", 0)

    async def close(self) -> None:
        await self.tls.close(0)
        await self.plain.close(0)
        await self.plain_gateway.close(0)
        await self.service.close()
        self.application.close()

    async def connect(self, name: str = NAME) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = client_context(self.authority)
        return await asyncio.open_connection("127.0.0.1", self.tls.port, ssl=context, server_hostname=name)


@asynccontextmanager
async def platform(
    authority: CertificateAuthority,
    handler: Handler = hello,
    limits: DataPlaneLimits | None = None,
    limit_s: float = 20,
) -> AsyncIterator[Platform]:
    running = Platform(authority, limits or DataPlaneLimits())
    await running.open(handler)
    try:
        async with asyncio.timeout(limit_s):
            yield running
    finally:
        await running.close()


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """Read a response with a Content-Length."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = values_of(head, b"content-length")
    return head + await reader.readexactly(int(lengths[0]) if lengths else 0)


@both_loops
async def test_requests_travel_over_tls_and_back_on_one_connection(authority: CertificateAuthority) -> None:
    async with platform(authority) as running:
        reader, writer = await running.connect()
        for _ in range(3):
            writer.write(request())
            assert body_of(await read_answer(reader)) == b"hello"
        assert len(running.wrote_to) == 1
        writer.close()


@pytest.mark.row(91)
@both_loops
async def test_parallel_clients_get_their_own_answers(authority: CertificateAuthority) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            target = head.split(b" ", 2)[1]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(target), target))

    async with platform(authority, echo) as running:
        clients = [await running.connect() for _ in range(20)]
        for round_ in range(5):
            for number, (_, writer) in enumerate(clients):
                writer.write(request(target=b"/%d/%d" % (number, round_)))
            answers = [body_of(await read_answer(reader)) for reader, _ in clients]
            assert answers == [b"/%d/%d" % (number, round_) for number in range(20)]
        for _, writer in clients:
            writer.close()


@pytest.mark.row(53)
@both_loops
async def test_a_large_body_goes_both_ways_byte_for_byte(authority: CertificateAuthority) -> None:
    size = 5_000_000
    content = bytes(range(251)) * (size // 251)

    async def mirror(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(len(content))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        await reader.read()

    async with platform(authority, mirror) as running:
        reader, writer = await running.connect()
        writer.write(request(b"POST", b"/", b"Content-Length: %d" % len(content), body=content))
        assert body_of(await read_answer(reader)) == content
        writer.close()


@pytest.mark.row(87)
@both_loops
async def test_backpressure_of_a_client_reaches_the_application(authority: CertificateAuthority) -> None:
    size = 64 * 1024 * 1024  # far more than all kernel buffers on the way
    stopped = asyncio.Event()
    piece = bytes(64 * 1024)

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(piece)):
            writer.write(piece)
            drained = asyncio.ensure_future(writer.drain())  # noqa: TID251 a client of the test
            await asyncio.wait((drained,), timeout=0.3)
            if not drained.done():
                stopped.set()
            await drained
        await reader.read()

    async with platform(authority, flood) as running:
        reader, writer = await running.connect()
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(request())
        await stopped.wait()
        held = sum(
            connection._transport.get_write_buffer_size()
            for connection in running.tls._connections
            if connection._transport is not None
        )
        # The high-water mark, and the read from the application that exceeded it.
        assert held <= running.limits.write_buffer_bytes + 512 * 1024
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        await reader.readuntil(b"\r\n\r\n")
        read = 0
        while read < size:
            read += len(await reader.read(1 << 20))
        assert read == size
        writer.close()


@pytest.mark.row(88)
@both_loops
async def test_backpressure_of_an_application_reaches_the_client(authority: CertificateAuthority) -> None:
    size = 64 * 1024 * 1024
    may_read = asyncio.Event()

    async def lazy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await may_read.wait()
        read = 0
        while read < size:
            read += len(await reader.read(1 << 20))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nread")
        await writer.drain()
        await reader.read()

    async with platform(authority, lazy) as running:
        reader, writer = await running.connect()
        writer.write(request(b"POST", b"/", b"Content-Length: %d" % size))
        piece, sent = bytes(64 * 1024), 0
        while sent < size:
            writer.write(piece)
            sent += len(piece)
            try:
                await asyncio.wait_for(writer.drain(), 0.3)
            except TimeoutError:
                may_read.set()
        assert may_read.is_set(), "the client was never held back"
        assert body_of(await read_answer(reader)) == b"read"
        writer.close()


@pytest.mark.row(83)
@both_loops
async def test_a_disconnected_client_frees_its_slot_and_the_applications_connection(
    authority: CertificateAuthority,
) -> None:
    begun, cut = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        begun.set()
        try:
            await reader.read()
        finally:
            cut.set()

    async with platform(authority, slow) as running:
        _, writer = await running.connect()
        writer.write(request())
        await begun.wait()
        assert running.upstream.in_flight == 1
        writer.transport.abort()
        await running.upstream.empty.wait()
        await cut.wait()
        assert running.upstream.abandoned == 1


@both_loops
async def test_the_plain_port_redirects(authority: CertificateAuthority) -> None:
    async with platform(authority) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.plain.port)
        writer.write(request(target=b"/x?y"))
        answer = await read_answer(reader)
        assert status_of(answer) == 301
        assert values_of(answer, b"location") == [b"https://%b:%d/x?y" % (HOST, running.tls.port)]
        writer.close()


@pytest.mark.row(118)
@both_loops
async def test_plain_http_to_the_tls_port_is_closed(authority: CertificateAuthority) -> None:
    async with platform(authority) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.tls.port)
        writer.write(request())
        assert not (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()


@pytest.mark.row(106)
@both_loops
async def test_a_handshake_that_stalls_is_closed(authority: CertificateAuthority) -> None:
    async with platform(authority, limits=DataPlaneLimits(handshake_s=0.1)) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.tls.port)
        assert await reader.read() == b""
        writer.close()


@pytest.mark.row(99)
@both_loops
async def test_a_slow_head_gets_408_at_the_listeners_time_limit(authority: CertificateAuthority) -> None:
    async with platform(authority, limits=DataPlaneLimits(head_s=0.1, linger_s=0.05, sweep_s=0.02)) as running:
        reader, writer = await running.connect()
        writer.write(b"GET / HTTP/1.1\r\n")
        assert status_of(await reader.read()) == 408
        writer.close()


@both_loops
async def test_a_client_has_no_more_connections_than_its_share(authority: CertificateAuthority) -> None:
    async with platform(authority, limits=DataPlaneLimits(connections_per_client_max=1)) as running:
        reader, writer = await running.connect()
        writer.write(request())
        await read_answer(reader)
        with pytest.raises(ConnectionError):
            await running.connect()
        writer.write(request())
        assert status_of(await read_answer(reader)) == 200
        writer.close()
        await until(lambda: running.tls.connections == 0)
        _, again = await running.connect()  # the place of the closed connection is free again
        again.close()


@both_loops
async def test_a_connection_over_the_limit_is_closed_before_its_handshake(authority: CertificateAuthority) -> None:
    async with platform(authority, limits=DataPlaneLimits(connections_max=1)) as running:
        # this client has not sent a ClientHello, and counts
        silent = await asyncio.open_connection("127.0.0.1", running.tls.port)
        await until(lambda: running.tls.connections == 1)
        reader, writer = await asyncio.open_connection("127.0.0.1", running.tls.port)
        assert await reader.read() == b""
        for each in (writer, silent[1]):
            each.close()


@both_loops
async def test_closing_the_listener_ends_handshakes(authority: CertificateAuthority) -> None:
    async with platform(authority) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.tls.port)
        await until(lambda: running.tls.connections == 1)
        await running.tls.close(0)
        assert await reader.read() == b""
        assert running.tls.connections == 0
        writer.close()


@both_loops
async def test_a_closed_listener_accepts_nothing(authority: CertificateAuthority) -> None:
    async with platform(authority) as running:
        port = running.plain.port
        await running.plain.close(0)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


@both_loops
async def test_a_client_that_disconnects_while_its_upload_is_paused_is_noticed(authority: CertificateAuthority) -> None:
    """The end has to be detected although the client's socket is not read while the application does not read."""

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.get_running_loop().create_future()

    async with platform(authority, never, DataPlaneLimits(sweep_s=0.05)) as running:
        _, writer = await running.connect()
        writer.write(request(b"POST", b"/", b"Content-Length: %d" % (1 << 30)))
        while not any(connection.is_held_back for connection in running.tls._connections):
            writer.write(bytes(1 << 18))
            await asyncio.sleep(0)
        writer.transport.abort()
        await running.upstream.empty.wait()
        assert running.upstream.abandoned == 1


@both_loops
async def test_a_certificate_is_renewed_while_a_connection_is_open(authority: CertificateAuthority) -> None:
    async with platform(authority) as running:
        before, old = await running.connect()
        old.write(request())
        assert status_of(await read_answer(before)) == 200
        later = today() + timedelta(days=25)  # the certificate expires in five
        assert running.certificates.renew(later) == [NAME]
        running.certificates.add(NAME, today())
        after, new = await running.connect()
        for reader, writer in ((before, old), (after, new)):
            writer.write(request())
            assert body_of(await read_answer(reader)) == b"hello"
        assert certificate_of(old) != certificate_of(new)
        for writer in (old, new):
            writer.close()


@both_loops
async def test_a_host_is_added_and_removed_while_connections_are_open(authority: CertificateAuthority) -> None:
    custom = "www.example.test"
    async with platform(authority) as running:
        reader, writer = await running.connect()
        message = request().replace(HOST, custom.encode())
        writer.write(message)
        assert status_of(await reader.readuntil(b"0\r\n\r\n")) == 404
        running.certificates.add(custom, today())
        running.gateway.add(custom, running.upstream)
        writer.write(message)
        assert status_of(await read_answer(reader)) == 200
        other, its_writer = await running.connect(custom)  # the client verifies it for this name
        its_writer.write(message)
        assert status_of(await read_answer(other)) == 200
        running.gateway.remove(custom)
        running.certificates.remove(custom)
        its_writer.write(message)
        assert status_of(await other.readuntil(b"0\r\n\r\n")) == 404
        for each in (writer, its_writer):
            each.close()


def certificate_of(writer: asyncio.StreamWriter) -> bytes:
    found: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return found


@pytest.mark.row(113)
@both_loops
async def test_closing_lets_the_running_request_end(authority: CertificateAuthority) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def gated(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        begun.set()
        await go.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await reader.read()

    async with platform(authority, gated) as running:
        reader, writer = await running.connect()
        idle_reader, idle_writer = await running.connect()
        writer.write(request())
        await begun.wait()
        closing = asyncio.ensure_future(running.tls.close())  # noqa: TID251 the test's own
        assert await idle_reader.read() == b""
        idle_writer.close()
        go.set()
        answer = await read_answer(reader)
        assert (body_of(answer), values_of(answer, b"connection")) == (b"hello", [b"close"])
        writer.close()
        await closing
        assert running.tls.connections == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@both_loops
async def test_curl_gets_an_answer(authority: CertificateAuthority, tmp_path: Path) -> None:
    async with platform(authority) as running:
        port = running.tls.port
        curl = await asyncio.create_subprocess_exec(
            *("curl", "-sS", "--noproxy", "*", "--cacert", str(authority.certificate_path)),
            *("--resolve", f"{NAME}:{port}:127.0.0.1", "-w", " %{http_code} %{http_version} %{ssl_verify_result}"),
            f"https://{NAME}:{port}/",
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await curl.communicate()
        assert out == b"hello 200 1.1 0"


@pytest.mark.row(82)
@both_loops
async def test_half_closed_tcp_counts_as_a_disconnected_client(authority: CertificateAuthority) -> None:
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with platform(authority, never) as running:
        loop = asyncio.get_running_loop()
        plain = await listen(running.tls._handler, "127.0.0.1", 0)
        client = socket.socket()
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", plain.port))
        await loop.sock_sendall(client, request())
        client.shutdown(socket.SHUT_WR)
        await running.upstream.empty.wait()
        assert running.upstream.abandoned == 1
        client.close()
        await plain.close(0)
