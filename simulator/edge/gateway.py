"""The gateway: routes a request to its service, and generates the responses of the balancer itself.

Routing is by Host, independent of the TLS server name; without Host (HTTP/1.0) it is by the TLS server name. Rejected
here: unknown hosts (404), CONNECT and TRACE (501), and WebSocket (403, like Envoy without upgrade_configs; App Runner
has none, R#13) unless a setting allows it. Any other Upgrade is ignored. `Via` is not added: Envoy, nginx and HAProxy
do not add it either (plain.py does).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from email.utils import formatdate
from types import MappingProxyType
from typing import Final

from simulator.edge.ports import Downstream, EntryLog, ExchangeView, Upstream
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.rejection import NO_ROUTE
from simulator.model.times import LoopTime
from simulator.wire.http1.local_replies import LocalReply, rejected
from simulator.wire.http1.request import ENVOY_FIELDS, RequestHead
from simulator.wire.http1.response import ResponseHead
from simulator.world.random_streams import RandomStreams

_UNSUPPORTED: Final = frozenset({b"CONNECT", b"TRACE"})
_TIMING: Final = b'server-timing: queue;dur=%.3f, cold;dur=%.3f, service;dur=%.3f, instance;desc="%d"\r\n'
_AT_ONCE: Final = b'server-timing: queue;dur=0, cold;dur=0, service;dur=%.3f, instance;desc="%d"\r\n'
_NO_ROUTE: Final = rejected(NO_ROUTE)
_NOT_SUPPORTED: Final = LocalReply(501)
_NO_UPGRADE: Final = LocalReply(403)
_LAST_HOP: Final = LocalReply(200)
_NO_CHOICES: Final[Mapping[str, bool]] = MappingProxyType({})


class Gateway:
    """Implements `RequestHandler`. Times are in seconds.

    `clock` is the loop's clock; `epoch_s` the wall clock (seconds since 1970), for `date`. `server_timing` adds the
    field of that name to responses of applications: queue, cold start and service in milliseconds, and the instance.
    `websocket` allows WebSocket requests, for teaching: App Runner rejects them. `websocket_of` replaces it for the
    services named there.
    """

    table = ENVOY_FIELDS

    def __init__(
        self,
        limits: DataPlaneLimits,
        *,
        clock: Callable[[], LoopTime],
        epoch_s: Callable[[], float],
        streams: RandomStreams,
        server_timing: bool = False,
        websocket: bool = False,
        websocket_of: Mapping[str, bool] = _NO_CHOICES,
        access_log: EntryLog | None = None,
    ) -> None:
        self.limits = limits
        self.access_log: EntryLog | None = access_log
        self.own_answers: Counter[int] = Counter()
        self.server_timing = server_timing
        self._websocket = websocket
        self._websocket_of = websocket_of
        self.now_s = clock
        self._routes: dict[bytes, Upstream] = {}
        self._stamp = DateHeader(clock, epoch_s)
        # Envoy creates a version 4 UUID for each request. Here the last group is a counter: unique within a run, and
        # fast.
        seed = streams.identifier("request-id", length=20)
        prefix = f"{seed[:8]}-{seed[8:12]}-4{seed[13:16]}-9{seed[17:20]}-".encode()
        self._requests = 0
        expected = b"x-envoy-expected-rq-timeout-ms: %d\r\n" % round(limits.request_s * 1000)
        self._request_lines = {
            scheme: b"x-forwarded-proto: %b\r\nx-request-id: %b%%012x\r\n%b" % (scheme, prefix, expected)
            for scheme in (b"http", b"https")
        }

    def add(self, host: str, upstream: Upstream) -> None:
        """Route requests for `host` (a name without port, in any case) to `upstream`. An old route is replaced
        atomically.
        """
        self._routes[host_name(host.encode("ascii"))] = upstream

    def remove(self, host: str) -> None:
        """Respond to requests for `host` with 404 from now on; requests in progress continue."""
        self._routes.pop(host_name(host.encode("ascii")), None)

    def knows(self, host: bytes) -> bool:
        """Return True if a service has this name, which must be in the form that `host_name` returns."""
        return self._upstream_of(host) is not None

    def service_of(self, authority: bytes) -> str | None:
        """Return the service of an authority (a Host); None if no service has the name."""
        upstream = self._routes.get(authority) or self._upstream_of(host_name(authority))
        return None if upstream is None else upstream.service

    def decide(self, request: RequestHead, sni: str) -> Upstream | LocalReply:
        if request.method in _UNSUPPORTED:
            return _NOT_SUPPORTED
        if not request.authority:
            request.authority = sni.encode("ascii")
        upstream = self._routes.get(request.authority) or self._upstream_of(host_name(request.authority))
        if upstream is None:
            return _NO_ROUTE
        if request.upgrade and b"websocket" in request.upgrade:
            # RFC 6455 4.1: a GET of HTTP/1.1. Any other request would open a tunnel that neither side expects.
            allowed = self._websocket_of.get(upstream.service, self._websocket)
            if not allowed or request.method != b"GET" or request.minor == 0 or request.length:
                return _NO_UPGRADE
            request.tunnel = True
        return _LAST_HOP if request.last_hop else upstream

    def _upstream_of(self, host: bytes) -> Upstream | None:
        """Return the upstream of the most specific domain; a wildcard matches one label (facts 10.3)."""
        return self._routes.get(host) or self._routes.get(b"*" + host[host.find(b".") :])

    def own_lines(self) -> bytes:
        return self._stamp.line() + b"server: envoy\r\n"

    def request_lines(self, exchange: ExchangeView, client: Downstream) -> bytes:
        del exchange
        self._requests += 1
        return self._request_lines[client.scheme] % self._requests

    def answer_lines(self, head: ResponseHead | None, exchange: ExchangeView, now_s: LoopTime) -> bytes:
        return b"x-envoy-upstream-service-time: %d\r\n%b%bserver: envoy\r\n" % (
            (now_s - exchange.begun_s) * 1000,
            self._timing_line(exchange, now_s) if self.server_timing else b"",
            b"" if head is not None and head.dated else self._stamp.line(),
        )

    def _timing_line(self, exchange: ExchangeView, now_s: LoopTime) -> bytes:
        assert exchange.instance is not None, "an answer comes from an instance"
        begun_s, cold_s, number = exchange.begun_s, exchange.cold_s, exchange.instance.number
        service_ms = (now_s - begun_s) * 1000
        if begun_s == exchange.arrived_s:  # the common case; %.3f costs 0.3 us each
            return _AT_ONCE % (service_ms, number)
        return _TIMING % (exchange.queue_s(now_s) * 1000, cold_s * 1000, service_ms, number)


class DateHeader:
    """The `date` line, made once per second."""

    def __init__(self, clock: Callable[[], LoopTime], epoch_s: Callable[[], float]) -> None:
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
    """Return the host of an authority: lower case, without port and without the final dot of a full name."""
    if authority.startswith(b"["):
        return authority[: authority.find(b"]") + 1].lower()
    return authority.partition(b":")[0].lower().removesuffix(b".")
