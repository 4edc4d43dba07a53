"""Section D of the checklist: the end of a message, and that no parser can be made to see another end."""

from __future__ import annotations

import pytest

from simulator.model.data_plane import DataPlaneLimits
from tests.edge.front import OK, Front, fields_of, request, status_of, values_of
from tests.edge.outcomes import (
    BEHIND,
    body_sent,
    forwarded_request,
    is_complete,
    names_of,
    read,
    rejection_after_head,
    rejection_of,
)

LIMITS = DataPlaneLimits()
CHUNKED = b"Transfer-Encoding: chunked"
CHUNKED_HEAD = request(b"POST", b"/", CHUNKED)


def post(*lines: bytes, body: bytes = b"") -> bytes:
    return request(b"POST", b"/", *lines, body=body)


@pytest.mark.row(38)
@pytest.mark.parametrize("length", [b"0", b"3", b"5", b"100"])
def test_a_coding_and_a_length_together_are_rejected(length: bytes) -> None:
    for lines in ((CHUNKED, b"Content-Length: " + length), (b"content-length:" + length, b"transfer-encoding:chunked")):
        assert rejection_of(post(*lines, body=b"0\r\n\r\n")) == 400


@pytest.mark.row(39)
@pytest.mark.parametrize(
    "lines",
    [
        (b"Content-Length: 3", b"Content-Length: 4"),
        (b"Content-Length: 3", b"X: y", b"content-length: 0"),
        (b"Content-Length: 3, 4",),
        (b"Content-Length: 3", b"Content-Length:"),
    ],
)
def test_two_different_lengths_are_rejected(lines: tuple[bytes, ...]) -> None:
    assert rejection_of(post(*lines, body=b"abcd")) == 400


@pytest.mark.row(40)
@pytest.mark.parametrize("lines", [(b"Content-Length: 3", b"Content-Length: 3"), (b"Content-Length: 3, 3",)])
def test_the_same_length_twice_is_rejected(lines: tuple[bytes, ...]) -> None:
    assert rejection_of(post(*lines, body=b"abc")) == 400


@pytest.mark.row(41)
@pytest.mark.parametrize(
    "value",
    [
        b"+3",
        b"-3",
        b"0x3",
        b"3 3",
        b"1_0",
        b"",
        b"3.0",
        b"3e0",
        b'"3"',
        b"\xb3",
        b"3,",
        b",3",
        b"3;",
        b"three",
        b"9223372036854775808",
        b"18446744073709551619",
        b"9" * 40,
    ],
)
def test_a_content_length_that_is_not_a_bounded_number_of_digits_is_rejected(value: bytes) -> None:
    assert rejection_of(post(b"Content-Length: " + value, body=b"abc")) == 400


@pytest.mark.row(42)
@pytest.mark.parametrize(
    "value",
    [
        b"gzip",
        b"identity",
        b"gzip, chunked",
        b"chunked, gzip",
        b"chunked, chunked",
        b"xchunked",
        b"chunkedx",
        b"chunke",
        b"",
        b",chunked",
        b"chunked,",
        b"chunked;a=b",
        b'"chunked"',
        b"\x0bchunked",
        b"chunked\x0c",
        b"chunked\x00",
        b"chunked\xa0",
        b"identity, chunked",
        b"chunked chunked",
        b"[chunked]",
        b"chun\xc4\xb7ed",
    ],
)
def test_a_coding_other_than_chunked_is_rejected(value: bytes) -> None:
    assert rejection_of(post(b"Transfer-Encoding: " + value, body=b"0\r\n\r\n")) in {400, 501}


@pytest.mark.row(42)
@pytest.mark.parametrize("second", [b"chunked", b"identity", b"gzip", b""])
def test_two_lines_of_codings_are_rejected(second: bytes) -> None:
    assert rejection_of(post(CHUNKED, b"transfer-encoding: " + second, body=b"0\r\n\r\n")) in {400, 501}


@pytest.mark.row(43)
def test_transfer_encoding_in_http_1_0_is_rejected() -> None:
    assert rejection_of(request(b"POST", b"/", CHUNKED, version=b"1.0", body=b"0\r\n\r\n")) == 400


