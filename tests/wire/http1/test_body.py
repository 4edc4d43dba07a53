from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.http1.body import ChunkedBody, LengthBody, body_reader, chunk
from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.framing import CHUNKED, UNTIL_CLOSE

LIMITS = DataPlaneLimits()


def read_chunked(data: bytes) -> tuple[bytes, bytes]:
    """Return the body and the bytes after it."""
    body = ChunkedBody(LIMITS)
    decoded = body.feed(data)
    assert body.complete
    return decoded, body.rest


@pytest.mark.parametrize(
    ("data", "decoded"),
    [
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"0005\r\nhello\r\n000\r\n\r\n", b"hello"),
        (b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", b"0123456789" * 2),
        (b'1;a=b;c="d e"\r\nx\r\n0;last\r\n\r\n', b"x"),
        (b"0\r\nX-Trailer: 1\r\nContent-Length: 5\r\n\r\n", b""),
        (b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n"),
    ],
)
def test_valid_chunks_are_decoded_and_extensions_and_trailers_dropped(data: bytes, decoded: bytes) -> None:
    assert read_chunked(data) == (decoded, b"")


def test_bytes_after_the_last_chunk_are_left_for_the_next_request() -> None:
    assert read_chunked(b"1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n") == (b"x", b"GET / HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "data",
    [
        b"0x5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"-5\r\nhello\r\n",
        b"5_0\r\n",
        b"5 \r\nhello\r\n",
        b" 5\r\nhello\r\n",
        b"\r\nhello\r\n",
        b"g\r\n",
        b"10000000000000000\r\n",
        b"ffffffffffffffff\r\n",
        b"5\nhello\r\n",
        b"5\rhello\r\n",
        b"5\r\nhello\n",
        b"5\r\nhelloX",
        b"5\r\nhello!\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5;a\x00b\r\nhello\r\n",
        b"5;a\rb\r\nhello\r\n",
        b"5;a\nb\r\nhello\r\n",
        b"0\r\nno colon\r\n\r\n",
        b"0\r\nX: a\rb\r\n\r\n",
        b"0\r\n X: a\r\n\r\n",
        b"0\r\n\n",
    ],
)
def test_invalid_chunks_are_rejected(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        ChunkedBody(LIMITS).feed(data)


def test_the_extensions_of_one_message_are_bounded_in_total() -> None:
    one = b"1;%b\r\nx\r\n" % (b"e" * 1000)
    body = ChunkedBody(LIMITS)
    body.feed(one * (LIMITS.chunk_overhead_bytes_max // 1001))
    with pytest.raises(ProtocolError):
        body.feed(one)


def test_an_endless_chunk_line_is_rejected() -> None:
    body = ChunkedBody(LIMITS)
    with pytest.raises(ProtocolError):
        body.feed(b"5;" + b"e" * LIMITS.chunk_line_bytes_max)


def test_trailers_are_bounded() -> None:
    body = ChunkedBody(LIMITS)
    with pytest.raises(ProtocolError) as rejected:
        body.feed(b"0\r\n" + b"X: 0123456789\r\n" * (LIMITS.trailer_bytes_max // 10))
    assert rejected.value.status == 431


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=6), st.data())
def test_chunks_cut_anywhere_decode_to_the_same_body(pieces: list[bytes], data: st.DataObject) -> None:
    encoded = b"".join(chunk(piece, last=False) for piece in pieces) + chunk(b"", last=True) + b"behind"
    cuts = sorted(data.draw(st.sets(st.integers(0, len(encoded)), max_size=8)))
    body, decoded, rest = ChunkedBody(LIMITS), b"", b""
    for start, end in zip([0, *cuts], [*cuts, len(encoded)], strict=True):
        if body.complete:
            rest += encoded[start:end]
        elif start < end:
            decoded += body.feed(encoded[start:end])
            rest += body.rest
    assert (decoded, rest) == (b"".join(pieces), b"behind")


@given(st.binary(max_size=50), st.binary(max_size=50), st.integers(0, 100))
def test_a_body_with_a_length_ends_after_that_many_bytes(content: bytes, behind: bytes, cut: int) -> None:
    if not content:
        return
    body, data = LengthBody(len(content)), content + behind
    decoded = body.feed(data[:cut]) if cut else b""
    if not body.complete:
        decoded += body.feed(data[cut:])
        assert body.rest == behind
    assert decoded == content


def test_a_body_until_close_is_not_completed_by_its_bytes() -> None:
    body = body_reader(UNTIL_CLOSE, LIMITS)
    assert body.feed(b"anything") == b"anything"
    assert body.ends_at_close
    assert not body.complete
    assert not body_reader(CHUNKED, LIMITS).ends_at_close


def test_an_empty_piece_is_not_written_as_a_chunk() -> None:
    assert chunk(b"", last=False) == b""
    assert chunk(b"ab", last=True) == b"2\r\nab\r\n0\r\n\r\n"
