"""The request side of an instance that listens on a port: requests go to it over HTTP, and so do probes.

A driver's backend embeds an `HttpService`; what it adds is the process or container itself.
"""

from __future__ import annotations

from abc import abstractmethod

from simulator.fleet.exchange import Exchange
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.health import HealthCheck
from simulator.model.refusal import Refusal
from simulator.wire.origin import Origin
from simulator.wire.probe import probe
from simulator.wire.response import AnswerHead
from simulator.wire.upstream import UpstreamConnection


class HttpExchange(Exchange):
    """An exchange that can be carried over HTTP: it is the caller of a wire connection (wire/upstream.py `Caller`).

    The edge's exchanges are; those of simulated clients are not, they have no bytes. The front ends it: after the last
    byte of the answer, or after `broken`, it calls `Pool.finish`.
    """

    __slots__ = ("link", "upstream")

    tunnels = False

    def __init__(self, arrived_s: float) -> None:
        super().__init__(arrived_s)
        self.link: UpstreamConnection | None = None  # while a connection, made or in the making, works for it
        self.upstream = ""  # host:port of the instance it went to last

    @property
    @abstractmethod
    def head_only(self) -> bool: ...

    @abstractmethod
    def connected(self, link: UpstreamConnection) -> None: ...

    @abstractmethod
    def informed(self, head: AnswerHead) -> None: ...

    @abstractmethod
    def answer_began(self, head: AnswerHead, piece: bytes, *, complete: bool) -> None: ...

    @abstractmethod
    def answer_continued(self, piece: bytes, *, complete: bool) -> None: ...

    def application_ended(self) -> bool:
        return False

    @abstractmethod
    def broken(self, refusal: Refusal) -> None: ...

    @abstractmethod
    def may_repeat(self) -> bool: ...

    @abstractmethod
    def upload_full(self) -> None: ...

    @abstractmethod
    def upload_drained(self) -> None: ...


class HttpService:
    """Implements the request part of `Backend`: `begin`, `abort`, `probe`. To be made on a running loop."""

    def __init__(self, host: str, port: int, limits: DataPlaneLimits | None = None) -> None:
        self._host = host
        self._port = port
        self._address = f"{host}:{port}"
        self._origin = Origin(host, port, limits or DataPlaneLimits())

    def begin(self, exchange: Exchange) -> None:
        """Forward the request. What goes wrong reaches the exchange as `broken`.

        `exchange` comes from the edge: a simulated client has no request to send to a real application.
        """
        assert isinstance(exchange, HttpExchange), f"{type(exchange).__name__} cannot be carried over HTTP"
        exchange.upstream = self._address
        self._origin.begin(exchange)

    def abort(self, exchange: Exchange) -> None:
        """The front gave up on it. The connection is cut, which is all an application can notice."""
        if isinstance(exchange, HttpExchange) and exchange.link is not None:
            exchange.link.drop()

    async def probe(self, check: HealthCheck) -> str | None:
        return await probe(self._origin, self._host, self._port, check)

    async def close(self) -> None:
        """Cut all connections."""
        await self._origin.close()
