"""The profile `plain`: a balancer that uses standard header fields only, none of Envoy's.

Requests get Forwarded (RFC 7239), Via (RFC 9110 7.6.3) and the X-Forwarded fields that applications commonly read.
These fields replace the client's; X-Forwarded-For and Via are appended to the client's values. Responses keep the
application's Server.
"""

from __future__ import annotations

from typing import Final

from simulator.edge.gateway import Gateway
from simulator.edge.ports import Downstream, ExchangeView
from simulator.model.times import LoopTime
from simulator.wire.http1.request import PLAIN_FIELDS
from simulator.wire.http1.response import ResponseHead

PSEUDONYM: Final = b"simulator"


class PlainGateway(Gateway):
    """A gateway with standard header fields."""

    table = PLAIN_FIELDS

    def own_lines(self) -> bytes:
        return self._stamp.line()

    def request_lines(self, exchange: ExchangeView, client: Downstream) -> bytes:
        request = exchange.request
        # RFC 7239 6: an IPv6 address is quoted and in brackets; a host is quoted too, because it may have a port.
        node = b'"[%b]"' % client.peer if b":" in client.peer else client.peer
        return (
            b"x-forwarded-proto: %b\r\nx-forwarded-host: %b\r\nx-forwarded-port: %d\r\n"
            b'forwarded: for=%b;host="%b";proto=%b\r\nvia: 1.%d %b\r\n'
        ) % (
            client.scheme,
            request.authority,
            client.port,
            node,
            request.authority,
            client.scheme,
            request.minor,
            PSEUDONYM,
        )

    def answer_lines(self, head: ResponseHead | None, exchange: ExchangeView, now_s: LoopTime) -> bytes:
        return b"%b%b%b" % (
            self._timing_line(exchange, now_s) if self.server_timing else b"",
            b"" if head is not None and head.dated else self._stamp.line(),
            b"server: %b\r\n" % head.server if head is not None and head.server else b"",
        )
