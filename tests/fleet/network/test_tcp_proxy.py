from __future__ import annotations

import asyncio
import contextlib
import socket

from simulator.fleet.network.tcp_proxy import TcpProxy


def listening() -> socket.socket:
    made = socket.create_server(("127.0.0.1", 0))
    made.setblocking(False)
    return made


async def upside_down(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with the reversed input once the other side has ended its part."""
    said = await reader.read()
    writer.write(said[::-1])
    writer.close()


async def test_bytes_and_the_end_of_a_side_are_forwarded_both_ways() -> None:
    target = await asyncio.start_server(upside_down, "127.0.0.1", 0)
    relay = TcpProxy("127.0.0.1", target.sockets[0].getsockname()[1])
    handler = listening()
    await relay.open(handler)
    try:
        reader, writer = await asyncio.open_connection(*handler.getsockname())
        said = bytes(range(256)) * 2000  # more than any buffer on the way holds
        writer.write(said)
        writer.write_eof()
        async with asyncio.timeout(60):
            assert await reader.read() == said[::-1]
        writer.close()
        await writer.wait_closed()
    finally:
        await relay.close()
        target.close()


async def test_a_connection_to_a_closed_port_ends() -> None:
    free = listening()
    port = free.getsockname()[1]
    free.close()
    relay = TcpProxy("127.0.0.1", port)
    handler = listening()
    await relay.open(handler)
    try:
        reader, writer = await asyncio.open_connection(*handler.getsockname())
        async with asyncio.timeout(60):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
    finally:
        await relay.close()


async def test_closing_cuts_connections_and_frees_the_port() -> None:
    heard, ended = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        heard.set()
        await reader.read()
        ended.set()
        writer.close()

    target = await asyncio.start_server(silent, "127.0.0.1", 0)
    relay = TcpProxy("127.0.0.1", target.sockets[0].getsockname()[1])
    handler = listening()
    address = handler.getsockname()
    await relay.open(handler)
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"x")
    async with asyncio.timeout(60):
        await heard.wait()
        await relay.close()
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        await ended.wait()
    writer.close()
    target.close()
    socket.create_server(address).close()
