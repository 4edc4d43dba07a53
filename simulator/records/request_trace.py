"""What is known of a traced request when it has ended: plain values, for whoever makes spans of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from simulator.rules.sampling import Sampling

QUEUE: Final = "queue"
COLD_START: Final = "cold start"

# What the load balancer decided about a request when it came.
ADMITTED: Final = "admitted"  # it had a slot at once
HELD: Final = "held"  # it waited for one, whether it got one or not
REFUSED: Final = "refused"  # neither a slot nor a place in the line
ANSWERED: Final = "answered"  # by the balancer itself, for no service


class Wait(NamedTuple):
    """`kind` is QUEUE or COLD_START."""

    kind: str
    from_s: float
    to_s: float


class RequestTrace(NamedTuple):
    """Times in seconds of the loop's clock, negative for what did not happen; `offset_s` makes them the calendar's.

    `waits` follow one another from the arrival on; their sums are the `queue` and `cold_start` of the metrics.
    `parent_id` 0: the trace begins here. `upstream_id` is the span that the instance was told of, 0 when it was not
    told. `instance` is empty when no instance got it, `upstream` the address of one that is reached over the network.
    `cause` says what was in the way of an answer. Texts are bounded, whatever the client sent.
    """

    trace_id: int
    parent_id: int
    upstream_id: int
    service: str
    decision: str
    instance: str
    upstream: str
    attempts: int  # at how many instances
    status: int
    cause: str
    method: str
    target: str
    authority: str
    scheme: str
    port: int
    minor: int  # of HTTP/1.
    peer: str
    client: str  # whom the request is from, as far as it is known
    user_agent: str
    offset_s: float
    arrived_s: float
    begun_s: float
    answered_s: float
    ended_s: float
    waits: tuple[Wait, ...]


@dataclass(frozen=True, slots=True)
class Tracing:
    """How requests are traced, and who hears of those that are.

    `only`: the services whose requests are; it may change, and None means all, with what is for no service. `xray`:
    contexts go on in X-Ray's form too, and trace ids begin with the time, as X-Ray wants them.
    """

    hear: Callable[[RequestTrace], None]
    sampling: Sampling
    only: set[str] | None = None
    xray: bool = False

    def takes(self, service: str) -> bool:
        return self.only is None or service in self.only


def waits(arrived_s: float, granted_s: float, until_s: float, wanted_s: float, ready_s: float) -> tuple[Wait, ...]:
    """Where the time before `until_s` went: forwarded, or over without that.

    The instance that gave a slot at `granted_s` (negative: none did) was wanted and ready at these times; what of its
    start lies behind the arrival held the request up, and so did its wake, from the slot to the forwarding.
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
