"""Requests of the live load: the bytes to send, created once for each kind, and the state of one request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from simulator.edge.inspection import CLIENT_FIELD
from simulator.model.times import NOT_YET, RunTime
from simulator.traffic.request_fields import request_fields, target_of
from simulator.wire.client import ClientConnection, ClientResponse

# Sources use few kinds; but a trace with a different path per request must not fill the memory.
_KEPT_MAX: Final = 4096
# Small bodies are sent together with their head; longer bodies are generated while they are sent.
_WITH_HEAD_BYTES_MAX: Final = 16 * 1024
# Methods that have the same effect if a request is sent twice (RFC 9110, 9.2.2).
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


class RequestChoice(NamedTuple):
    """A kind of request. Sizes of bodies are in bytes; with a `response_bytes` of 0 the application decides."""

    method: str = "GET"
    path: str = "/"
    request_bytes: int = 0
    response_bytes: int = 0
    number: int | None = None  # source number in the request log; None: the source's own number
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    keeps_body: bool = False  # store the body of the response for the session
    is_template: bool = False  # contains `${name}` to be replaced

    def from_address(self, address: str) -> RequestChoice:
        """Return the request with `address` as the client address that a web ACL inspects."""
        return self._replace(headers=(*self.headers, (CLIENT_FIELD.decode(), address)))


class RequestBytes(NamedTuple):
    """The bytes of a request. `data` is the head, with the body if it is small; `filler_bytes` of body follow it."""

    data: bytes
    filler_bytes: int
    bodiless: bool  # the response has no body
    repeatable: bool  # may be sent again if an idle connection turns out to be closed


class RequestWriter:
    """Creates the bytes of requests for one host.

    `authority` is the value of the Host field: the name, and the port unless it is the default one.
    """

    def __init__(self, authority: str) -> None:
        self._authority = authority
        self._kept: dict[RequestChoice, RequestBytes] = {}

    def write(self, choice: RequestChoice) -> RequestBytes:
        written = self._kept.get(choice)
        if written is None:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            written = self._kept[choice] = self._write(choice)
        return written

    def _write(self, choice: RequestChoice) -> RequestBytes:
        body = b"" if choice.body is None else choice.body.encode()
        fields = request_fields(
            self._authority, choice.method, choice.headers, body, choice.request_bytes, choice.response_bytes
        )
        start = f"{choice.method} {target_of(choice.path)} HTTP/1.1"
        head = "\r\n".join([start, *(f"{name}: {value}" for name, value in fields), "", ""]).encode()
        with_head = choice.request_bytes if choice.request_bytes <= _WITH_HEAD_BYTES_MAX else 0
        return RequestBytes(
            head + (body or b"." * with_head),
            choice.request_bytes - with_head,
            choice.method == "HEAD",
            choice.method in _IDEMPOTENT,
        )


class Shot:
    """A request in progress. `intended_s` is the time at which it is due, `sent_s` the loop's time at which it was
    sent.
    """

    __slots__ = ("answer", "choice", "connection", "ended", "intended_s", "repeated", "sent_s", "source")

    def __init__(
        self,
        source: int,
        intended_s: RunTime,
        choice: RequestChoice,
        ended: Callable[[RunTime, int], None] | None = None,
    ) -> None:
        """Create the request. `ended(now_s, status)` is called once, with the outcome; status 0 means no response."""
        self.source = source if choice.number is None else choice.number
        self.intended_s = intended_s
        self.choice = choice
        self.ended = ended
        self.sent_s = NOT_YET
        self.repeated = False
        self.connection: ClientConnection | None = None
        self.answer: ClientResponse | None = None
