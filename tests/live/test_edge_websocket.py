"""The tunnel of a WebSocket over real sockets, with TLS, where no side can be closed alone here, and without."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from simulator.edge.gateway import Gateway
from simulator.edge.listener import listen
from simulator.wire.ca import CertificateAuthority
from simulator.world.random_streams import RandomStreams
from simulator.world.running_loop import running_loop
from tests.edge.front import EPOCH_S, status_of
from tests.edge.test_websocket import AGREED, ASK
from tests.live.test_edge_tls import NAME, Platform, platform, today
from tests.loops import both_loops


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(Path(tmp_path_factory.mktemp("ca")), today())


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept the upgrade, echo all bytes, and send a last message when the client has ended its side."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(AGREED)
    while piece := await reader.read(1 << 16):
        writer.write(piece)
        await writer.drain()
    writer.write(b"goodbye")
    writer.write_eof()


async def speak_first_and_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(AGREED + b"that was all")


def allow_websockets(running: Platform) -> Gateway:
    clock = running_loop().time
    gateway = Gateway(running.limits, clock=clock, epoch_s=lambda: EPOCH_S, streams=RandomStreams(1), websocket=True)
    gateway.add(NAME, running.upstream)
    return gateway


@both_loops
async def test_a_large_message_comes_back_through_tls(authority: CertificateAuthority) -> None:
    async with platform(authority, echo) as running:
        running.tls._handler = allow_websockets(running)
        reader, writer = await running.connect()
        writer.write(ASK)
        assert status_of(await reader.readuntil(b"\r\n\r\n")) == 101
        message = bytes(range(256)) * 8192
        writer.write(message)
        assert await reader.readexactly(len(message)) == message
        assert running.upstream.in_flight == 1
        writer.close()
        await running.upstream.empty.wait()


@both_loops
async def test_an_application_that_ends_ends_the_tunnel_through_tls(authority: CertificateAuthority) -> None:
    async with platform(authority, speak_first_and_end) as running:
        running.tls._handler = allow_websockets(running)
        reader, writer = await running.connect()
        writer.write(ASK)
        assert (await reader.read()).endswith(b"\r\n\r\nthat was all")
        await running.upstream.empty.wait()
        writer.close()


@both_loops
async def test_without_tls_each_side_ends_its_own(authority: CertificateAuthority) -> None:
    async with platform(authority, echo) as running:
        plain = await listen(allow_websockets(running), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", plain.port)
        writer.write(ASK)
        assert status_of(await reader.readuntil(b"\r\n\r\n")) == 101
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        writer.write_eof()
        assert await reader.read() == b"goodbye"
        await running.upstream.empty.wait()
        assert (running.upstream.finished, running.upstream.abandoned) == (1, 0)
        writer.close()
        await plain.close(0)
