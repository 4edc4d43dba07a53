from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.wire.http1 import response as response_file
from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.fields import ENTRY_BYTES_MAX, FieldTable
from simulator.wire.http1.framing import CHUNKED, UNTIL_CLOSE
from simulator.wire.http1.response import RESPONSE_FIELDS, ResponseHead, read_response


def answer(*lines: bytes, start: bytes = b"HTTP/1.1 200 OK") -> ResponseHead:
    return read_response(b"\r\n".join((start, *lines, b"", b"")))


@pytest.mark.parametrize(
    ("start", "lines"),
    [
        (b"HTTP/1.1 20 OK", ()),
        (b"HTTP/1.1 2000 OK", ()),
        (b"HTTP/1.1 099 OK", ()),
        (b"HTTP/0.9 200 OK", ()),
        (b"HTTP/1.10 200 OK", ()),
        (b" HTTP/1.1 200 OK", ()),
        (b"HTTP/1.1 200 O\x00K", ()),
        (b"HTTP/1.1 200 O\rK", ()),
        (b"HTTP/1.1 200 O\nK", ()),
        (b"HTTP/1.1 200 OK", (b"X: a\x00",)),
        (b"HTTP/1.1 200 OK", (b"X: a\rb",)),
        (b"HTTP/1.1 200 OK", (b"X: a\nY: b",)),
        (b"HTTP/1.1 200 OK", (b"X : a",)),
        (b"HTTP/1.1 200 OK", (b"X: a", b" folded")),
        (b"HTTP/1.1 200 OK", (b"Content-Length: 1", b"Content-Length: 2")),
        (b"HTTP/1.1 200 OK", (b"Content-Length: -1",)),
        (b"HTTP/1.1 200 OK", (b"Transfer-Encoding: gzip",)),
        (b"HTTP/1.1 200 OK", (b"Transfer-Encoding: chunked, chunked",)),
        (b"HTTP/1.1 200 OK", (b"Content-Length: 5", b"Transfer-Encoding: chunked")),
    ],
)
def test_a_malformed_response_is_a_bad_gateway(start: bytes, lines: tuple[bytes, ...]) -> None:
    with pytest.raises(ProtocolError) as rejected:
        answer(*lines, start=start)
    assert rejected.value.status == 502


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ((), UNTIL_CLOSE),
        ((b"Content-Length: 5",), 5),
        ((b"Transfer-Encoding: Chunked",), CHUNKED),
    ],
)
def test_the_length_of_a_response_follows_from_its_fields(lines: tuple[bytes, ...], length: int) -> None:
    assert answer(*lines).length == length


@pytest.mark.parametrize("status", [b"204", b"304", b"103"])
def test_some_statuses_have_no_body_whatever_the_fields(status: bytes) -> None:
    assert answer(b"Content-Length: 5", start=b"HTTP/1.1 %b X" % status).length == 0


def test_hop_by_hop_fields_and_those_named_in_connection_are_not_forwarded() -> None:
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
def test_unusual_valid_statuses_and_reasons_are_forwarded(start: bytes) -> None:
    assert answer(start=start).forward(b"").rstrip().startswith(start.rstrip())


def test_an_http_1_0_response_is_forwarded_as_1_1_and_closes_its_connection() -> None:
    head = answer(start=b"HTTP/1.0 200 OK")
    assert not head.keep_alive
    assert head.forward(b"").startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer(b"Connection: keep-alive", start=b"HTTP/1.0 200 OK").keep_alive


@pytest.mark.parametrize("value", [b"keep-alive", b"Keep-Alive", b"KEEP-ALIVE", b"keep-alive, keep-alive", b""])
def test_connection_fields_without_effect_keep_the_connection_open(value: bytes) -> None:
    head = answer(b"Connection: " + value, b"X: 1")
    assert head.keep_alive
    assert not head.upgrades
    assert head.forward(b"") == b"HTTP/1.1 200 OK\r\nX: 1\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "size", "declared"),
    [
        (b"HTTP/1.1 200 OK", b"5", b"content-length: 5\r\n"),
        (b"HTTP/1.1 304 Not Modified", b"5", b"content-length: 5\r\n"),
        (b"HTTP/1.1 304 Not Modified", b"3, 3", b""),
        (b"HTTP/1.1 204 No Content", b"5", b""),
        (b"HTTP/1.1 103 Early Hints", b"5", b""),
    ],
)
def test_a_length_is_declared_if_the_response_may_have_one(start: bytes, size: bytes, declared: bytes) -> None:
    assert answer(b"Content-Length: " + size, start=start).declared == declared
    assert answer(start=start).declared == b""


@pytest.mark.row(24)
def test_white_space_after_a_value_is_not_forwarded() -> None:
    assert answer(b"X-A:  b \t", b"Vary: x\t").forward(b"").endswith(b"\r\nX-A:  b\r\nVary: x\r\n\r\n")


# --- cache -----------------------------------------------------------------------------------------------------------

LINES: Final = st.one_of(
    st.sampled_from(
        [
            b"Server: x",
            b"Date: Sun, 06 Nov 1994 08:49:37 GMT",
            b"Vary: a\t",
            b"Vary: \x00",
            b"Set-Cookie: a=1",
            b"X-A: \n",
            b"Connection: close, Vary",
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Keep-Alive: 5",
            b"Content-Length: 3",
            b"Transfer-Encoding: chunked",
            b"no field",
        ]
    ),
    st.binary(max_size=8),
)
STARTS: Final = st.sampled_from(
    [b"HTTP/1.1 200 OK"] * 4 + [b"HTTP/1.0 200 OK", b"HTTP/1.1 101 X", b"HTTP/1.1 304 ", b"HTTP/1.1 404", b"HTTP/2 200"]
)
HEADS: Final = st.builds(
    lambda start, lines: b"\r\n".join((start, *lines, b"", b"")), STARTS, st.lists(LINES, max_size=6)
)


def judge(head: bytes, table: FieldTable) -> tuple[object, ...]:
    """Return the rejection of a head, or the properties of the response and the forwarded head."""
    try:
        judged = read_response(head, table)
    except ProtocolError as rejected:
        return rejected.status, rejected.why
    known = (getattr(judged, name) for name in (*ResponseHead.__slots__, "declared"))
    return (*known, judged.forward(b""))


@given(st.lists(HEADS, max_size=5))
def test_cached_and_new_parts_of_a_head_have_the_same_results(heads: list[bytes]) -> None:
    alone = []
    for head in heads:
        response_file._STATUS_LINES.clear()
        alone.append(judge(head, FieldTable(RESPONSE_FIELDS.keys, status=502)))
    warm = FieldTable(RESPONSE_FIELDS.keys, status=502, lines_max=5)  # so few that the cache is cleared
    assert [judge(head, warm) for head in heads + heads] == alone + alone


def test_only_valid_status_lines_are_cached_and_not_without_limit() -> None:
    known = response_file._STATUS_LINES
    known.clear()
    most = 0
    for number in range(1500):
        answer(start=b"HTTP/1.1 200 Reason %d" % number)
        most = max(most, len(known))
    assert most == 512
    known.clear()
    answer(start=b"HTTP/1.1 200 " + b"a" * ENTRY_BYTES_MAX)
    with pytest.raises(ProtocolError):
        answer(start=b"HTTP/1.1 2000 OK")
    assert not known
