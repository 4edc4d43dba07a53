"""Messages for the fuzzer: valid ones, malformed in ways that have deceived parsers before, and divided anywhere.

Sources of the fragments: PortSwigger's desync research, defparam/smuggler, HTTP Garden, the test suites of llhttp and
Go, and the rows of the checklist.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeVar

from simulator.world.random_streams import RandomStreams
from tests.edge.front import HOST

T = TypeVar("T")

_DRAWS: Final = 4096  # random numbers drawn at once, because a call of numpy for each would take most of the time

_METHODS: Final = [
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"OPTIONS",
    b"DELETE",
    b"PATCH",
    b"get",
    b"X-Y!",
    b"TRACE",
    b"CONNECT",
]
_TARGETS: Final = [b"/", b"/a?b", b"*", b"//x", b"/?", b"http://" + HOST + b"/y", b"http://b/", b"/%00", b"/..", HOST]
_VERSIONS: Final = [b"1.1"] * 8 + [b"1.0"] * 2 + [b"2.0", b"1.2", b"0.9"]
_LINES: Final = [
    b"Host: b",
    b"Connection: close",
    b"Connection: keep-alive",
    b"Connection: X-Hop, content-length",
    b"Connection: Upgrade, HTTP2-Settings",
    b"Upgrade: h2c",
    b"Upgrade: websocket",
    b"Expect: 100-continue",
    b"TE: trailers",
    b"Trailer: X",
    b"X-Hop: 1",
    b"X: y",
    b"X:",
    b"X: y \t",
    b"X-Forwarded-For: 10.0.0.1",
    b"Content_Length: 7",
    b"Transfer_Encoding: chunked",
    b"Keep-Alive: 5",
    b"Max-Forwards: 9",
    b"Cookie: \xe9",
    b"Content-Length: 5",
    b"Content-Length: 0",
    b"Transfer-Encoding: chunked",
    b"Date: Sun, 06 Nov 1994 08:49:37 GMT",
    b"Server: x",
]
_FRAMINGS: Final = [
    (b"", b""),
    (b"Content-Length: 0\r\n", b""),
    (b"Content-Length: 5\r\n", b"hello"),
    (b"Content-Length: 2\r\n", b"\r\n"),
    (b"Content-Length: 40\r\n", b"GET /hidden HTTP/1.1\r\nHost: abcdefghij\r\n\r\n"[:40]),
    (b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\n", b"3;a=b\r\nabc\r\nA\r\n0123456789\r\n00\r\nX: y\r\n\r\n"),
    (b"transfer-encoding:Chunked\r\n", b"2\r\n\r\n\r\n0\r\nContent-Length: 3\r\n\r\n"),
    (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\n", b"0x3\r\nabc\r\n0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\n", b"3 \r\nabc\r\n0\r\n\r\n"),
]
_STATUSES: Final = [b"200 OK"] * 6 + [
    b"204 No Content",
    b"304 Not Modified",
    b"404 ",
    b"500 Oops",
    b"299",
    b"101 Switch",
    b"205 X",
]
_INTERIM: Final = [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"]
_SPOILS: Final = [
    *(bytes([each]) for each in (0, 9, 10, 11, 12, 13, 32, 35, 44, 48, 58, 59, 127, 128, 133, 160, 255)),
    b"\r\n",
    b"\r\n\r\n",
    b"\r\n ",
    b"\n\n",
    b"\r\r\n",
    b"\r\n\t",
    b"  ",
    b"0x",
    b"+",
    b"-",
    b"_",
    b"f" * 17,
    b"9" * 19,
    b"0" * 20,
    b", ",
    b";a=b",
    b";" + b"x" * 300,
    b"chunked",
    b", chunked",
    b"identity",
    b"Content-Length: 1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding : chunked\r\n",
    b"Host: c\r\n",
    b"HTTP/1.1",
    b"HTTP/1.0 200 OK\r\n\r\n",
    b"0\r\n\r\n",
    b"1\r\nZ\r\n",
    b"\xef\xbb\xbf",
    b"\x16\x03\x01",
]


class Case(NamedTuple):
    """A message. `cuts` are the positions at which the bytes are divided, ascending. `method` and `version` are those
    of the request to which a response belongs.
    """

    data: bytes
    cuts: tuple[int, ...]
    method: bytes = b"GET"
    version: bytes = b"1.1"

    def pieces(self) -> list[bytes]:
        ends = (*self.cuts, len(self.data))
        return [self.data[start:end] for start, end in zip((0, *self.cuts), ends, strict=True) if start < end]


class MalformedMessages:
    """An endless supply of cases; the same seed and batch give the same cases."""

    def __init__(self, seed: int, batch: int) -> None:
        self._stream = RandomStreams(seed).stream("nasty", batch)
        self._numbers = self._draw()

    def requests(self) -> Case:
        """Return one to three requests in a row, which may be malformed."""
        data = b"".join(self._request() for _ in range(1 + self._below(5) // 2))
        return self._cut(self._spoil(data))

    def answer(self) -> Case:
        """Return a response to a request, perhaps with interim responses before it and bytes after it."""
        data = b"".join(self._of(_INTERIM) for _ in range(max(0, self._below(8) - 5))) + self._message(
            b"HTTP/1.%d %b" % (self._below(8) > 0, self._of(_STATUSES))
        )
        if self._below(10) == 0:
            data += b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        case = self._cut(self._spoil(data))
        return case._replace(
            method=self._of([b"GET", b"GET", b"POST", b"HEAD"]), version=self._of([b"1.1", b"1.1", b"1.0"])
        )

    def _request(self) -> bytes:
        start = b"%b %b HTTP/%b" % (self._mostly(_METHODS), self._mostly(_TARGETS), self._of(_VERSIONS))
        host = b"" if self._below(20) == 0 else b"\r\nHost: " + HOST
        return self._message(start + host)

    def _message(self, start: bytes) -> bytes:
        framing, body = self._of(_FRAMINGS)
        lines = b"".join(self._of(_LINES) + b"\r\n" for _ in range(max(0, self._below(6) - 2)))
        halves = (framing, lines) if self._below(2) else (lines, framing)
        return b"%b\r\n%b%b\r\n%b" % (start, *halves, body)

    def _spoil(self, data: bytes) -> bytes:
        for _ in range(max(0, self._below(7) - 2)):
            size = len(data)
            at = self._below(size + 1)
            end = min(size, at + self._below(4)) if self._below(4) else min(size, at + self._below(40))
            how = self._below(8)
            if how < 4:
                data = data[:at] + self._of(_SPOILS) + data[at if how < 2 else end :]
            elif how == 4:
                data = data[:at] + data[end:]
            elif how == 5:
                data = data[:end] + data[at:]
            elif how == 6:
                data = data[:at] + bytes([self._below(256)]) + data[at + 1 :]
            else:
                there = self._below(size + 1)
                data = data[:there] + data[at:end] + data[there:]
        return data or b"\r\n"

    def _cut(self, data: bytes) -> Case:
        if self._below(16) == 0 and len(data) < 400:
            return Case(data, tuple(range(1, len(data))))
        return Case(data, tuple(sorted({1 + self._below(len(data)) for _ in range(self._below(5))})))

    def _of(self, choices: Sequence[T]) -> T:
        return choices[self._below(len(choices))]

    def _mostly(self, choices: list[bytes]) -> bytes:
        """Return the first choice half of the time, because most cases should pass the request line."""
        return choices[0] if self._below(2) else choices[self._below(len(choices))]

    def _below(self, bound: int) -> int:
        return next(self._numbers) % bound

    def _draw(self) -> Iterator[int]:
        while True:
            yield from self._stream.integers(0, 1 << 32, _DRAWS).tolist()
