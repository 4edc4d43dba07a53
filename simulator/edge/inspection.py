"""The part of a live request that a web ACL inspects, and the wait until that part of its body has arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol, cast

from simulator.edge.ports import ExchangeConnection, RequestHandler, Upstream
from simulator.fleet.exchange import PooledExchange
from simulator.fleet.http.exchange import BodyInspection
from simulator.model.exchange_state import RequestState
from simulator.model.rejection import TIMEOUT, Rejection
from simulator.model.times import LoopTime
from simulator.rules.waf.addresses import address_of
from simulator.rules.waf.web_request import WebRequest
from simulator.wire.http1.request import RequestHead

# With this field the simulator's own clients, and any client on this machine, state the address that the web ACL
# inspects.
CLIENT_FIELD: Final = b"x-simulator-client"
_LOOPBACK: Final = (b"127.", b"::1")

_AWAITING_CONTINUE, _COMPLETE = RequestState.AWAITING_CONTINUE, RequestState.COMPLETE


class InspectedExchange(Protocol):
    """A live exchange (exchange.py). `early` is the part of its body that has arrived."""

    request: RequestHead
    request_state: RequestState
    early: bytes
    inspection: BodyInspection | None
    arrived_s: LoopTime
    upstream: Upstream

    @property
    def connection(self) -> ExchangeConnection: ...
    def say_continue(self) -> None: ...
    def fail(self, rejection: Rejection, /) -> None: ...


def web_request_of(exchange: InspectedExchange, body_bytes_max: int) -> WebRequest:
    """Return the request for inspection, with the first bytes of its body as far as they have arrived."""
    request, early = exchange.request, exchange.early
    is_cut = len(early) > body_bytes_max or (bool(early) and exchange.request_state is not _COMPLETE)
    fields, client = _with_client(request.fields(), exchange.connection.peer)
    body, minor = early[:body_bytes_max], request.minor
    return WebRequest(request.method, request.target, fields, client, body, is_cut=is_cut, minor=minor)


def _with_client(fields: list[tuple[bytes, bytes]], peer: bytes) -> tuple[list[tuple[bytes, bytes]], str]:
    """Return the fields of a request, and the address of its client: that of the connection, or the one that a local
    client states.

    The field with that statement is not included.
    """
    stated = [value for name, value in fields if name == CLIENT_FIELD]
    if not stated or not peer.startswith(_LOOPBACK):
        return fields, peer.decode("latin-1")
    address = stated[0].decode("latin-1")
    kept = [field for field in fields if field[0] != CLIENT_FIELD]
    return kept, peer.decode("latin-1") if address_of(address) is None else address


def path_of(exchange: InspectedExchange) -> str:
    """Return path and query as the client sent them."""
    return exchange.request.target.decode("latin-1")


def awaits_client(exchange: InspectedExchange) -> bool:
    """Return True while the client has not sent its whole request."""
    return exchange.request_state is not _COMPLETE


def rule_line(rule: str, handler: RequestHandler) -> bytes:
    """Return the field that tells the simulator's clients which rule blocked their request; empty if none did."""
    if not rule or not handler.server_timing:
        return b""
    return b'server-timing: waf;desc="%b"\r\n' % rule.encode("ascii", "replace").replace(b'"', b"'")


class HeldBody:
    """A request that waits for its body. `proceed` is called when `needed` bytes, or all of it, have arrived."""

    def __init__(self, exchange: InspectedExchange, needed: int, proceed: Callable[[], None]) -> None:
        self._exchange, self._needed, self._proceed = exchange, needed, proceed

    @property
    def has_arrived(self) -> bool:
        exchange = self._exchange
        return exchange.request_state is _COMPLETE or len(exchange.early) >= self._needed

    def check(self) -> None:
        exchange = self._exchange
        if self.has_arrived:
            exchange.inspection = None
            self._proceed()
        elif exchange.connection.handler.now_s() - exchange.arrived_s > exchange.connection.handler.limits.request_s:
            exchange.upstream.abandon(cast("PooledExchange", exchange))
            exchange.fail(TIMEOUT)


def hold_for_body(exchange: InspectedExchange, body_bytes_max: int, proceed: Callable[[], None]) -> bool:
    """Wait for the part of the body that is inspected, and call `proceed` when it has arrived or the body is complete.

    Return False if nothing is missing; `proceed` is then not called. A client that waits for `100 Continue` gets it.
    The wait is limited by the time limit of a request.

    # ASSUMPTION: App Runner's balancer also waits for as much of the body before it asks the web ACL. A slow upload to
    # a service with a rule on bodies, and the time of the application's first byte, settle it.
    """
    # One byte more than is inspected shows that the body has more; reading stops after `read_ahead_bytes`.
    needed = min(body_bytes_max, exchange.connection.handler.limits.read_ahead_bytes) + 1
    held = HeldBody(exchange, needed, proceed)
    if held.has_arrived:
        return False
    exchange.inspection = held
    if exchange.request_state is _AWAITING_CONTINUE:
        exchange.say_continue()
    return True


def insert_fields(exchange: InspectedExchange, fields: Iterable[tuple[bytes, bytes]]) -> None:
    """Add header fields, with names in lower case, to the forwarded request; they replace the client's."""
    exchange.request.insert(fields)
