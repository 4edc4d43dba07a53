"""A listening socket, with or without TLS, and all connections it has accepted.

A connection counts from the moment it is accepted, its TLS handshake included: who has too many pays for none, and a
flood of handshakes is bounded by the same limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import Final

from simulator.edge.accept import Acceptor, has_hung_up
from simulator.edge.connection import ClientConnection
from simulator.edge.door import Door
from simulator.wire.tls import Handshake, ServerCertificates, handshaking
from simulator.world.tasks import Tasks

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
        self._acceptor: Acceptor | None = None
        self._arrivals = Tasks("arrivals")  # handshakes
        self._unbegun: dict[ClientConnection, socket.socket] = {}  # accepted, their handshake is still to begin
        self._loop = asyncio.get_running_loop()
        self._sweeper: asyncio.TimerHandle | None = None
        self._empty: asyncio.Event = asyncio.Event()

    @property
    def port(self) -> int:
        assert self._acceptor is not None
        return self._acceptor.port

    @property
    def connections(self) -> int:
        """Those in their handshake too."""
        return len(self._connections)

    def open(self, host: str, port: int) -> None:
        """Raises OSError when the address cannot be had."""
        self._acceptor = Acceptor(host, port, self._door.limits.accept_backlog, self._arrived)
        self._sweep()

    async def close(self, drain_s: float | None = None) -> None:
        """Accept no more; let running requests end for `drain_s` (default: the limit `drain_s`); cut the rest."""
        if self._acceptor is None:
            return
        self._acceptor.close()
        await self._arrivals.close()
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

    def left(self, connection: ClientConnection) -> None:
        """It is over. An arrival that was cut off may say so twice."""
        if connection not in self._connections:
            return
        del self._connections[connection]
        count = self._per_client[connection.peer] - 1
        if count:
            self._per_client[connection.peer] = count
        else:
            del self._per_client[connection.peer]
        if not self._connections:
            self._empty.set()

    def look_in(self, after_s: float, connection: ClientConnection) -> None:
        # A timer's millisecond more, or it might come before its time.
        self._loop.call_later(after_s + 0.001, self._look, connection)

    def sni(self, transport: asyncio.Transport) -> str:
        tls = transport.get_extra_info("ssl_object")
        if tls is None or self._certificates is None:
            return ""
        context: ssl.SSLContext = tls.context
        return self._certificates.host_of(context)

    # --- arrivals ----------------------------------------------------------------------------------------------------

    def _arrived(self, accepted: socket.socket, peer: bytes) -> None:
        """Nothing has been done for it yet: the cheapest moment to say no."""
        limits = self._door.limits
        count = self._per_client.get(peer, 0)
        if len(self._connections) >= limits.connections_max or count >= limits.connections_per_client_max:
            accepted.close()
            return
        connection = ClientConnection(self._door, self, self._scheme, peer)
        self._connections[connection] = None
        self._per_client[peer] = count + 1
        self._unbegun[connection] = accepted
        arrival = self._arrivals.spawn(self._connect(connection, accepted), "handshake")
        arrival.add_done_callback(lambda _: self._arrival_over(connection))

    async def _connect(self, connection: ClientConnection, accepted: socket.socket) -> None:
        del self._unbegun[connection]
        certificates, limits = self._certificates, self._door.limits
        handshake = Handshake(accepted)
        handshaking.set(handshake)
        with contextlib.suppress(OSError):  # ssl.SSLError and TimeoutError among them: the client's fault
            try:
                await self._loop.connect_accepted_socket(
                    lambda: connection,
                    accepted,
                    ssl=certificates.context if certificates is not None else None,
                    ssl_handshake_timeout=limits.handshake_s if certificates is not None else None,
                    # How long a closed connection waits for the client's own close_notify.
                    ssl_shutdown_timeout=limits.linger_s if certificates is not None else None,
                )
            except ssl.SSLError:
                if handshake.plain is None:
                    raise
                await self._loop.connect_accepted_socket(lambda: connection, handshake.plain)
                connection.reject_plain()
            finally:
                if handshake.plain is not None and not connection.is_made:
                    handshake.plain.close()

    def _arrival_over(self, connection: ClientConnection) -> None:
        if not connection.is_made:
            self.left(connection)
        accepted = self._unbegun.pop(connection, None)
        if accepted is not None:  # cancelled before its first step: nobody owns the socket yet
            accepted.close()

    # -----------------------------------------------------------------------------------------------------------------

    async def _until_empty(self) -> None:
        while self._connections:
            self._empty.clear()
            await self._empty.wait()

    def _look(self, connection: ClientConnection) -> None:
        now_s = self._door.now_s()
        if connection in self._connections and now_s >= connection.deadline_s:
            connection.expire(now_s)

    def _sweep(self) -> None:
        now_s = self._door.now_s()
        # Nobody reads a connection that is held back, so nobody would notice its end.
        for connection in [each for each in self._connections if each.is_held_back]:
            if connection.client_socket is not None and has_hung_up(connection.client_socket):
                connection.reset()
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
    listener.open(host, port)
    return listener
