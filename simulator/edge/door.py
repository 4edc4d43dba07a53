"""What a connection asks about each request, and what it gets back."""

from __future__ import annotations

from typing import Protocol

from simulator.fleet.exchange import Exchange
from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.answers import OwnAnswer
from simulator.wire.request import RequestHead


class Lane(Protocol):
    """What the edge needs of a service's pool (fleet/pool.py): each offered exchange is let go exactly once."""

    def offer(self, exchange: Exchange) -> None: ...
    def finish(self, exchange: Exchange) -> None: ...
    def abandon(self, exchange: Exchange) -> None: ...


class Door(Protocol):
    """Decides about requests. `server_timing`: answers tell the split of their time to whoever measures."""

    limits: DataPlaneLimits
    server_timing: bool

    def decide(self, request: RequestHead, sni: str) -> Lane | OwnAnswer:
        """Where the request goes, or what it is answered. `sni` is the name asked for in TLS if it is one of ours."""

    def now_s(self) -> float:
        """The loop's clock."""

    def own_lines(self) -> bytes:
        """`date` and `server`, for answers of the balancer's own."""

    def passed_lines(self, *, dated: bool) -> bytes:
        """The same for an application's answer, which may have brought a `date`."""

    def request_lines(self, scheme: bytes) -> bytes:
        """The fields a request gets on its way to an instance."""
