"""Reasons why a request gets no response from the application, with the status and body that the client receives.

The texts are Envoy's, as App Runner's clients receive them (facts 3.4 and 18). The edge turns an entry into bytes.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Rejection(NamedTuple):
    """A response (or a closed connection) that the client gets from the load balancer and not from the application.

    `name` appears in reports and logs. `status` is the status that the client receives; 499 (460 behind an Application
    Load Balancer) marks a client that closed its connection, 0 a connection that ends without a status. `unsent` is
    True if no byte of the request has reached an instance, so that it may be sent to another one, whatever its method.
    `blames` is True if it counts as a failure of the instance that had the request. `fields` are header fields of the
    response, names and values. `rule` is the rule of a web ACL that blocked the request.
    """

    name: str
    status: int
    body: str = ""
    unsent: bool = False
    blames: bool = True
    fields: tuple[tuple[str, str], ...] = ()
    rule: str = ""


# R#224: more concurrent requests than instances x MaxConcurrency.
OVERFLOW: Final = Rejection("overflow", 429, "Too Many Requests")
# A queued request whose waiting time ended before a slot was free.
# ASSUMPTION: same status as an overflow; a trace of a platform that queues settles it (Cloud Run responds 429 too).
QUEUE_TIMEOUT: Final = Rejection("queue timeout", 429, "Too Many Requests")
# Developer Guide, request-route-404: empty body.
NO_ROUTE: Final = Rejection("no route", 404)
# A rule of a web ACL blocked the request: 403 (facts 3.4).
# ASSUMPTION: the body, which AWS does not publish for App Runner; one blocked request settles it.
WAF_BLOCKED: Final = Rejection("blocked by web ACL", 403, "Forbidden")
# ASSUMPTION: Envoy's convention for a route timeout before response headers; one observed request settles it.
TIMEOUT: Final = Rejection("timeout", 504, "upstream request timeout")
# R#265, verbatim.
CONNECT_FAILURE: Final = Rejection(
    "connect failure",
    503,
    "upstream connect error or disconnect/reset before headers. reset reason: connection failure, "
    "transport failure reason: delayed connect error: 111",
    unsent=True,
)
# Envoy's text for a connection that is neither established nor rejected in time.
CONNECT_TIMEOUT: Final = Rejection(
    "connect timeout",
    503,
    "upstream connect error or disconnect/reset before headers. reset reason: connection timeout",
    unsent=True,
)
# Not an Envoy response: this process has run out of open files, memory or local ports, so trying another instance
# would not help (http-proxy.md 125).
EXHAUSTED: Final = Rejection(
    "own exhaustion",
    503,
    "the load balancer has run out of open files, memory or local ports; its log says which",
    blames=False,
)
# R#92, verbatim.
TERMINATED: Final = Rejection(
    "connection termination",
    503,
    "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
)
BAD_ANSWER: Final = Rejection(
    "bad answer",
    502,
    "upstream connect error or disconnect/reset before headers. reset reason: protocol error",
)
# ASSUMPTION: 503 for a paused service, according to one blog post; 404 is not excluded (facts 3.4).
UNAVAILABLE: Final = Rejection("unavailable", 503, "no healthy upstream")
# Injected network faults: the client's connection is reset, or closed as if the response were complete.
WIRE_RESET: Final = Rejection("reset on the wire", 0)
WIRE_TRUNCATED: Final = Rejection("truncated on the wire", 0)
CLIENT_GONE: Final = Rejection("client gone", 499)
# The client stopped sending its request; only an Application Load Balancer has an answer of its own to that.
CLIENT_SILENT: Final = TIMEOUT._replace(name="client silent", blames=False)
# The status by which the logs of an Application Load Balancer mark a client that closed its connection.
CLIENT_LEFT_ALB: Final = 460


def unchanged(rejection: Rejection) -> Rejection:
    """Return the rejection itself: clients of App Runner get it as it is."""
    return rejection
