"""Why a request did not get an application's answer, with the status and body a client sees.

Texts are Envoy's, as App Runner's clients see them (facts 3.4 and 18). One table; the edge turns a row into bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Refusal:
    """`name` is what reports and logs say; `status` what the client sees; 499 marks a client that went away, 0
    a connection that ends without a status.

    `unsent`: no byte of the request has reached an instance, so another one may have it, whatever the method.
    `blames`: it counts as a failure of the instance that had the request.
    """

    name: str
    status: int
    body: str = ""
    unsent: bool = False
    blames: bool = True


# R#224: more concurrent requests than instances x MaxConcurrency.
OVERFLOW: Final = Refusal("overflow", 429, "Too Many Requests")
# A held request whose waiting time ran out without a slot.
# ASSUMPTION: same status as an overflow; settled by a trace of a platform that holds (Cloud Run answers 429 too).
HOLD_EXPIRED: Final = Refusal("hold expired", 429, "Too Many Requests")
# Developer Guide, request-route-404: empty body.
NO_ROUTE: Final = Refusal("no route", 404)
# ASSUMPTION: Envoy's convention for a route timeout before response headers; settled by one observed request.
TIMEOUT: Final = Refusal("timeout", 504, "upstream request timeout")
# R#265, verbatim.
CONNECT_FAILURE: Final = Refusal(
    "connect failure",
    503,
    "upstream connect error or disconnect/reset before headers. reset reason: connection failure, "
    "transport failure reason: delayed connect error: 111",
    unsent=True,
)
# Envoy's text for a connection that is neither made nor refused in time.
CONNECT_TIMEOUT: Final = Refusal(
    "connect timeout",
    503,
    "upstream connect error or disconnect/reset before headers. reset reason: connection timeout",
    unsent=True,
)
# Not Envoy's: this process has run out of open files, memory or local ports, so another instance is as far away
# (http-proxy.md 125).
EXHAUSTED: Final = Refusal(
    "own exhaustion",
    503,
    "the load balancer has run out of open files, memory or local ports; its log says which",
    blames=False,
)
# R#92, verbatim.
TERMINATED: Final = Refusal(
    "connection termination",
    503,
    "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
)
BAD_ANSWER: Final = Refusal(
    "bad answer",
    502,
    "upstream connect error or disconnect/reset before headers. reset reason: protocol error",
)
# ASSUMPTION: one blog says 503 for a paused service; 404 is not excluded (facts 3.4).
UNAVAILABLE: Final = Refusal("unavailable", 503, "no healthy upstream")
# Faults on the wire: the client's connection ends, by force or as if all were well.
WIRE_RESET: Final = Refusal("reset on the wire", 0)
WIRE_TRUNCATED: Final = Refusal("truncated on the wire", 0)
CLIENT_GONE: Final = Refusal("client gone", 499)
