"""A server for tests of the load client, on real sockets: it responds to every request after `delay_s`, or as `script`
defines.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import httptools

from simulator.records.request_log import RuleNumbers
from simulator.traffic.live.client import LoadClient
from simulator.traffic.live.settings import LoadLimits, LoadTarget
from simulator.world.running_loop import running_loop

TIMING = b'server-timing: queue;dur=1, service;dur=2.5, instance;desc="3"\r\n'
ANSWER = b"HTTP/1.1 200 OK\r\n" + TIMING + b"content-length: 2\r\n\r\nhi"


class Rows:
    """Stores the outcomes that the load client records."""

    def __init__(self) -> None:
        self.rules = RuleNumbers()
        self.rows: list[tuple[float, ...]] = []

    def add(
        self, source: int, intended_s: float, latency_s: float, queue_s: float, cold_s: float, service_s: float,
        status: int, instance: int, late_s: float,
    ) -> None:  # fmt: skip
        self.rows.append((source, intended_s, latency_s, queue_s, cold_s, service_s, status, instance, late_s))

    @property
    def sources(self) -> list[float]:
        return [row[0] for row in self.rows]

    @property
    def latencies_s(self) -> list[float]:
        return [row[2] for row in self.rows]

    @property
    def statuses(self) -> list[float]:
        return [row[6] for row in self.rows]


class Server:
    """`script(n)` returns the bytes for the n-th request, from 0. None sends nothing at all, b"" closes the
    connection.
    """

    def __init__(self, delay_s: float, script: Callable[[int], bytes | None]) -> None:
        self.delay_s = delay_s
        self.script = script
        self.requests = 0
        self.heads: list[bytes] = []
        self.bodies: list[int] = []
        self.open: dict[asyncio.BaseTransport, None] = {}
        self.connections = 0
        self.in_flight_max = 0
        self.in_flight = 0
        self.port = 0


class _Conversation(asyncio.Protocol):
    def __init__(self, server: Server) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._fields: list[bytes] = []
        self._target = b""
        self._body = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._server.open[transport] = None
        self._server.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.open.pop(self._transport, None)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._target = url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append(name + b": " + value)

    def on_body(self, body: bytes) -> None:
        self._body += len(body)

    def on_message_complete(self) -> None:
        server = self._server
        server.heads.append(b"\n".join([self._parser.get_method() + b" " + self._target, *self._fields]))
        server.bodies.append(self._body)
        self._fields, self._body = [], 0
        number, server.requests = server.requests, server.requests + 1
        server.in_flight += 1
        server.in_flight_max = max(server.in_flight_max, server.in_flight)
        asyncio.get_running_loop().call_later(server.delay_s, self._answer, number)

    def _answer(self, number: int) -> None:
        self._server.in_flight -= 1
        said = self._server.script(number)
        if said:
            self._transport.write(said)
        elif said == b"":
            self._transport.close()


@asynccontextmanager
async def serving(
    delay_s: float = 0.0,
    script: Callable[[int], bytes | None] = lambda _: ANSWER,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Server]:
    server = Server(delay_s, script)
    listener = await asyncio.get_running_loop().create_server(lambda: _Conversation(server), "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for transport in list(server.open):
            cast("asyncio.Transport", transport).abort()
        await listener.wait_closed()
        await asyncio.sleep(0)  # aborted connections are notified in the next iteration of the event loop


def client_of(
    server: Server, rows: Rows, limits: LoadLimits | None = None, tls: ssl.SSLContext | None = None
) -> LoadClient:
    loop = running_loop()
    return LoadClient(LoadTarget("svc.localhost", server.port, tls), rows, loop.time(), limits or LoadLimits())
