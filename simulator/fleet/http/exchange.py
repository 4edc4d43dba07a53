"""An exchange that can be carried over HTTP."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from simulator.fleet.exchange import PooledExchange
from simulator.model.rejection import Rejection
from simulator.model.times import LoopTime
from simulator.model.wire_fault import WireFault
from simulator.wire.http1.response import ResponseHead
from simulator.wire.upstream import UpstreamConnection


class BodyInspection(Protocol):
    """A web ACL that inspects a request's body as it arrives."""

    def check(self) -> None:
        """Inspect the part of the body that has arrived."""


class HttpExchange(PooledExchange):
    """An exchange whose request is sent over a connection (wire/upstream.py `Caller`).

    The edge's exchanges are of this class; those of simulated clients are not, because they have no bytes. The load
    balancer ends the exchange: it calls `Pool.finish` after the last byte of the response, or `Pool.broke` after
    `broken`. `fault`: the fault to inject into the response.
    """

    __slots__ = ("fault", "inspection", "link", "upstream_host")

    def __init__(self, arrived_s: LoopTime) -> None:
        super().__init__(arrived_s)
        self.link: UpstreamConnection | None = None  # the connection, open or being opened, that carries it
        self.fault: WireFault | None = None
        self.inspection: BodyInspection | None = None  # set while a web ACL waits for the body
        self.upstream_host = ""  # host:port of the instance to which it was last forwarded

    def inject_fault(self, fault: WireFault) -> None:
        self.fault = fault

    @property
    @abstractmethod
    def head_only(self) -> bool: ...

    @property
    def tunnels(self) -> bool:
        return False

    @abstractmethod
    def connected(self, link: UpstreamConnection) -> None: ...

    @abstractmethod
    def informational_response(self, head: ResponseHead) -> None: ...

    @abstractmethod
    def response_started(self, head: ResponseHead, piece: bytes, *, complete: bool) -> None: ...

    @abstractmethod
    def response_continued(self, piece: bytes, *, complete: bool) -> None: ...

    def application_ended(self) -> bool:
        return False

    @abstractmethod
    def broken(self, rejection: Rejection) -> None: ...

    @abstractmethod
    def may_repeat(self) -> bool: ...

    def is_safe_to_lose(self) -> bool:
        return False

    @abstractmethod
    def upload_full(self) -> None: ...

    @abstractmethod
    def upload_drained(self) -> None: ...
