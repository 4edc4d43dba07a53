"""Requests of simulated clients as a web ACL inspects them: the same that clients send in real time."""

from __future__ import annotations

from typing import NamedTuple

from simulator.rules.waf.web_request import WebRequest
from simulator.scenario.request_numbers import RequestKind
from simulator.traffic.request_fields import request_fields, target_of

LOOPBACK = "127.0.0.1"  # the address of clients without one, as in real time


class _Parts(NamedTuple):
    method: bytes
    target: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes
    filler_bytes: int


class WebRequests:
    """Creates the requests for one service. `host` is its name, without a port, because virtual time has no ports."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._parts: dict[int, _Parts] = {}  # by the id of the kind's section, which the scenario keeps alive

    def of(self, kind: RequestKind, body_bytes_max: int) -> WebRequest:
        """Return a request of this kind, with the first `body_bytes_max` bytes of its body."""
        parts = self._parts.get(id(kind.given))
        if parts is None:
            parts = self._parts[id(kind.given)] = self._made(kind)
        body, filler_bytes = parts.body, parts.filler_bytes
        return WebRequest(
            parts.method,
            parts.target,
            parts.fields,
            kind.client or LOOPBACK,
            body[:body_bytes_max] or b"." * min(filler_bytes, body_bytes_max),
            is_cut=(len(body) or filler_bytes) > body_bytes_max,
        )

    def _made(self, kind: RequestKind) -> _Parts:
        given = kind.given
        if given is None:
            return _Parts(b"GET", target_of(kind.path).encode(), (), b"", 0)
        body = (given.body or "").encode()
        fields = request_fields(
            self._host, given.method, given.headers.items(), body, given.request_size_bytes, given.response_size_bytes
        )
        return _Parts(
            given.method.encode(),
            target_of(given.path).encode(),
            tuple((name.lower().encode(), value.encode()) for name, value in fields),
            body,
            given.request_size_bytes,
        )
