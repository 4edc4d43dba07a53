"""The data of a completed traced request as plain values, from which exporters create spans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from simulator.rules.sampling import Sampling

QUEUE: Final = "queue"
COLD_START: Final = "cold start"

# The load balancer's decision about a request on arrival.
ADMITTED: Final = "admitted"  # a slot was free
QUEUED: Final = "queued"  # it was queued, whether or not it got a slot later
REJECTED: Final = "rejected"  # no free slot and the queue was full
ANSWERED: Final = "answered"  # the balancer itself responded; the request belongs to no service


class Wait(NamedTuple):
    """A time of waiting; `kind` is QUEUE or COLD_START."""

    kind: str
    from_s: float
    to_s: float


class RequestTrace(NamedTuple):
    """A completed traced request.

    Times are in seconds of the loop's clock, negative for events that did not happen; adding `offset_s` gives Unix
    time. `waits` are consecutive, beginning with the arrival; their sums are the `queue` and `cold_start` of the
    metrics. `parent_id` is 0 if the trace begins here. `upstream_id` is the span id sent to the instance, 0 if none was
    sent. `instance` is empty if no instance received the request; `upstream` is its address if it is reached over the
    network. `cause` is the reason for a missing response. The lengths of texts are bounded.
    """

    trace_id: int
    parent_id: int
    upstream_id: int
    service: str
    decision: str
    instance: str
    upstream: str
    attempts: int  # number of instances tried
    status: int
    cause: str
    method: str
    target: str
    authority: str
    scheme: str
    port: int
    minor: int  # minor version of HTTP/1.x
    peer: str
    client: str  # the client's address, if it is known
    user_agent: str
    offset_s: float
    arrived_s: float
    begun_s: float
    answered_s: float
    ended_s: float
    waits: tuple[Wait, ...]


class Tracing(NamedTuple):
    """The configuration of tracing: the sampling, and the receiver of traced requests.

    `only`: the services whose requests are traced; it may change. None traces all requests, including those for no
    service. `xray`: contexts are also propagated in X-Ray's format, and trace ids begin with the time, as X-Ray
    requires.
    """

    receive: Callable[[RequestTrace], None]
    sampling: Sampling
    only: set[str] | None = None
    xray: bool = False

    def takes(self, service: str) -> bool:
        return self.only is None or service in self.only


def waits(arrived_s: float, granted_s: float, until_s: float, wanted_s: float, ready_s: float) -> tuple[Wait, ...]:
    """Divide the time from the arrival to `until_s`, when the request was forwarded or ended without that, into waits.

    `granted_s` is the time at which an instance granted a slot (negative: none did). `wanted_s` and `ready_s` are the
    times at which that instance was requested and ready. The request was delayed by the part of the instance's start
    that lies after the arrival, and by its wake, between the grant and the forwarding.
    """
    slot_s = granted_s if granted_s >= 0 else until_s
    begin_s, end_s = slot_s, slot_s
    if granted_s >= 0 and arrived_s < ready_s <= slot_s:
        begin_s, end_s = max(arrived_s, wanted_s), ready_s
    steps = (
        Wait(QUEUE, arrived_s, begin_s),
        Wait(COLD_START, begin_s, end_s),
        Wait(QUEUE, end_s, slot_s),
        Wait(COLD_START, slot_s, until_s),
    )
    return tuple(step for step in steps if step.to_s > step.from_s)
