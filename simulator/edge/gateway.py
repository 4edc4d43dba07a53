"""The gateway: which service a request is for, and what the balancer answers itself.

Routing is by Host, whatever name TLS was asked for; without a Host (HTTP/1.0) by the TLS name. Rejected here: unknown
hosts (404), CONNECT and TRACE (501), and WebSocket (403, as Envoy does without upgrade_configs; App Runner has none,
R#13) unless a setting lets it through. Any other Upgrade is ignored. `Via` is not added: Envoy, nginx and HAProxy do
not either (plain.py does).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

from simulator.edge.access_log import EntryLog
from simulator.edge.door import Client, Lane
from simulator.fleet.exchange import Exchange
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.rejection import NO_ROUTE
from simulator.wire.answers import OwnAnswer, rejected
from simulator.wire.request import ENVOY_FIELDS, RequestHead
from simulator.wire.response import AnswerHead
from simulator.world.chance import Chance

if TYPE_CHECKING:
    from simulator.edge.exchange import LiveExchange

_UNSUPPORTED: Final = frozenset({b"CONNECT", b"TRACE"})
_TIMING: Final = b'server-timing: queue;dur=%.3f, cold;dur=%.3f, service;dur=%.3f, instance;desc="%d"\r\n'
_AT_ONCE: Final = b'server-timing: queue;dur=0, cold;dur=0, service;dur=%.3f, instance;desc="%d"\r\n'
_NO_ROUTE: Final = rejected(NO_ROUTE)
_NOT_SUPPORTED: Final = OwnAnswer(501)
_NO_UPGRADE: Final = OwnAnswer(403)
_LAST_HOP: Final = OwnAnswer(200)


class Gateway:
    """Implements `Door`. Times in seconds.

    `clock` is the loop's time; `epoch_s` the calendar's (seconds since 1970), for `date`. `server_timing` adds the
    field of that name to answers of applications: queue, cold start, service in milliseconds, and the instance.
    `websocket` lets requests for one through: for teaching, App Runner rejects them.
    """

    table = ENVOY_FIELDS

    def __init__(
        self,
        limits: DataPlaneLimits,
        *,
        clock: Callable[[], float],
        epoch_s: Callable[[], float],
        chance: Chance,
        server_timing: bool = False,
        websocket: bool = False,
        access_log: EntryLog | None = None,
    ) -> None:
        self.limits = limits
        self.access_log: EntryLog | None = access_log
        self.own_answers: Counter[int] = Counter()
        self._server_timing = server_timing
        self._websocket = websocket
        self.now_s = clock
        self._routes: dict[bytes, Lane] = {}
        self._stamp = DateStamp(clock, epoch_s)
        # Envoy makes a version 4 UUID for each request. The last group counts: unique within a run, and cheap.
        seed = chance.identifier("request-id", length=20)
        prefix = f"{seed[:8]}-{seed[8:12]}-4{seed[13:16]}-9{seed[17:20]}-".encode()
        self._requests = 0
        expected = b"x-envoy-expected-rq-timeout-ms: %d\r\n" % round(limits.request_s * 1000)
        self._request_lines = {
            scheme: b"x-forwarded-proto: %b\r\nx-request-id: %b%%012x\r\n%b" % (scheme, prefix, expected)
            for scheme in (b"http", b"https")
        }

    def add(self, host: str, lane: Lane) -> None:
        """Requests for `host` (a name without port, any case) go to `lane`. Replaces in one step what was there."""
        self._routes[host_name(host.encode("ascii"))] = lane

    def remove(self, host: str) -> None:
        """Requests for `host` get 404 from now on; those under way go on."""
        self._routes.pop(host_name(host.encode("ascii")), None)

    def knows(self, host: bytes) -> bool:
        """Whether there is a service behind a name, as `host_name` gives it."""
        return self._lane_of(host) is not None

    def decide(self, request: RequestHead, sni: str) -> Lane | OwnAnswer:
        if request.method in _UNSUPPORTED:
            return _NOT_SUPPORTED
        if not request.authority:
            request.authority = sni.encode("ascii")
        lane = self._routes.get(request.authority) or self._lane_of(host_name(request.authority))
        if lane is None:
            return _NO_ROUTE
        if request.upgrade and b"websocket" in request.upgrade:
            # RFC 6455 4.1: a GET of HTTP/1.1. Anything else would be a tunnel that no side expects.
            if not self._websocket or request.method != b"GET" or request.minor == 0 or request.length:
                return _NO_UPGRADE
            request.tunnel = True
        return _LAST_HOP if request.last_hop else lane

    def _lane_of(self, host: bytes) -> Lane | None:
        """The more specific association wins; a wildcard stands for one label (facts 10.3)."""
        return self._routes.get(host) or self._routes.get(b"*" + host[host.find(b".") :])

    def own_lines(self) -> bytes:
        return self._stamp.line() + b"server: envoy\r\n"

    def request_lines(self, exchange: LiveExchange, client: Client) -> bytes:
        del exchange
        self._requests += 1
        return self._request_lines[client.scheme] % self._requests

    def answer_lines(self, head: AnswerHead | None, exchange: Exchange, now_s: float) -> bytes:
        return b"x-envoy-upstream-service-time: %d\r\n%b%bserver: envoy\r\n" % (
            (now_s - exchange.begun_s) * 1000,
            self._timing_line(exchange, now_s) if self._server_timing else b"",
            b"" if head is not None and head.dated else self._stamp.line(),
        )

    def _timing_line(self, exchange: Exchange, now_s: float) -> bytes:
        assert exchange.instance is not None, "an answer comes from an instance"
        begun_s, cold_s, number = exchange.begun_s, exchange.cold_s, exchange.instance.number
        service_ms = (now_s - begun_s) * 1000
        if begun_s == exchange.arrived_s:  # the common case; %.3f costs 0.3 us each
            return _AT_ONCE % (service_ms, number)
        return _TIMING % (exchange.queue_s(now_s) * 1000, cold_s * 1000, service_ms, number)


class DateStamp:
    """The `date` line, made once a second."""

    def __init__(self, clock: Callable[[], float], epoch_s: Callable[[], float]) -> None:
        self._clock = clock
        self._epoch_s = epoch_s
        self._until_s = float("-inf")
        self._line = b""

    def line(self) -> bytes:
        now_s = self._clock()
        if now_s >= self._until_s:
            epoch_s = self._epoch_s()
            self._until_s = now_s + 1.0 - epoch_s % 1.0
            self._line = b"date: %b\r\n" % formatdate(epoch_s, usegmt=True).encode()
        return self._line


def host_name(authority: bytes) -> bytes:
    """The name of an authority: lower case, without port and without the dot that ends a full name."""
    if authority.startswith(b"["):
        return authority[: authority.find(b"]") + 1].lower()
    return authority.partition(b":")[0].lower().removesuffix(b".")
