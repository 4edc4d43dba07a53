"""The plain-HTTP port: every request is redirected to HTTPS (facts 3.1: since 22 February 2023)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from simulator.edge.gateway import DateHeader, host_name
from simulator.edge.ports import Downstream, EntryLog, ExchangeView
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.rejection import NO_ROUTE
from simulator.model.times import LoopTime
from simulator.wire.http1.local_replies import LocalReply, rejected
from simulator.wire.http1.request import ENVOY_FIELDS, RequestHead
from simulator.wire.http1.response import ResponseHead
from simulator.wire.own_names import OwnNames

_NO_ROUTE: Final = rejected(NO_ROUTE)
_LOOPBACK: Final = OwnNames()


class Redirect:
    """Implements `RequestHandler`: 301 to the same host and target on `https_port`.

    A host that has no service (`knows`) and is not a loopback name gets 404, as on the HTTPS port. So no client is
    redirected to a foreign server.

    ASSUMPTION: 301, Envoy's default for https_redirect; App Runner's documents say only "redirects". One observed
    request settles it.
    """

    table = ENVOY_FIELDS

    def __init__(
        self,
        https_port: int,
        limits: DataPlaneLimits,
        *,
        clock: Callable[[], LoopTime],
        epoch_s: Callable[[], float],
        status: int = 301,
        access_log: EntryLog | None = None,
        own_answers: Counter[int] | None = None,
        knows: Callable[[bytes], bool] = lambda _host: True,
    ) -> None:
        self.limits, self.server_timing = limits, False
        self.access_log = access_log
        self.own_answers: Counter[int] = Counter() if own_answers is None else own_answers
        self.now_s = clock
        self._knows = knows
        self._port = b"" if https_port == 443 else b":%d" % https_port
        self._status = status
        self._stamp = DateHeader(clock, epoch_s)

    def decide(self, request: RequestHead, sni: str) -> LocalReply:
        del sni
        if not request.authority:
            return LocalReply(400)
        if request.method in {b"CONNECT", b"TRACE"}:
            return LocalReply(501)
        host = host_name(request.authority)
        if not self._knows(host) and not _LOOPBACK.has(host.decode("latin-1")):
            return _NO_ROUTE
        target = b"" if request.target == b"*" else request.target
        location = b"location: https://%b%b%b\r\n" % (host, self._port, target)
        return LocalReply(self._status, fields=location)

    def own_lines(self) -> bytes:
        return self._stamp.line() + b"server: envoy\r\n"

    def request_lines(self, _exchange: ExchangeView, _client: Downstream) -> bytes:
        raise AssertionError("nothing is forwarded from here")

    def answer_lines(self, _head: ResponseHead | None, _exchange: ExchangeView, _now_s: LoopTime) -> bytes:
        raise AssertionError("nothing is forwarded from here")
