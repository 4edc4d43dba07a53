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
    """A web ACL that waits for a request's body."""

    def look(self) -> None:
        """Look at what has arrived."""


class HttpExchange(PooledExchange):
    """The caller of a wire connection (wire/upstream.py `Caller`). `fault`: the fault that is injected into its answer.

    The edge's exchanges are of this class; those of simulated clients are not, because they have no bytes. The front
    ends the exchange: after the last byte of the answer, or after `broken`, it calls `Pool.finish`.
    """

    __slots__ = ("fault", "inspection", "link", "upstream_host")

    def __init__(self, arrived_s: LoopTime) -> None:
        super().__init__(arrived_s)
        self.link: UpstreamConnection | None = None  # set while a connection, open or being opened, works for it
        self.fault: WireFault | None = None
        self.inspection: BodyInspection | None = None  # while a web ACL waits for its body
        self.upstream_host = ""  # host:port of the instance that it was forwarded to last

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
