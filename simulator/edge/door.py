"""What a connection asks about each request, what it gets back, and how its listener looks from inside."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol

from simulator.edge.access_log import EntryLog
from simulator.fleet.exchange import Exchange
from simulator.fleet.instance import Instance
from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.answers import OwnAnswer
from simulator.wire.request import FieldTable, RequestHead
from simulator.wire.response import AnswerHead

if TYPE_CHECKING:
    from simulator.edge.connection import ClientConnection
    from simulator.edge.exchange import LiveExchange


class Lane(Protocol):
    """What the edge needs of a service's pool (fleet/pool.py): each offered exchange is let go exactly once."""

    @property
    def service(self) -> str:
        """Its name."""

    def offer(self, exchange: Exchange) -> None: ...
    def finish(self, exchange: Exchange) -> None: ...
    def broke(self, exchange: Exchange) -> None: ...
    def balancer_failed(self, exchange: Exchange) -> None: ...
    def redispatch(self, exchange: Exchange, avoiding: Collection[Instance]) -> bool: ...
    def abandon(self, exchange: Exchange) -> None: ...


class Client(Protocol):
    """Where a request came from. `scheme` and `port` are those of the listener, `peer` is the client's address."""

    scheme: bytes
    peer: bytes

    @property
    def port(self) -> int: ...


class Door(Protocol):
    """Decides about requests, and what the balancer says in heads. `table` says which of a client's fields go on.

    `own_answers` counts what it answers itself, for no service, by status.
    """

    limits: DataPlaneLimits
    table: FieldTable
    access_log: EntryLog | None
    own_answers: Counter[int]

    def decide(self, request: RequestHead, sni: str) -> Lane | OwnAnswer:
        """Where the request goes, or what it is answered. `sni` is the name asked for in TLS if it is one of ours."""

    def now_s(self) -> float:
        """The loop's clock."""

    def own_lines(self) -> bytes:
        """`date` and `server`, for answers of the balancer's own."""

    def request_lines(self, exchange: LiveExchange, client: Client, /) -> bytes:
        """The fields a request gets on its way to an instance."""

    def answer_lines(self, head: AnswerHead | None, exchange: Exchange, now_s: float, /) -> bytes:
        """The fields an answer gets on its way back; without `head` it is a simulated instance's."""


class Reception(Protocol):
    """The listener, as its connections see it. `inbox` is where they read into, one after the other."""

    inbox: memoryview

    def left(self, connection: ClientConnection) -> None: ...
    def look_in(self, after_s: float, connection: ClientConnection) -> None:
        """Look at its time limits then, for one that is too short to wait for the sweep."""

    def sni(self, transport: asyncio.Transport) -> str:
        """The name asked for in TLS if it is one of ours, else empty."""

    @property
    def port(self) -> int: ...
