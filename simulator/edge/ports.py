"""The interfaces between a connection, the code that decides about each request, and the listener."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Protocol, TypeVar

from simulator.edge.access_log_entry import AccessLogEntry
from simulator.fleet.exchange import PooledExchange
from simulator.fleet.instance import Instance
from simulator.model.exchange_state import ConnectionState
from simulator.model.rejection import Rejection
from simulator.model.times import LoopTime

if TYPE_CHECKING:  # a run in virtual time has no connections
    from simulator.model.data_plane import DataPlaneLimits
    from simulator.wire.http1.local_replies import LocalReply
    from simulator.wire.http1.request import FieldTable, RequestHead
    from simulator.wire.http1.response import ResponseHead

ConnectionT_contra = TypeVar("ConnectionT_contra", contravariant=True)


class Upstream(Protocol):
    """The part of a service's pool (fleet/pool/pool.py) that the edge uses. Each offered exchange is released exactly
    once.
    """

    @property
    def service(self) -> str:
        """The name of the service."""

    @property
    def limits_silence(self) -> bool:
        """True if the time limit of a request begins again with each byte, which `progressed` reports."""

    @property
    def answer(self) -> Callable[[Rejection], Rejection]:
        """Turns a rejection into the answer that clients of this service get."""

    def progressed(self, exchange: PooledExchange) -> None: ...
    def offer(self, exchange: PooledExchange) -> None: ...
    def finish(self, exchange: PooledExchange) -> None: ...
    def broke(self, exchange: PooledExchange) -> None: ...
    def balancer_failed(self, exchange: PooledExchange) -> None: ...
    def redispatch(self, exchange: PooledExchange, avoiding: Collection[Instance]) -> bool: ...
    def abandon(self, exchange: PooledExchange) -> None: ...


class Downstream(Protocol):
    """The origin of a request: `scheme` and `port` of the listener, and the client's address `peer`."""

    scheme: bytes
    peer: bytes

    @property
    def port(self) -> int: ...


class ExchangeView(Protocol):
    """An exchange (exchange.py), in progress or ended, as request handlers and logs see it."""

    request: RequestHead
    instance: Instance | None
    upstream_host: str
    tried: tuple[Instance, ...]
    added: bytes
    arrived_s: LoopTime
    granted_s: LoopTime
    begun_s: LoopTime
    answered_s: LoopTime
    cold_s: float
    received_bytes: int
    sent_bytes: int

    @property
    def connection(self) -> Downstream: ...

    @property
    def upstream(self) -> Upstream: ...

    def queue_s(self, now_s: LoopTime, /) -> float:
        """Return the time in the queue, in seconds, without the part caused by the start or activation of an
        instance.
        """


class EntryLog(Protocol):
    """Records finished requests."""

    def served(self, exchange: ExchangeView, status: int, cause: str, now_s: LoopTime) -> None:
        """Record a finished request that was offered to a pool."""

    def add(self, entry: AccessLogEntry) -> None:
        """Record a request that the balancer answered itself."""


class RequestHandler(Protocol):
    """Decides how to handle requests and which header fields the balancer adds.

    `table` selects the client's fields that are forwarded. `own_answers` counts, by status, the responses that the
    balancer generates itself for no service. With `server_timing`, responses have fields about the parts of their time
    and the rule that blocked them.
    """

    limits: DataPlaneLimits
    server_timing: bool
    table: FieldTable
    access_log: EntryLog | None
    own_answers: Counter[int]

    def decide(self, request: RequestHead, sni: str) -> Upstream | LocalReply:
        """Return the upstream for the request, or a response to it. `sni` is the TLS server name if it is a
        known host.
        """

    def now_s(self) -> LoopTime:
        """Return the time of the loop's clock."""

    def own_lines(self) -> bytes:
        """Return `date` and `server`, for responses that the balancer generates itself."""

    def request_lines(self, exchange: ExchangeView, client: Downstream, /) -> bytes:
        """Return the header fields that a request gets on its way to an instance."""

    def answer_lines(self, head: ResponseHead | None, exchange: ExchangeView, now_s: LoopTime, /) -> bytes:
        """Return the fields that the balancer adds to a response. `head` is None for a simulated instance."""


class ExchangeConnection(Downstream, Protocol):
    """A client's connection (connection.py) as its exchange uses it. `is_full` is True if the client reads
    too slowly.
    """

    handler: RequestHandler
    state: ConnectionState

    @property
    def is_full(self) -> bool: ...
    def write(self, data: bytes) -> None: ...
    def reset(self) -> None:
        """Abort the connection."""

    def ended(self, *, close: bool) -> None:
        """Finish the current exchange."""

    def end_writing(self) -> bool:
        """Close the writing side of the connection. Return False if the transport cannot do so."""

    def open_tunnel(self) -> None:
        """Pass all following bytes to the exchange."""

    def await_body(self) -> None:
        """Start the deadline for the next bytes of the request's body."""

    def regulate(self) -> None:
        """Resume or pause reading, depending on the buffers."""


class ListenerCallbacks(Protocol[ConnectionT_contra]):
    """The listener as its connections see it. All of them read into `read_buffer`, one after the other."""

    read_buffer: memoryview

    def left(self, connection: ConnectionT_contra, /) -> None: ...
    def schedule_check(self, after_s: float, connection: ConnectionT_contra, /) -> None:
        """Check the time limits of `connection` after `after_s`, because one of them is shorter than the interval of
        the sweep.
        """

    def sni(self, transport: asyncio.Transport) -> str:
        """Return the TLS server name if it is a known host, otherwise an empty string."""

    @property
    def port(self) -> int: ...
