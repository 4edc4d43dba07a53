"""Reference parsers: h11 and llhttp read bytes and return them in one form, so that their readings can be compared."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import h11
import httptools

_BIG: Final = 1 << 24  # far more than any message of a test
# llhttp knows methods by name; POST replaces a method that it does not know.
_KNOWN: Final = frozenset({b"GET", b"POST", b"HEAD", b"PUT", b"OPTIONS", b"DELETE", b"PATCH"})


class Reading(NamedTuple):
    """A message. `start` is (method, target) or (status, reason). `ended`: it is complete. `behind`: the bytes after
    it.
    """

    start: tuple[bytes, bytes]
    fields: list[tuple[bytes, bytes]]
    body: bytes
    ended: bool
    behind: bytes


def by_h11(message: bytes) -> Reading | None:
    """Return the first request in `message`; None while its head is incomplete.

    Raises:
        h11.RemoteProtocolError: if it is not a request.
    """
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=_BIG)
    reader.receive_data(message)
    head = reader.next_event()
    if not isinstance(head, h11.Request):
        return None
    body, ended = _body(reader)
    return Reading((head.method, head.target), list(head.headers), body, ended, reader.trailing_data[0])


def answer_by_h11(answer: bytes, method: bytes, *, closed: bool = False) -> tuple[list[int], Reading | None]:
    """Return the statuses of interim responses, and the final response. `closed`: the connection ended in order after
    it.

    Raises:
        h11.RemoteProtocolError: if it is not a response.
    """
    reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=_BIG)
    reader.send(h11.Request(method=method, target="/", headers=[("host", "a")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(answer)
    if closed:
        reader.receive_data(b"")
    interim = []
    while isinstance(head := reader.next_event(), h11.InformationalResponse):
        interim.append(head.status_code)
    if not isinstance(head, h11.Response):
        return interim, None
    body, ended = _body(reader)
    reading = Reading((b"%d" % head.status_code, head.reason), list(head.headers), body, ended, reader.trailing_data[0])
    return interim, reading


def _body(reader: h11.Connection) -> tuple[bytes, bool]:
    body = b""
    event: Any = reader.next_event()
    while isinstance(event, h11.Data):
        body += bytes(event.data)
        event = reader.next_event()
    return body, isinstance(event, h11.EndOfMessage)


class _Llhttp:
    def __init__(self) -> None:
        self.target = self.reason = self.body = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.ended = self.headed = False

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_status(self, reason: bytes) -> None:
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.headed:  # otherwise it is a trailer
            self.fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.headed = True

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.ended = True


def by_llhttp(message: bytes) -> Reading | None:
    """Return the first request as `by_h11` does, but without the bytes after it.

    Raises:
        httptools.HttpParserError: if it is not a request.
    """
    method, _, rest = message.partition(b" ")
    known = method if method in _KNOWN else b"POST"
    found = _Llhttp()
    httptools.HttpRequestParser(found).feed_data(known + b" " + rest)
    if not found.headed:
        return None
    return Reading((method, found.target), found.fields, found.body, found.ended, b"")


def answer_by_llhttp(answer: bytes) -> Reading | None:
    """Return a response as `answer_by_h11` does. It must have no interim responses, and must not be a response to HEAD.

    Raises:
        httptools.HttpParserError: if it is not a response.
    """
    found = _Llhttp()
    parser = httptools.HttpResponseParser(found)
    parser.feed_data(answer)
    if not found.headed:
        return None
    return Reading((b"%d" % parser.get_status_code(), found.reason), found.fields, found.body, found.ended, b"")
