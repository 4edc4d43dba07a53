"""An exchange: one request on its way from the load balancer to an instance and back, as the pool sees it.

It has two subclasses: a connection of the edge, and a simulated client of a replay; both take the part of the load
balancer. The pool (fleet/pool/pool.py) calls `begin` and `fail`; the load balancer, or the backend for it, ends every
exchange exactly once with `Pool.finish`. For speed, a request needs no task and no dictionary: the exchange itself is
the entry in the queue and the key of its deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from simulator.fleet.instance import Instance
from simulator.model.rejection import Rejection
from simulator.model.times import NOT_YET, LoopTime
from simulator.model.wire_fault import WireFault

if TYPE_CHECKING:
    from simulator.records.outcomes import OutcomeReceiver
    from simulator.rules.waf.web_request import WebRequest


class PooledExchange:
    """A request that was offered to a pool. Times are in seconds of the loop's clock.

    `arrived_s`: when it was offered. `granted_s`: when it got its slot (negative before). `begun_s`: when it was
    forwarded to its instance (after a wake, if the instance was idle). `cold_s`: the part of the time before `begun_s`
    that the start or wake of an instance caused. `cpu_s`, `io_s`: the work of a simulated request in seconds, negative
    until it is sampled. `status`: status of the response that has begun, 0 before.
    """

    __slots__ = ("arrived_s", "begun_s", "cold_s", "cpu_s", "granted_s", "instance", "io_s", "open", "status")

    def __init__(self, arrived_s: LoopTime) -> None:
        self.arrived_s = arrived_s
        self.granted_s = NOT_YET
        self.begun_s = NOT_YET
        self.cold_s = 0.0
        self.cpu_s = -1.0
        self.io_s = -1.0
        self.instance: Instance | None = None
        self.status = 0
        self.open = True  # False once the pool has released it; callbacks that come later check it

    @property
    def path(self) -> str:
        """Path and query. A subclass that knows them overrides this property."""
        return "/"

    @property
    def body_bytes(self) -> int:
        """Total size of the bodies of request and response. A subclass that knows it overrides this property."""
        return 0

    @property
    def awaits_client(self) -> bool:
        """True while the client has not sent its whole request. A subclass with bytes overrides this property."""
        return False

    def web_request(self, body_bytes_max: int) -> WebRequest:  # noqa: ARG002 it has no bytes
        """Return the request as a web ACL sees it. A subclass that has the request's bytes overrides this method."""
        from simulator.rules.waf.web_request import WebRequest  # noqa: PLC0415 few services have a web ACL

        return WebRequest(b"GET", self.path.encode())

    def hold(self, body_bytes_max: int, proceed: Callable[[], None]) -> bool:  # noqa: ARG002 it has no bytes
        """Wait until `body_bytes_max` bytes of the body, or its end, have arrived; then call `proceed`.

        Return False, without a call of `proceed`, if they are available already.
        """
        return False

    def insert(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        """Add header fields to the request; without effect for an exchange without bytes."""

    def begin(self) -> None:
        """Forward the request to `self.instance.backend`. Called when the slot is granted and the instance is awake."""
        assert self.instance is not None
        self.instance.backend.begin(self)

    def answered(self, status: int) -> None:
        """Process the complete response of a simulated instance: forward it and call `Pool.finish`."""
        raise NotImplementedError

    def inject_fault(self, fault: WireFault) -> None:
        """Inject `fault` into the response; call before `begin`. Only an exchange with bytes supports it."""
        raise NotImplementedError

    def fail(self, rejection: Rejection) -> None:
        """End the exchange: it was rejected, timed out in the queue or on the instance, or its instance crashed.

        The pool has released it already, so no `Pool.finish` follows.
        """
        raise NotImplementedError

    def count(self, outcomes: OutcomeReceiver, status: int, now_s: LoopTime) -> None:
        """Count the outcome of the exchange and its durations."""
        arrived_s, begun_s = self.arrived_s, self.begun_s
        if begun_s == arrived_s:  # the common case
            outcomes.add(status, now_s - arrived_s, 0.0, 0.0, now_s - arrived_s)
        else:
            service_s = now_s - begun_s if begun_s >= 0 else -1.0
            outcomes.add(status, now_s - arrived_s, self.queue_s(now_s), self.cold_s, service_s)

    def queue_s(self, now_s: LoopTime) -> float:
        """Return the seconds spent waiting for a slot, without the part that a start or wake of an instance caused."""
        until = self.begun_s if self.begun_s >= 0 else now_s
        return max(0.0, until - self.arrived_s - self.cold_s)

    def service_s(self, now_s: LoopTime) -> float:
        return now_s - self.begun_s if self.begun_s >= 0 else 0.0
