"""The request side of an instance that listens on a port: requests go to it over HTTP, and so do probes.

A driver's backend embeds an `HttpService`; what it adds is the process or container itself.
"""

from __future__ import annotations

from simulator.fleet.disturbed import disturbed
from simulator.fleet.exchange import Exchange
from simulator.fleet.http_exchange import HttpExchange
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.health import HealthCheck
from simulator.wire.origin import Origin
from simulator.wire.probe import probe

__all__ = ["HttpExchange", "HttpService"]


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
        self._origin.begin(exchange if exchange.fault is None else disturbed(exchange, exchange.fault))

    def abort(self, exchange: Exchange) -> None:
        """The front gave up on it. The connection is cut, which is all an application can notice."""
        if isinstance(exchange, HttpExchange) and exchange.link is not None:
            exchange.link.drop()

    async def probe(self, check: HealthCheck) -> str | None:
        return await probe(self._origin, self._host, self._port, check)

    async def close(self) -> None:
        """Cut all connections."""
        await self._origin.close()
