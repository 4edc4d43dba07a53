"""A TCP proxy: forwards the connections of a listening socket to an address, unchanged."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Final

from simulator.world.tasks import Tasks

CONNECTIONS_MAX: Final = 256
_PIECE_BYTES: Final = 64 * 1024


class TcpProxy:
    """Forwards connections to `host` and `port`. Create it in a running loop; the caller must call `close`."""

    def __init__(self, host: str, port: int, connections_max: int = CONNECTIONS_MAX) -> None:
        self._host = host
        self._port = port
        self._connections_max = connections_max
        self._tasks = Tasks("relay")
        self._connections = 0
        self._server: asyncio.Server | None = None

    async def open(self, listening: socket.socket) -> None:
        """Start to serve the socket, which the proxy owns and closes from now on."""
        self._server = await asyncio.start_server(self._connected, sock=listening)

    async def close(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
        await self._tasks.close()

    def target(self, writer: asyncio.StreamWriter) -> tuple[str, int]:
        """Return the destination of a client's connection. Raises OSError if there is none."""
        del writer
        return self._host, self._port

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._connections >= self._connections_max:
            writer.transport.abort()
            return
        self._connections += 1
        self._tasks.spawn(self._forward(reader, writer), "connection")

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward in both directions until both sides have closed, or one has failed."""
        there: asyncio.StreamWriter | None = None
        try:
            with contextlib.suppress(OSError):  # if connecting fails or a side breaks, both are closed below
                back, there = await asyncio.open_connection(*self.target(writer))
                async with Tasks("proxied connection") as tasks:
                    ways = [
                        tasks.spawn(_pour(reader, there), "there"),
                        tasks.spawn(_pour(back, writer), "back"),
                    ]
                    await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            self._connections -= 1
            writer.transport.abort() if there is None else writer.close()
            if there is not None:
                there.close()


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while piece := await source.read(_PIECE_BYTES):
        sink.write(piece)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()
