"""A listening socket, with or without TLS, and all connections that it has accepted.

A connection is counted from the moment it is accepted, thus also during its TLS handshake: connections above the limit
cause no handshake, and the same limits protect against a flood of handshakes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import Final

from simulator.edge.accept import Acceptor, has_hung_up
from simulator.edge.connection import DownstreamConnection
from simulator.edge.ports import RequestHandler
from simulator.model.exchange_state import IN_HANDSHAKE
from simulator.wire.tls import Handshake, ServerCertificates, handshaking
from simulator.world.tasks import Tasks

# The largest read of uvloop, so that a large upload arrives in few pieces. All connections share one buffer.
_INBOX_BYTES: Final = 256 * 1024


class Listener:
    """Owns its connections, counts them, and checks their time limits every `sweep_s`. Created by `listen`."""

    def __init__(self, handler: RequestHandler, certificates: ServerCertificates | None) -> None:
        self.read_buffer = memoryview(bytearray(_INBOX_BYTES))
        self._handler = handler
        self._certificates = certificates
        self._scheme = b"http" if certificates is None else b"https"
        self._connections: dict[DownstreamConnection, None] = {}
        self._per_client: dict[bytes, int] = {}
        self._acceptor: Acceptor | None = None
        self._arrivals = Tasks("arrivals")  # handshakes
        self._unbegun: dict[
            DownstreamConnection, socket.socket
        ] = {}  # accepted connections whose handshake has not begun
        self._loop = asyncio.get_running_loop()
        self._sweeper: asyncio.TimerHandle | None = None
        self._empty: asyncio.Event = asyncio.Event()

    @property
    def port(self) -> int:
        assert self._acceptor is not None
        return self._acceptor.port

    @property
    def connections(self) -> int:
        """The number of connections, including those in their handshake."""
        return len(self._connections)

    def open(self, host: str, port: int) -> None:
        """Open the socket. Raises OSError if the address is not available."""
        self._acceptor = Acceptor(host, port, self._handler.limits.accept_backlog, self._arrived)
        self._sweep()

    async def close(self, drain_s: float | None = None) -> None:
        """Stop accepting, let requests in progress end for `drain_s` (default: the limit `drain_s`), and abort the
        rest.
        """
        if self._acceptor is None:
            return
        self._acceptor.close()
        await self._arrivals.close()
        for connection in list(self._connections):
            connection.drain()
        try:
            async with asyncio.timeout(self._handler.limits.drain_s if drain_s is None else drain_s):
                await self._until_empty()
        except TimeoutError:
            for connection in list(self._connections):
                connection.reset()
            await self._until_empty()
        finally:
            if self._sweeper is not None:
                self._sweeper.cancel()

    # --- ListenerCallbacks, called by connections --------------------------------------------------------------------

    def left(self, connection: DownstreamConnection) -> None:
        """Remove a connection that has ended. Called twice if a connection is aborted during its handshake."""
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

    def schedule_check(self, after_s: float, connection: DownstreamConnection) -> None:
        # one millisecond more, because a timer may fire slightly early
        self._loop.call_later(after_s + 0.001, self._look, connection)

    def sni(self, transport: asyncio.Transport) -> str:
        tls = transport.get_extra_info("ssl_object")
        if tls is None or self._certificates is None:
            return ""
        context: ssl.SSLContext = tls.context
        return self._certificates.host_of(context)

    # --- arrivals ----------------------------------------------------------------------------------------------------

    def _arrived(self, accepted: socket.socket, peer: bytes) -> None:
        """Accept or reject a new connection. Nothing has been done for it yet, so rejecting it here costs least."""
        limits = self._handler.limits
        count = self._per_client.get(peer, 0)
        if len(self._connections) >= limits.connections_max or count >= limits.connections_per_client_max:
            accepted.close()
            return
        connection = DownstreamConnection(self._handler, self, self._scheme, peer)
        self._connections[connection] = None
        self._per_client[peer] = count + 1
        self._unbegun[connection] = accepted
        arrival = self._arrivals.spawn(self._connect(connection, accepted), "handshake")
        arrival.add_done_callback(lambda _: self._arrival_over(connection))

    async def _connect(self, connection: DownstreamConnection, accepted: socket.socket) -> None:
        del self._unbegun[connection]
        certificates, limits = self._certificates, self._handler.limits
        handshake = Handshake(accepted)
        handshaking.set(handshake)
        with contextlib.suppress(OSError):  # includes ssl.SSLError and TimeoutError, which the client causes
            try:
                await self._loop.connect_accepted_socket(
                    lambda: connection,
                    accepted,
                    ssl=certificates.context if certificates is not None else None,
                    ssl_handshake_timeout=limits.handshake_s if certificates is not None else None,
                    # The time for which a closed connection waits for the client's close_notify.
                    ssl_shutdown_timeout=limits.linger_s if certificates is not None else None,
                )
            except ssl.SSLError:
                if handshake.plain is None:
                    raise
                await self._loop.connect_accepted_socket(lambda: connection, handshake.plain)
                connection.reject_plain()
            finally:
                if handshake.plain is not None and connection.state in IN_HANDSHAKE:
                    handshake.plain.close()

    def _arrival_over(self, connection: DownstreamConnection) -> None:
        if connection.state in IN_HANDSHAKE:
            self.left(connection)
        accepted = self._unbegun.pop(connection, None)
        if accepted is not None:  # cancelled before its first step, so nothing else closes the socket
            accepted.close()

    # -----------------------------------------------------------------------------------------------------------------

    async def _until_empty(self) -> None:
        while self._connections:
            self._empty.clear()
            await self._empty.wait()

    def _look(self, connection: DownstreamConnection) -> None:
        now_s = self._handler.now_s()
        if connection in self._connections and now_s >= connection.deadline_s:
            connection.expire(now_s)

    def _sweep(self) -> None:
        now_s = self._handler.now_s()
        # A connection whose reading is paused is not read, so its end would not be detected.
        for connection in [each for each in self._connections if each.is_held_back]:
            if connection.client_socket is not None and has_hung_up(connection.client_socket):
                connection.reset()
        late = [each for each in self._connections if now_s >= each.deadline_s or now_s >= each.stalled_s]
        for connection in late:
            connection.expire(now_s)
        self._sweeper = self._loop.call_later(self._handler.limits.sweep_s, self._sweep)


async def listen(
    handler: RequestHandler, host: str, port: int, *, certificates: ServerCertificates | None = None
) -> Listener:
    """Accept connections on `host`:`port` (0: any free port) for `handler`; use TLS if there are `certificates`.

    Raises:
        OSError: if the address is not available.
    """
    listener = Listener(handler, certificates)
    listener.open(host, port)
    return listener
