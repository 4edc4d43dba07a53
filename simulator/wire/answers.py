"""Answers of the balancer's own: rejections, redirects, complaints about a request, and what simulated instances
say.
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
    """The reason phrase; empty for a status without a name."""
    return _REASONS.get(status, b"")


def connection_line(minor: int, *, close: bool) -> bytes:
    """What has to be said about the connection: 1.1 stays open and 1.0 closes unless told otherwise."""
    if close:
        return b"connection: close\r\n"
    return b"" if minor == 1 else b"connection: keep-alive\r\n"


class OwnAnswer:
    """`fields` are whole lines. `chunked` frames even an empty body so, where the client can read it (HTTP/1.1)."""

    __slots__ = ("body", "chunked", "fields", "status")

    def __init__(self, status: int, body: bytes = b"", fields: bytes = b"", *, chunked: bool = False) -> None:
        self.status = status
        self.body = body
        self.fields = fields
        self.chunked = chunked

    def render(self, minor: int, added: bytes, *, head_only: bool, close: bool) -> bytes:
        """The whole answer. `added`: further field lines, such as date and server."""
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


def rejected(rejection: Rejection) -> OwnAnswer:
    """A rejection as App Runner's clients see it: Envoy's text, or empty and chunked for an unknown host (facts
    3.1).
    """
    if not rejection.body:
        return OwnAnswer(rejection.status, chunked=True)
    return OwnAnswer(rejection.status, rejection.body.encode(), PLAIN)


def complaint(status: int, why: str) -> OwnAnswer:
    """An answer to a request that broke the rules."""
    return OwnAnswer(status, why.encode(), PLAIN)
