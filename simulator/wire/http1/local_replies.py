"""Local replies, i.e. responses that the balancer generates itself: rejections, redirects and errors. Simulated
instances create their responses with this module too.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from simulator.model.rejection import Rejection

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
WEBSOCKET: Final = b"connection: upgrade\r\nupgrade: websocket\r\n"
PLAIN: Final = b"content-type: text/plain\r\n"

_REASONS: Final = {status.value: status.phrase.encode() for status in HTTPStatus}


def reason_of(status: int) -> bytes:
    """Return the reason phrase; empty for a status without a name."""
    return _REASONS.get(status, b"")


def connection_line(minor: int, *, close: bool) -> bytes:
    """Return the Connection line. Without one, HTTP/1.1 keeps the connection open and HTTP/1.0 closes it."""
    if close:
        return b"connection: close\r\n"
    return b"" if minor == 1 else b"connection: keep-alive\r\n"


class LocalReply:
    """A response that the balancer generates.

    `fields` has complete lines. If `chunked` is True, a client that supports it (HTTP/1.1) gets chunked framing, even
    for an empty body.
    """

    __slots__ = ("body", "chunked", "fields", "status")

    def __init__(self, status: int, body: bytes = b"", fields: bytes = b"", *, chunked: bool = False) -> None:
        self.status = status
        self.body = body
        self.fields = fields
        self.chunked = chunked

    def render(self, minor: int, added: bytes, *, head_only: bool, close: bool) -> bytes:
        """Return the complete response. `added` has further lines of fields, such as date and server."""
        body = b"" if head_only else self.body
        if self.status in {204, 304}:
            framing = body = b""
        elif self.chunked and minor == 1:
            framing = b"transfer-encoding: chunked\r\n"
            if not head_only:
                body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        else:
            framing = b"content-length: %d\r\n" % len(self.body)
        start = b"HTTP/1.1 %d %b\r\n" % (self.status, reason_of(self.status))
        return b"".join((start, self.fields, framing, connection_line(minor, close=close), added, b"\r\n", body))


def rejected(rejection: Rejection) -> LocalReply:
    """Return a rejection in the form that App Runner's clients get: Envoy's text, or an empty chunked body for an
    unknown host (facts 3.1).
    """
    if rejection.fields:
        lines = b"".join(b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in rejection.fields)
        return LocalReply(rejection.status, rejection.body.encode(), lines)
    if not rejection.body:
        return LocalReply(rejection.status, chunked=True)
    return LocalReply(rejection.status, rejection.body.encode(), PLAIN)


def complaint(status: int, why: str) -> LocalReply:
    """Return the response to a request that violates the protocol."""
    return LocalReply(status, why.encode(), PLAIN)