BAD_SIZES = [
    b"0x3",
    b"+3",
    b"-3",
    b"3_0",
    b" 3",
    b"3 ",
    b"",
    b"g",
    b"3h",
    b"\x003",
    b"\xb3",
    b"3\t",
    b"\x0b3",
    b"10000000000000000",
    b"ffffffffffffffff",
    b"1000000000000001",
    b"f" * 100,
]  # more than 2^60, 2^64 and larger


@pytest.mark.row(44)
@pytest.mark.parametrize("size", BAD_SIZES)
def test_a_chunk_size_that_is_not_a_bounded_hexadecimal_number_is_rejected(size: bytes) -> None:
    assert rejection_of(CHUNKED_HEAD + size + b"\r\nabc\r\n0\r\n\r\n") == 400
    assert rejection_after_head(CHUNKED_HEAD, size + b"\r\nabc\r\n0\r\n\r\n") == 400


@pytest.mark.row(44)
@pytest.mark.parametrize("size", [b"3", b"03", b"0000000000000003"])
def test_a_chunk_size_may_begin_with_zeros(size: bytes) -> None:
    assert body_sent(forwarded_request(CHUNKED_HEAD + size + b"\r\nabc\r\n00\r\n\r\n")) == b"abc"


@pytest.mark.row(44)
@pytest.mark.parametrize("size", [b"a", b"A"])
def test_a_chunk_size_has_hexadecimal_digits_of_any_case(size: bytes) -> None:
    assert body_sent(forwarded_request(CHUNKED_HEAD + size + b"\r\n0123456789\r\n0\r\n\r\n")) == b"0123456789"


@pytest.mark.row(45)
@pytest.mark.parametrize(
    "body",
    [
        b"3\nabc\r\n0\r\n\r\n",
        b"3\rabc\r\n0\r\n\r\n",
        b"3\r\r\nabc\r\n0\r\n\r\n",
        b"3\r\nabc\n0\r\n\r\n",
        b"3\r\nabc\r0\r\n\r\n",
        b"3\r\nabc0\r\n\r\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"3\r\nabc\r\n\r\n0\r\n\r\n",
        b"3\r\nabc\r\n0\n\r\n",
        b"3\r\nabc\r\n0\r\n\n",
        b"3\r\nab\r\n0\r\n\r\n",
    ],
)
def test_a_chunk_that_does_not_end_with_crlf_after_its_size_is_rejected(body: bytes) -> None:
    assert rejection_of(CHUNKED_HEAD + body) == 400
    assert rejection_after_head(CHUNKED_HEAD, body) == 400


@pytest.mark.row(46)
@pytest.mark.parametrize(
    "extension", [b";a", b";a=b", b';a="b c"', b";a=b;c=d", b" ;a", b";\t a", b'; a = "\\"x" ; b=c']
)
def test_an_extension_is_dropped(extension: bytes) -> None:
    sent = forwarded_request(CHUNKED_HEAD + b"3%b\r\nabc\r\n0%b\r\n\r\n" % (extension, extension))
    assert body_sent(sent) == b"abc"
    assert b";" not in sent.partition(b"\r\n\r\n")[2]


@pytest.mark.row(46)
@pytest.mark.parametrize("extension", [b";a\x00", b";a\x0bb", b";a\rb", b";a\nb", b";a\x7f"])
def test_a_control_character_in_an_extension_is_rejected(extension: bytes) -> None:
    assert rejection_of(CHUNKED_HEAD + b"3" + extension + b"\r\nabc\r\n0\r\n\r\n") == 400


@pytest.mark.case("B9a")
@pytest.mark.row(129)
@pytest.mark.parametrize(
    "extension",
    [
        b";",
        b";;",
        b";a;",
        b"; ",
        b";=x",
        b";a=",
        b";a[",
        b";bad[=x",
        b";a=b c",
        b';a="b',
        b';a="b"c',
        b";a= ;b",
        b" ",
        b"\t",
    ],
)
def test_an_invalid_chunk_extension_is_rejected(extension: bytes) -> None:
    assert rejection_of(CHUNKED_HEAD + b"3" + extension + b"\r\nabc\r\n0\r\n\r\n") == 400


