"""The request part of `Backend` for an instance that listens on a port: requests and probes are sent over HTTP.

A driver's backend contains an `HttpService` and manages the process or container itself.
"""

from __future__ import annotations

from simulator.fleet.http.exchange import HttpExchange
from simulator.fleet.http.faulty_exchange import with_fault
from simulator.fleet.ports import Exchange
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.health import HealthCheck
from simulator.wire.origin import Origin
from simulator.wire.probe import probe

__all__ = ["HttpExchange", "HttpService"]


class HttpService:
    """Implements the methods `begin`, `abort` and `probe` of `Backend`. Create it in a running loop."""

    def __init__(self, host: str, port: int, limits: DataPlaneLimits | None = None) -> None:
        self._host = host
        self._port = port
        self._address = f"{host}:{port}"
        self._origin = Origin(host, port, limits or DataPlaneLimits())

    def begin(self, exchange: Exchange) -> None:
        """Forward the request. A failure is reported by `exchange.broken`.

        `exchange` must be an `HttpExchange`: a simulated client has no bytes to send to a real application.
        """
        assert isinstance(exchange, HttpExchange), f"{type(exchange).__name__} cannot be carried over HTTP"
        exchange.upstream_host = self._address
        self._origin.begin(exchange if exchange.fault is None else with_fault(exchange, exchange.fault))

    def abort(self, exchange: Exchange) -> None:
        """Close the connection of an exchange that the load balancer gave up on; the application sees only this."""
        if isinstance(exchange, HttpExchange) and exchange.link is not None:
            exchange.link.drop()

    async def probe(self, check: HealthCheck) -> str | None:
        return await probe(self._origin, self._host, self._port, check)

    async def close(self) -> None:
        """Close all connections."""
        await self._origin.close()
