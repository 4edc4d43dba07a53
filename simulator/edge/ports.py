"""Protocols between a connection, the decision about each request, and the listener."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol

from simulator.edge.access_log import EntryLog
from simulator.fleet.exchange import Exchange
from simulator.fleet.instance import Instance
from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.http1.local_replies import LocalReply
from simulator.wire.http1.request import FieldTable, RequestHead
from simulator.wire.http1.response import ResponseHead

if TYPE_CHECKING:
    from simulator.edge.connection import DownstreamConnection
    from simulator.edge.exchange import LiveExchange


class Upstream(Protocol):
    """The part of a service's pool (fleet/pool/pool.py) for the edge. Each offered exchange is released exactly
    once.
    """

    @property
    def service(self) -> str:
        """The name of the service."""

    def offer(self, exchange: Exchange) -> None: ...
    def finish(self, exchange: Exchange) -> None: ...
    def broke(self, exchange: Exchange) -> None: ...
    def balancer_failed(self, exchange: Exchange) -> None: ...
    def redispatch(self, exchange: Exchange, avoiding: Collection[Instance]) -> bool: ...
    def abandon(self, exchange: Exchange) -> None: ...


class Downstream(Protocol):
    """The origin of a request: `scheme` and `port` of the listener, and the client's address `peer`."""

    scheme: bytes
    peer: bytes

    @property
    def port(self) -> int: ...


class RequestHandler(Protocol):
    """Decides how to handle requests and which header fields the balancer adds.

    `table` selects the client's fields that are forwarded. `own_answers` counts, by status, the responses that the
    balancer generates itself for no service.
    """

    limits: DataPlaneLimits
    table: FieldTable
    access_log: EntryLog | None
    own_answers: Counter[int]

    def decide(self, request: RequestHead, sni: str) -> Upstream | LocalReply:
        """Return the lane of the request or a response to it. `sni` is the TLS server name if it is one of ours."""

    def now_s(self) -> float:
        """The time of the loop's clock."""

    def own_lines(self) -> bytes:
        """Return `date` and `server`, for responses that the balancer generates itself."""

    def request_lines(self, exchange: LiveExchange, client: Downstream, /) -> bytes:
        """Return the header fields that a request gets on its way to an instance."""

    def answer_lines(self, head: ResponseHead | None, exchange: Exchange, now_s: float, /) -> bytes:
        """Return the fields that a response gets on its way back; without `head`, for a simulated instance."""


class ListenerCallbacks(Protocol):
    """The listener as its connections see it. They all read into `read_buffer`, one after the other."""

    read_buffer: memoryview

    def left(self, connection: DownstreamConnection) -> None: ...
    def schedule_check(self, after_s: float, connection: DownstreamConnection) -> None:
        """Check its time limits after `after_s`, for a limit that is shorter than the interval of the sweep."""

    def sni(self, transport: asyncio.Transport) -> str:
        """Return the TLS server name if it is one of ours, else an empty text."""

    @property
    def port(self) -> int: ...
