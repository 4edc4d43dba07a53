"""An exchange: one request on its way from the front to an instance and back, as the middle sees it.

Two fronts subclass it: a connection of the edge and a simulated client of a replay. The middle (fleet/pool.py) calls
`begin` and `fail`; the front, or the backend for it, ends every exchange exactly once with `Pool.finish`. No task and
no dictionary per request: an exchange is its own ticket in the waiting line and its own key among the deadlines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.model.rejection import Rejection
from simulator.model.wire_fault import WireFault

if TYPE_CHECKING:
    from simulator.fleet.instance import Instance


class Exchange:
    """Times in seconds of the loop's clock.

    `arrived_s`: offered to the pool. `granted_s`: got its slot (negative before). `begun_s`: forwarded to its instance
    (after a wake, if the instance was idle). `cold_s`: the part of the time before `begun_s` that the start or wake of
    an instance caused. `cpu_s`, `io_s`: the work of a simulated request, negative when nobody has drawn it yet.
    `status`: of the answer that has begun, 0 before.
    """

    __slots__ = ("arrived_s", "begun_s", "cold_s", "cpu_s", "granted_s", "instance", "io_s", "open", "status")

    def __init__(self, arrived_s: float) -> None:
        self.arrived_s = arrived_s
        self.granted_s = -1.0
        self.begun_s = -1.0
        self.cold_s = 0.0
        self.cpu_s = -1.0
        self.io_s = -1.0
        self.instance: Instance | None = None
        self.status = 0
        self.open = True  # False once the pool has let it go; late callbacks look here

    @property
    def path(self) -> str:
        """Path and query; a front that knows them overrides it."""
        return "/"

    def begin(self) -> None:
        """The slot is granted and the instance awake: hand the request to `self.instance.backend`."""
        assert self.instance is not None
        self.instance.backend.begin(self)

    def answered(self, status: int) -> None:
        """A simulated instance has answered in full. The front sends the answer on and calls `Pool.finish`."""
        raise NotImplementedError

    def disturb(self, fault: WireFault) -> None:
        """The wire will spoil its answer. Before `begin`; only an exchange that is made of bytes can be disturbed."""
        raise NotImplementedError

    def fail(self, rejection: Rejection) -> None:
        """Rejected, expired, timed out, or its instance died. The pool has let it go: no `Pool.finish` follows."""
        raise NotImplementedError

    def queue_s(self, now_s: float) -> float:
        """Time spent waiting for a slot, without the part that an instance's start or wake caused."""
        until = self.begun_s if self.begun_s >= 0 else now_s
        return max(0.0, until - self.arrived_s - self.cold_s)

    def service_s(self, now_s: float) -> float:
        return now_s - self.begun_s if self.begun_s >= 0 else 0.0