@pytest.mark.row(46)
def test_the_extensions_of_one_message_are_bounded_in_total() -> None:
    one = b"1;" + b"e" * 1000 + b"\r\nx\r\n"
    fitting = LIMITS.chunk_overhead_bytes_max // 1001
    assert body_sent(forwarded_request(CHUNKED_HEAD + one * fitting + b"0\r\n\r\n")) == b"x" * fitting
    assert rejection_of(CHUNKED_HEAD + one * (fitting + 1) + b"0\r\n\r\n") == 400


@pytest.mark.row(47)
def test_trailers_are_dropped_and_never_merged_into_the_head() -> None:
    trailers = b"Content-Length: 50\r\nTransfer-Encoding: gzip\r\nHost: evil\r\nX-Forwarded-For: 1.1.1.1\r\nX-T: t\r\n"
    sent = forwarded_request(post(CHUNKED, b"Trailer: X-T", body=b"3\r\nabc\r\n0\r\n" + trailers + b"\r\n"))
    assert sent.endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert {b"x-t", b"trailer", b"content-length"} & names_of(sent) == set()
    assert values_of(sent, b"x-forwarded-for") == [b"192.0.2.7"]
    assert (b"evil" in sent, b"gzip" in sent) == (False, False)


@pytest.mark.row(47)
@pytest.mark.parametrize("trailer", [b" X: y", b"X y", b"X: a\x00", b"X : y", b": y", b"X: a\rb"])
def test_a_malformed_trailer_is_rejected(trailer: bytes) -> None:
    assert rejection_of(CHUNKED_HEAD + b"0\r\n" + trailer + b"\r\n\r\n") == 400


