"""Access to the internet for processes in their own network: TCP connections, and DNS queries.

The packet filter redirects their TCP connections to a proxy in this process, which asks the kernel for the original
destination. So no route and no network setting of this machine changes. UDP is dropped, except DNS queries, which are
forwarded to this machine's name server.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from pathlib import Path
from typing import Final, cast

from simulator.fleet.network.tcp_proxy import TcpProxy

_ORIGINAL_DESTINATION: Final = 80  # SO_ORIGINAL_DST of linux/netfilter_ipv4.h; the option's value is a sockaddr_in
_ADDRESS_BYTES: Final = 16
_CONNECTIONS_MAX: Final = 4096
_DNS_PORT: Final = 53
_ANSWER_S_MAX: Final = 5.0
_QUERIES_MAX: Final = 256  # of one forwarder at a time, because each has a file descriptor
_RESOLVER: Final = Path("/etc/resolv.conf")

_SocketAddress = tuple[str, int]


class InternetProxy(TcpProxy):
    """Forwards each connection to its destination before the packet filter redirected it."""

    def __init__(self) -> None:
        super().__init__("", 0, _CONNECTIONS_MAX)

    def target(self, writer: asyncio.StreamWriter) -> _SocketAddress:
        with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as accepted:
            given = accepted.getsockopt(socket.SOL_IP, _ORIGINAL_DESTINATION, _ADDRESS_BYTES)
            port, address = struct.unpack("!2xH4s8x", given)
            if (socket.inet_ntoa(address), port) == accepted.getsockname():
                raise ConnectionAbortedError("not redirected")
            return socket.inet_ntoa(address), port


class DnsForwarder(asyncio.DatagramProtocol):
    """Forwards queries to a name server, and its answers to the clients. Created by `forward_dns`."""

    def __init__(self, server: _SocketAddress) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._pending: dict[_DnsQuery, asyncio.TimerHandle] = {}
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: _SocketAddress) -> None:
        if len(self._pending) >= _QUERIES_MAX:
            return  # without an answer, the client repeats the query
        try:
            query = _DnsQuery(self, data, addr, self._server)
        except OSError:  # this process has no more file descriptors
            return
        self._pending[query] = self._loop.call_later(_ANSWER_S_MAX, self.end, query)

    def answer(self, data: bytes, client: _SocketAddress) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(data, client)

    def end(self, query: _DnsQuery) -> None:
        timer = self._pending.pop(query, None)
        if timer is not None:
            timer.cancel()
            query.close()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        for query in list(self._pending):
            self.end(query)


class _DnsQuery:
    """One query. It has its own socket, so that the answer cannot be mistaken for that of another query."""

    def __init__(self, forwarder: DnsForwarder, data: bytes, client: _SocketAddress, server: _SocketAddress) -> None:
        self._forwarder = forwarder
        self._client = client
        self._loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.connect(server)
            self._socket.send(data)
        except OSError:
            return  # without an answer, the client repeats the query
        self._loop.add_reader(self._socket, self._answered)

    def _answered(self) -> None:
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:  # for example ECONNREFUSED: the name server does not listen
            data = b""
        if data:
            self._forwarder.answer(data, self._client)
        self._forwarder.end(self)

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()


async def forward_dns(host: str, server: _SocketAddress) -> tuple[asyncio.DatagramTransport, int]:
    """Forward DNS queries that arrive at a free UDP port of `host`.

    Return the transport, which the caller closes, and the port.
    """
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: DnsForwarder(server), local_addr=(host, 0))
    return transport, transport.get_extra_info("sockname")[1]


def name_server(file: Path = _RESOLVER) -> _SocketAddress | None:
    """Return the address and port of this machine's first name server; None if it has none."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    servers = (words[1] for words in map(str.split, lines) if len(words) > 1 and words[0] == "nameserver")
    first = next(servers, None)
    return None if first is None else (first, _DNS_PORT)
