"""A front without sockets: a client connection, a gateway, a small pool and an instance, all on fake transports."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping
from typing import Any, cast

from simulator.edge.access_log import AccessLog
from simulator.edge.connection import DownstreamConnection
from simulator.edge.gateway import Gateway
from simulator.edge.plain import PlainGateway
from simulator.edge.ports import RequestHandler
from simulator.fleet.exchange import PooledExchange
from simulator.fleet.http.backend import HttpExchange
from simulator.fleet.instance import Instance
from simulator.fleet.ports import Exchange
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.rejection import OVERFLOW, Rejection, unchanged
from simulator.model.times import LoopTime
from simulator.wire.upstream import Caller, UpstreamConnection
from simulator.world.random_streams import RandomStreams

HOST = b"abcdefghij.eu-west-1.awsapprunner.localhost"
EPOCH_S = 1_796_000_000.0
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class FakeTransport(asyncio.Transport):
    def __init__(self, protocol: Any, *, half_close: bool = False) -> None:
        super().__init__()
        self.protocol = protocol
        self.written = bytearray()
        self.writes = 0
        self.closing = False
        self.aborted = False
        self.reading = True
        self.ended_writing = False
        self._half_close = half_close

    def write(self, data: Any) -> None:
        assert not self.closing, "written to a transport that is closing"
        self.writes += 1
        self.written += data

    def take(self) -> bytes:
        taken = bytes(self.written)
        self.written.clear()
        return taken

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_reading(self) -> bool:
        return self.reading

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = self.aborted = True

    def can_write_eof(self) -> bool:
        return self._half_close

    def write_eof(self) -> None:
        self.ended_writing = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("192.0.2.7", 50000) if name == "peername" else default

    def lose(self) -> None:
        """Lose the connection, as the event loop reports it."""
        self.closing = True
        self.protocol.connection_lost(None)


class FakeInstance:
    """An application whose connections are fake transports; the test defines its responses."""

    def __init__(self, limits: DataPlaneLimits) -> None:
        self.limits = limits
        self.links: list[UpstreamConnection] = []
        self.idle: list[UpstreamConnection] = []
        self.simulated: Exchange | None = None
        self.is_simulated = False
        self.connects_at_once = True
        self.rejects: Rejection | None = None  # connections are not opened, for this reason

    def begin(self, exchange: Exchange) -> None:
        if self.is_simulated:
            self.simulated = exchange
            return
        assert isinstance(exchange, HttpExchange)
        if self.idle:
            self.idle.pop().serve(exchange)
        else:
            self.repeat(exchange)

    def abort(self, exchange: Exchange) -> None:
        if isinstance(exchange, HttpExchange) and exchange.link is not None:
            exchange.link.drop()

    def connect(self) -> None:
        """Open the connection that was created last."""
        self.links[-1].connection_made(FakeTransport(self.links[-1]))

    @property
    def transport(self) -> FakeTransport:
        return cast("FakeTransport", self.links[-1]._transport)

    def answer(self, data: bytes) -> None:
        self.links[-1].data_received(data)

    # --- ConnectionOwner

    def forget(self, link: UpstreamConnection) -> None: ...

    def release(self, link: UpstreamConnection) -> None:
        self.idle.append(link)

    def repeat(self, caller: Caller) -> None:
        self.links.append(UpstreamConnection(self, caller))
        if self.rejects is not None:
            self.links[-1].reject(self.rejects)
        elif self.connects_at_once:
            self.connect()


class FakePool:
    """A pool of one instance with `capacity` slots. With `holds`, offered requests wait for `grant`."""

    service = "web"
    limits_silence = False
    answer = staticmethod(unchanged)

    def progressed(self, exchange: PooledExchange) -> None:
        raise AssertionError(exchange)  # only an Application Load Balancer limits silence

    def __init__(self, backend: Any, capacity: int = 100) -> None:
        self.backend = backend
        self.capacity = capacity
        self.holds = False
        self.in_flight = 0
        self.offered = 0
        self.finished = 0
        self.broken = 0
        self.exhausted = 0  # ended because the balancer itself has exhausted a resource
        self.others: deque[FakeInstance] = deque()  # instances for requests whose instance cannot be reached
        self.abandoned = 0
        # the other instance has to be activated first: the test begins the exchanges in `moved`
        self.redispatches_later = False
        self.moved: deque[PooledExchange] = deque()
        self.waiting: deque[PooledExchange] = deque()
        self.empty = asyncio.Event()  # no slot is occupied any more

    def offer(self, exchange: PooledExchange) -> None:
        self.offered += 1
        if self.holds:
            self.waiting.append(exchange)
        elif self.in_flight >= self.capacity:
            exchange.open = False
            exchange.fail(OVERFLOW)
        else:
            self._begin(exchange)

    def grant(self) -> None:
        self._begin(self.waiting.popleft())

    def finish(self, exchange: PooledExchange) -> None:
        assert exchange.open, "an exchange is finished once"
        exchange.open = False
        self.finished += 1
        self._freed()

    def broke(self, exchange: PooledExchange) -> None:
        self.broken += 1
        self.finish(exchange)

    def balancer_failed(self, exchange: PooledExchange) -> None:
        self.exhausted += 1
        self.finish(exchange)

    def redispatch(self, exchange: PooledExchange, avoiding: Collection[Instance]) -> bool:
        if not self.others:
            return False
        other = _Place(self.others.popleft())
        assert all(instance.backend is not other.backend for instance in avoiding)
        exchange.instance = cast("Instance", other)
        if self.redispatches_later:
            self.moved.append(exchange)
        else:
            exchange.begin()
        return True

    def abandon(self, exchange: PooledExchange) -> None:
        if exchange.open:
            exchange.open = False
            self.abandoned += 1
            if exchange in self.waiting:
                self.waiting.remove(exchange)
            else:
                self.backend.abort(exchange)
                self._freed()

    def _freed(self) -> None:
        self.in_flight -= 1
        if self.in_flight == 0:
            self.empty.set()

    def _begin(self, exchange: PooledExchange) -> None:
        self.empty.clear()
        self.in_flight += 1
        exchange.granted_s = exchange.begun_s = exchange.arrived_s
        exchange.instance = cast("Instance", _Place(self.backend))
        exchange.begin()


class _Place:
    number = 3
    wanted_s = ready_s = 0.0

    def __init__(self, backend: Any) -> None:
        self.backend = backend


class FakeCallbacks:
    def __init__(self) -> None:
        self.read_buffer = memoryview(bytearray(64 * 1024))
        self.name = ""

    def left(self, connection: DownstreamConnection) -> None: ...
    def schedule_check(self, after_s: float, connection: DownstreamConnection) -> None: ...

    def sni(self, transport: asyncio.Transport) -> str:
        return self.name

    @property
    def port(self) -> int:
        return 8443


class Front:
    """One client's connection and the platform behind it. `send` sends bytes as the client, `answer` as the
    application.
    """

    def __init__(
        self,
        limits: DataPlaneLimits | None = None,
        *,
        handler: RequestHandler | None = None,
        server_timing: bool = False,
        half_close: bool = False,
        websocket: bool = False,
        websocket_of: Mapping[str, bool] | None = None,
        plain: bool = False,
        access_log: AccessLog | None = None,
    ) -> None:
        self.limits = limits or DataPlaneLimits()
        self.now_s = LoopTime(1000.0)
        self.instance = FakeInstance(self.limits)
        self.upstream = FakePool(self.instance)
        profile = PlainGateway if plain else Gateway
        self.gateway = profile(
            self.limits,
            clock=lambda: self.now_s,
            epoch_s=lambda: EPOCH_S,
            streams=RandomStreams(1),
            server_timing=server_timing,
            websocket=websocket,
            websocket_of=websocket_of or {},
            access_log=access_log,
        )
        self.gateway.add(HOST.decode(), self.upstream)
        self.callbacks = FakeCallbacks()
        self.connection = DownstreamConnection(handler or self.gateway, self.callbacks, b"https", b"192.0.2.7")
        self.client = FakeTransport(self.connection, half_close=half_close)
        self.connection.connection_made(self.client)

    def end_client(self) -> None:
        """End the client's side of the connection, as the event loop reports it."""
        if not self.connection.eof_received():
            self.client.lose()

    def end_application(self) -> None:
        """End the application's side."""
        link = self.instance.links[-1]
        if not link.eof_received():
            link.connection_lost(None)

    def send(self, data: bytes) -> None:
        """Send bytes as the client, in reads of the event loop; nothing arrives on a closed transport."""
        for at in range(0, len(data), len(self.callbacks.read_buffer)):
            piece = data[at : at + len(self.callbacks.read_buffer)]
            if self.client.closing:
                return
            self.connection.get_buffer(-1)[: len(piece)] = piece
            self.connection.buffer_updated(len(piece))

    def answer(self, data: bytes = OK) -> None:
        self.instance.answer(data)

    def forwarded(self) -> bytes:
        """Return what the application has received since the last call."""
        return self.instance.transport.take()

    def received(self) -> bytes:
        """Return what the client has received since the last call."""
        return self.client.take()

    def passed(self, seconds: float) -> None:
        """Advance the time, without a check of the listener's time limits."""
        self.now_s = LoopTime(self.now_s + seconds)

    def wait(self, seconds: float) -> None:
        """Advance the time, and check the time limits once, as the listener does."""
        self.passed(seconds)
        connection = self.connection
        if self.now_s >= connection.deadline_s or self.now_s >= connection.stalled_s:
            connection.expire(self.now_s)


def request(
    method: bytes = b"GET", target: bytes = b"/", *lines: bytes, version: bytes = b"1.1", body: bytes = b""
) -> bytes:
    fields = b"".join(line + b"\r\n" for line in (b"Host: " + HOST, *lines))
    return b"%b %b HTTP/%b\r\n%b\r\n%b" % (method, target, version, fields, body)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def fields_of(message: bytes) -> list[tuple[bytes, bytes]]:
    """Return (name in lower case, value) for each field of the first head in `message`, in order."""
    lines = message.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    pairs = (line.partition(b":") for line in lines)
    return [(name.lower(), value.strip()) for name, _, value in pairs]


def values_of(message: bytes, name: bytes) -> list[bytes]:
    return [value for found, value in fields_of(message) if found == name]
