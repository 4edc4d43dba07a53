from __future__ import annotations

import pytest

from simulator.wire.fault import ProtocolError
from simulator.wire.framing import CHUNKED, UNTIL_CLOSE
from simulator.wire.response import AnswerHead, read_answer


def answer(*lines: bytes, start: bytes = b"HTTP/1.1 200 OK") -> AnswerHead:
    return read_answer(b"\r\n".join((start, *lines, b"", b"")))


@pytest.mark.parametrize(
    ("start", "lines"),
    [
        (b"HTTP/1.1 20 OK", ()),
        (b"HTTP/1.1 2000 OK", ()),
        (b"HTTP/1.1 099 OK", ()),
        (b"HTTP/2.0 200 OK", ()),
        (b"HTTP/1.1  200 OK", ()),
        (b"HTTP/1.1 200 O\x00K", ()),
        (b"HTTP/1.1 200 OK", (b"X: a\x00",)),
        (b"HTTP/1.1 200 OK", (b"X: a\rb",)),
        (b"HTTP/1.1 200 OK", (b"X: a\nY: b",)),
        (b"HTTP/1.1 200 OK", (b"X : a",)),
        (b"HTTP/1.1 200 OK", (b"X: a", b" folded")),
        (b"HTTP/1.1 200 OK", (b"Content-Length: 1", b"Content-Length: 2")),
        (b"HTTP/1.1 200 OK", (b"Content-Length: -1",)),
        (b"HTTP/1.1 200 OK", (b"Transfer-Encoding: gzip",)),
        (b"HTTP/1.1 200 OK", (b"Transfer-Encoding: chunked, chunked",)),
        (b"HTTP/1.0 200 OK", (b"Transfer-Encoding: chunked",)),
    ],
)
def test_a_malformed_answer_is_a_bad_gateway(start: bytes, lines: tuple[bytes, ...]) -> None:
    with pytest.raises(ProtocolError) as refused:
        answer(*lines, start=start)
    assert refused.value.status == 502


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ((), UNTIL_CLOSE),
        ((b"Content-Length: 5",), 5),
        ((b"Transfer-Encoding: Chunked",), CHUNKED),
        ((b"Content-Length: 5", b"Transfer-Encoding: chunked"), CHUNKED),
    ],
)
def test_the_length_follows_the_fields(lines: tuple[bytes, ...], length: int) -> None:
    assert answer(*lines).length == length


@pytest.mark.parametrize("status", [b"204", b"304", b"103"])
def test_some_statuses_have_no_body_whatever_they_say(status: bytes) -> None:
    assert answer(b"Content-Length: 5", start=b"HTTP/1.1 %b X" % status).length == 0


def test_hop_by_hop_fields_and_those_named_do_not_go_on() -> None:
    head = answer(b"Connection: close, X-Hop", b"X-Hop: 1", b"Keep-Alive: 5", b"Upgrade: h2c", b"Trailer: x", b"X: 1")
    assert head.forward(b"") == b"HTTP/1.1 200 OK\r\nX: 1\r\n\r\n"
    assert not head.keep_alive


def test_repeated_fields_keep_order_and_octets() -> None:
    lines = (b"Set-Cookie: a=1", b"Vary: x", b"Set-Cookie: b=\xfc")
    assert b"\r\n".join(lines) in answer(*lines).forward(b"")


def test_server_is_overwritten_and_date_kept() -> None:
    head = answer(b"Server: gunicorn", b"Date: Sun, 06 Nov 1994 08:49:37 GMT")
    assert head.dated
    assert b"gunicorn" not in head.forward(b"")
    assert b"date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" in head.forward(b"")


@pytest.mark.parametrize("start", [b"HTTP/1.1 299 Odd", b"HTTP/1.1 599 ", b"HTTP/1.1 404", b"HTTP/1.1 200 \xe9"])
def test_odd_but_valid_statuses_and_reasons_go_on(start: bytes) -> None:
    assert answer(start=start).forward(b"").rstrip().startswith(start.rstrip())


def test_an_http_1_0_answer_goes_on_as_1_1_and_closes_its_connection() -> None:
    head = answer(start=b"HTTP/1.0 200 OK")
    assert not head.keep_alive
    assert head.forward(b"").startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer(b"Connection: keep-alive", start=b"HTTP/1.0 200 OK").keep_alive