@pytest.mark.row(47)
def test_trailers_are_bounded() -> None:
    assert rejection_of(CHUNKED_HEAD + b"0\r\n" + b"X: y\r\n" * (LIMITS.trailer_bytes_max // 6 + 1) + b"\r\n") == 431


@pytest.mark.row(47)
def test_trailers_of_a_response_are_dropped() -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\nTrailer: X\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n")
    answer = front.received()
    assert answer.endswith(b"\r\n\r\n1\r\na\r\n0\r\n\r\n")
    assert values_of(answer, b"trailer") == []


@pytest.mark.row(48)
@pytest.mark.parametrize("line", [b"X: y", b"Content-Length: 3", CHUNKED])
def test_a_forwarded_request_has_one_host_and_at_most_one_framing(line: bytes) -> None:
    body = {b"X: y": b"", b"Content-Length: 3": b"abc", CHUNKED: b"3\r\nabc\r\n0\r\n\r\n"}[line]
    names = [name for name, _ in fields_of(forwarded_request(post(line, body=body)))]
    assert names.count(b"host") == 1
    assert names.count(b"content-length") + names.count(b"transfer-encoding") == (line != b"X: y")


@pytest.mark.row(49)
@pytest.mark.parametrize(
    "broken",
    [
        post(CHUNKED, body=b"x\r\n"),
        post(CHUNKED, b"Content-Length: 5", body=b"0\r\n\r\n"),
        post(b"Content-Length: 5, 6", body=b"hello"),
        request(b"GET", b"/", b"X : y"),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_a_request_before_an_error_is_answered_and_none_after_it(broken: bytes) -> None:
    front = Front()
    front.send(request() + broken + BEHIND)
    assert front.upstream.offered == 1
    front.answer()
    front.send(BEHIND)
    answers = front.received()
    assert (answers.count(b"HTTP/1.1 200 OK"), answers.count(b"HTTP/1.1 ")) == (1, 2)
    assert front.upstream.offered == 1
    front.wait(LIMITS.linger_s)
    assert front.client.closing


@pytest.mark.row(50)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_inside_a_body_is_part_of_the_body(chunked: bool) -> None:
    hidden = request(b"DELETE", b"/hidden")
    framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden) if chunked else hidden
    front = Front()
    front.send(post(CHUNKED if chunked else b"Content-Length: %d" % len(hidden), body=framed) + BEHIND)
    assert body_sent(front.forwarded()) == hidden
    front.answer()
    assert front.forwarded().startswith(b"GET /behind ")
    assert front.upstream.offered == 2


def mutations() -> list[bytes]:
    """Return spellings of a coding that one of two parsers may take for `Transfer-Encoding: chunked`."""
    odd = [bytes([each]) for each in [*range(0x21), 0x7F, 0x85, 0xA0, 0xFF]]
    lines = [CHUNKED, b"transfer-encoding:chunked", b"TRANSFER-ENCODING: CHUNKED", b"Transfer_Encoding: chunked"]
    for byte in odd:
        lines += [
            b"Transfer-Encoding:" + byte + b"chunked",
            b"Transfer-Encoding: chunked" + byte,
            b"Transfer-Encoding" + byte + b": chunked",
            byte + b"Transfer-Encoding: chunked",
        ]
    for value in (b"x", b"identity", b"gzip", b"chunke", b"chunkedd", b'"chunked"', b"chunked;x"):
        lines += [b"Transfer-Encoding: " + each for each in (value, value + b", chunked", b"chunked, " + value)]
        lines.append(b"Transfer-Encoding: " + value + b"\r\nTransfer-Encoding: chunked")
    lines += [
        b"Transfer-Encoding:\r\n chunked",
        b"X: y\rTransfer-Encoding: chunked",
        b"X: y\nTransfer-Encoding: chunked",
    ]
    return lines


@pytest.mark.row(51)
def test_no_mutated_coding_leaves_either_side_waiting() -> None:
    """The probes of desync tools: a body that is complete by one reading and incomplete by the other. Response times
    reveal nothing if the result is decided at once: a rejection, or a complete message for the application.
    """
    assert len(mutations()) >= 134
    for line in mutations():
        for length, body in ((4, b"1\r\nZ\r\nQ\r\n\r\n"), (6, b"0\r\n\r\nX")):
            front = Front()
            front.send(post(line, b"Content-Length: %d" % length, body=body))
            if front.upstream.offered:
                sent = front.forwarded()
                assert is_complete(sent), line
                assert names_of(sent) & {b"content-length", b"transfer-encoding"} == {b"content-length"}, line
            else:
                assert status_of(front.received()) in {400, 501}, line
                front.send(BEHIND)
                assert front.upstream.offered == 0


@pytest.mark.row(52)
@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"DELETE", b"OPTIONS"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_any_method_is_forwarded_and_the_next_request_is_read_correctly(method: bytes, chunked: bool) -> None:
    front = Front()
    framing, body = (CHUNKED, b"5\r\nhello\r\n0\r\n\r\n") if chunked else (b"Content-Length: 5", b"hello")
    front.send(request(method, b"/", framing, body=body) + BEHIND)
    assert body_sent(front.forwarded()) == b"hello"
    front.answer(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert front.forwarded().startswith(b"GET /behind ")


@pytest.mark.row(53)
@pytest.mark.parametrize("piece_bytes", [1000, 65_537, 1 << 20])
def test_eight_megabytes_are_forwarded_in_both_directions_with_any_chunks(piece_bytes: int) -> None:
    content = bytes(range(250)) * 32_000
    pieces = [content[at : at + piece_bytes] for at in range(0, len(content), piece_bytes)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    front = Front()
    front.send(CHUNKED_HEAD + chunks)
    assert read(front.forwarded())[1:] == (content, True)
    front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content))
    for piece in pieces:
        front.answer(piece)
    assert front.received().endswith(b"\r\n\r\n" + content)
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n\r\n")
    for piece in pieces:
        front.answer(b"%x\r\n%b\r\n" % (len(piece), piece))
    front.answer(b"0\r\n\r\n")
    assert front.received().endswith(b"\r\n\r\n" + chunks)


@pytest.mark.row(54)
def test_a_message_that_arrives_byte_by_byte_is_the_same_message() -> None:
    whole = post(CHUNKED, b"X: y", body=b"1\r\na\r\n" * 500 + b"0\r\nT: u\r\n\r\n")
    front = Front()
    for at in range(len(whole)):
        front.send(whole[at : at + 1])
    assert body_sent(front.forwarded()) == b"a" * 500
    front.answer(OK)
    assert status_of(front.received()) == 200


@pytest.mark.row(54)
def test_tiny_chunks_take_linear_time() -> None:
    """Counts instead of measuring time: each byte of the body is passed to the application once, in as many writes as
    reads.
    """
    front = Front()
    front.send(CHUNKED_HEAD)
    front.forwarded()
    writes = front.instance.transport.writes
    for _ in range(10_000):
        front.send(b"1\r\nx\r\n")
    assert front.instance.transport.writes - writes == 10_000
    assert len(front.forwarded()) == 10_000 * len(b"1\r\nx\r\n")
