"""A listening socket, with or without TLS, and all connections it has accepted."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

from simulator.edge.connection import ClientConnection
from simulator.edge.door import Door
from simulator.wire.tls import ServerCertificates

# As much as uvloop hands on at once: a large upload comes in few pieces, and it is one buffer for all connections.
_INBOX_BYTES: Final = 256 * 1024


class Listener:
    """Made by `listen`. Owns its connections, counts them, and looks at their time limits every `sweep_s`."""

    def __init__(self, door: Door, certificates: ServerCertificates | None) -> None:
        self.inbox = memoryview(bytearray(_INBOX_BYTES))
        self._door = door
        self._certificates = certificates
        self._scheme = b"http" if certificates is None else b"https"
        self._connections: dict[ClientConnection, None] = {}
        self._per_client: dict[bytes, int] = {}
        self._server: asyncio.Server | None = None
        self._loop = asyncio.get_running_loop()
        self._sweeper: asyncio.TimerHandle | None = None
        self._empty: asyncio.Event = asyncio.Event()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        return len(self._connections)

    async def open(self, host: str, port: int) -> None:
        """Raises OSError when the address cannot be had."""
        limits = self._door.limits
        tls = self._certificates is not None
        self._server = await self._loop.create_server(
            lambda: ClientConnection(self._door, self, self._scheme),
            host,
            port,
            ssl=self._certificates.context if self._certificates is not None else None,
            backlog=limits.accept_backlog,
            ssl_handshake_timeout=limits.handshake_s if tls else None,
            # How long a closed connection waits for the client's own close_notify.
            ssl_shutdown_timeout=limits.linger_s if tls else None,
        )
        self._sweep()

    async def close(self, drain_s: float | None = None) -> None:
        """Accept no more; let running requests end for `drain_s` (default: the limit `drain_s`); cut the rest."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._connections):
            connection.drain()
        try:
            async with asyncio.timeout(self._door.limits.drain_s if drain_s is None else drain_s):
                await self._until_empty()
        except TimeoutError:
            for connection in list(self._connections):
                connection.reset()
            await self._until_empty()
        finally:
            if self._sweeper is not None:
                self._sweeper.cancel()

    # --- Reception, for the connections ------------------------------------------------------------------------------

    def joined(self, connection: ClientConnection) -> bool:
        self._connections[connection] = None
        count = self._per_client.get(connection.peer, 0) + 1
        self._per_client[connection.peer] = count
        limits = self._door.limits
        return len(self._connections) <= limits.connections_max and count <= limits.connections_per_client_max

    def left(self, connection: ClientConnection) -> None:
        del self._connections[connection]
        count = self._per_client[connection.peer] - 1
        if count:
            self._per_client[connection.peer] = count
        else:
            del self._per_client[connection.peer]
        if not self._connections:
            self._empty.set()

    def sni(self, transport: asyncio.Transport) -> str:
        tls = transport.get_extra_info("ssl_object")
        if tls is None or self._certificates is None:
            return ""
        context: ssl.SSLContext = tls.context
        return self._certificates.host_of(context)

    # -----------------------------------------------------------------------------------------------------------------

    async def _until_empty(self) -> None:
        while self._connections:
            self._empty.clear()
            await self._empty.wait()

    def _sweep(self) -> None:
        now_s = self._door.now_s()
        late = [each for each in self._connections if now_s >= each.deadline_s or now_s >= each.stalled_s]
        for connection in late:
            connection.expire(now_s)
        self._sweeper = self._loop.call_later(self._door.limits.sweep_s, self._sweep)


async def listen(door: Door, host: str, port: int, *, certificates: ServerCertificates | None = None) -> Listener:
    """Accept connections on `host`:`port` (0: any free one) for `door`; TLS when there are `certificates`.

    Raises:
        OSError: when the address cannot be had.
    """
    listener = Listener(door, certificates)
    await listener.open(host, port)
    return listener
