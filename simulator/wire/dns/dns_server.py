"""The listeners of the DNS server: UDP and TCP on one port of loopback. They use callbacks and no tasks."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from typing import Any, Final, Self

from simulator.wire.dns.zones import Zones
from simulator.wire.listening import CannotListen, listening

HOST: Final = "127.0.0.1"  # not reachable from other machines
_IDLE_S: Final = 10.0  # idle time after which a TCP connection is closed (RFC 7766, section 6.2.3: a few seconds)
_CONNECTIONS_MAX: Final = 128
_UNREAD_MAX: Final = 1 << 20  # bytes of responses that a client has not read
_TRIES: Final = 16  # to find a port that is free for UDP and for TCP


class DnsServer:
    """Responds to queries from `zones`, from `open` until `close`."""

    def __init__(self, zones: Zones, port: int) -> None:
        self._zones = zones
        self._wanted = port
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self.connections: set[_Stream] = set()

    @property
    def port(self) -> int:
        assert self._udp is not None, "the DNS is not open"
        port: int = self._udp.get_extra_info("sockname")[1]
        return port

    async def open(self) -> None:
        """Listen on UDP and TCP. Raises OSError if the port is not available; port 0 selects any free one."""
        loop = asyncio.get_running_loop()
        for left in reversed(range(_TRIES if self._wanted == 0 else 1)):
            with listening(HOST, self._wanted), contextlib.ExitStack() as failing:
                bound = failing.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                bound.setblocking(False)
                bound.bind((HOST, self._wanted))
                self._udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self._zones), sock=bound)
                failing.pop_all()
            try:
                with listening(HOST, self.port):
                    self._tcp = await loop.create_server(lambda: _Stream(self, self._zones), HOST, self.port)
            except CannotListen as error:
                await self.close()
                self._udp = None
                if error.errno != errno.EADDRINUSE or not left:
                    raise
            else:
                return

    async def close(self) -> None:
        if self._tcp is not None:
            self._tcp.close()
        for each in list(self.connections):
            each.abort()
        if self._udp is not None:
            self._udp.close()
        await asyncio.sleep(0)  # the transports close in the next iteration of the event loop

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport) or hasattr(transport, "sendto")
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        answer = self._zones.answer(data, over_udp=True)
        if answer is not None and self._transport is not None:
            with contextlib.suppress(OSError):  # the client has closed its socket
                self._transport.sendto(answer, addr)


class _Stream(asyncio.Protocol):
    """A TCP connection. Each message follows its length in two bytes (RFC 7766); queries may be pipelined."""

    def __init__(self, server: DnsServer, zones: Zones) -> None:
        self._server = server
        self._zones = zones
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        if len(self._server.connections) >= _CONNECTIONS_MAX:
            self.abort()
            return
        self._server.connections.add(self)
        self._wait()

    def data_received(self, data: bytes) -> None:
        transport = self._transport
        if transport is None:
            return
        self._buffer += data
        while len(self._buffer) >= 2:
            end = 2 + int.from_bytes(self._buffer[:2])
            if len(self._buffer) < end:
                return
            message = bytes(self._buffer[2:end])
            del self._buffer[:end]
            answer = self._zones.answer(message, over_udp=False)
            if answer is None or transport.get_write_buffer_size() > _UNREAD_MAX:
                self.abort()
                return
            transport.write(len(answer).to_bytes(2) + answer)
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._server.connections.discard(self)
        self._transport = None
        if self._idle is not None:
            self._idle.cancel()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _wait(self) -> None:
        """Restart the idle time. It is not extended by the bytes of an unfinished query."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(_IDLE_S, self.abort)
