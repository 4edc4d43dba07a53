"""Request heads: rows A to E of the checklist, as far as they concern a single head."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.framing import CHUNKED
from simulator.wire.http1.request import RequestHead, check_beginning, read_request

LIMITS = DataPlaneLimits()


def read(head: bytes) -> RequestHead:
    return read_request(head, LIMITS)


def get(*lines: bytes, start: bytes = b"GET / HTTP/1.1") -> RequestHead:
    return read(b"\r\n".join((start, b"Host: a.example", *lines, b"", b"")))


def forwarded(request: RequestHead) -> bytes:
    return request.forward(b"192.0.2.7", b"")


REJECTED_HEADS = {
    "two spaces": (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a tab between": (b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "no target": (b"GET HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "no version": (b"GET /\r\nHost: a\r\n\r\n", 400),
    "lower case version": (b"GET / http/1.1\r\nHost: a\r\n\r\n", 400),
    "a space before the method": (b" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a space behind the version": (b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    "bare LF": (b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    "bare LF behind a field": (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    "bare CR in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
    "bare CR, then bare LF": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\nY: c\r\n\r\n", 400),
    "bare CR in the target": (b"GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "HTTP/0.9": (b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    "HTTP/9.9": (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\n", 505),
    "a method that is no token": (b"GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a fragment": (b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "non-ASCII target": (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "NUL in the target": (b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "target *, not OPTIONS": (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "target without a slash": (b"GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a foreign scheme": (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "user information in the target": (b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "an empty name": (b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400),
    "a space in a name": (b"GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n", 400),
    "brackets in a name": (b"GET / HTTP/1.1\r\nHost: a\r\nX[1]: b\r\n\r\n", 400),
    "non-ASCII name": (b"GET / HTTP/1.1\r\nHost: a\r\nX\xc3: b\r\n\r\n", 400),
    "a space before the colon": (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\n", 400),
    "a tab before the colon": (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n\r\n", 400),
    "no colon": (b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400),
    "a folded line": (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400),
    "white space behind the request line": (b"GET / HTTP/1.1\r\n Host: a\r\nHost: b\r\n\r\n", 400),
    "NUL in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x00\r\n\r\n", 400),
    "a control in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x0b\r\n\r\n", 400),
    "DEL in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x7f\r\n\r\n", 400),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "the same Host twice": (b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400),
    "an empty Host": (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    "user information in Host": (b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    "a path in Host": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "a space in Host": (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "a list in Host": (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    "a port that is no number": (b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400),
    "a port too large": (b"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400),
    "an unknown expectation": (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", 417),
}


@pytest.mark.parametrize(("head", "status"), REJECTED_HEADS.values(), ids=REJECTED_HEADS)
def test_a_malformed_head_is_rejected(head: bytes, status: int) -> None:
    with pytest.raises(ProtocolError) as rejected:
        read(head)
    assert rejected.value.status == status


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ((b"Content-Length: 3", b"Transfer-Encoding: chunked"), 400),
        ((b"Content-Length: 3", b"Content-Length: 4"), 400),
        ((b"Content-Length: 3", b"Content-Length: 3"), 400),
        ((b"Content-Length: 3, 3",), 400),
        ((b"Content-Length: +3",), 400),
        ((b"Content-Length: -1",), 400),
        ((b"Content-Length: 0x5",), 400),
        ((b"Content-Length: 5 5",), 400),
        ((b"Content-Length: 1_0",), 400),
        ((b"Content-Length:",), 400),
        ((b"Content-Length: 9223372036854775808",), 400),
        ((b"Transfer-Encoding: gzip",), 501),
        ((b"Transfer-Encoding: identity",), 501),
        ((b"Transfer-Encoding: gzip, chunked",), 400),
        ((b"Transfer-Encoding: chunked, gzip",), 400),
        ((b"Transfer-Encoding: chunked, chunked",), 400),
        ((b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400),
        ((b"Transfer-Encoding: xchunked",), 400),
        ((b"Transfer-Encoding: ,chunked",), 400),
        ((b'Transfer-Encoding: "chunked"',), 400),
        ((b"Transfer-Encoding: chunked;a=b",), 400),
        ((b"Transfer-Encoding:",), 400),
    ],
)
def test_ambiguous_framing_is_rejected(lines: tuple[bytes, ...], status: int) -> None:
    with pytest.raises(ProtocolError) as rejected:
        get(*lines, start=b"POST / HTTP/1.1")
    assert rejected.value.status == status


def test_a_coding_in_http_1_0_is_rejected() -> None:
    with pytest.raises(ProtocolError):
        get(b"Transfer-Encoding: chunked", start=b"POST / HTTP/1.0")


@pytest.mark.parametrize("value", [b"chunked", b"Chunked", b"  chunked\t"])
def test_chunked_may_have_any_case_and_white_space_around(value: bytes) -> None:
    request = get(b"Transfer-Encoding:" + value, start=b"POST / HTTP/1.1")
    assert request.length == CHUNKED
    assert b"transfer-encoding: chunked\r\n" in forwarded(request)


def test_a_length_is_forwarded_as_a_plain_number() -> None:
    assert forwarded(get(b"Content-Length: 007")).count(b"content-length: 7\r\n") == 1


def test_no_length_is_added_to_a_request_without_one() -> None:
    assert b"content-length" not in forwarded(get())


@pytest.mark.parametrize(
    "target", [b"/a//b/../c", b"/%2F%2f%41", b"/?", b"/a?b=c+d&e", b"//a", b"/a;b=c", b'/"<>[]{}|\\^`']
)
def test_the_target_is_forwarded_byte_for_byte(target: bytes) -> None:
    assert forwarded(get(start=b"GET %b HTTP/1.1" % target)).startswith(b"GET %b HTTP/1.1\r\n" % target)


@pytest.mark.parametrize("method", [b"get", b"PROPFIND", b"X-Y.Z", b"M" * 64])
def test_any_token_is_a_method_and_keeps_its_case(method: bytes) -> None:
    assert forwarded(get(start=b"%b / HTTP/1.1" % method)).startswith(method + b" / ")


def test_the_authority_of_an_absolute_target_replaces_host() -> None:
    request = get(start=b"GET http://b.example:81/x?y HTTP/1.1")
    assert forwarded(request).startswith(b"GET /x?y HTTP/1.1\r\nhost: b.example:81\r\n")
    assert forwarded(request).lower().count(b"host:") == 1


@pytest.mark.parametrize(
    ("method", "target", "sent"),
    [
        (b"GET", b"http://b", b"/"),
        (b"GET", b"HTTPS://b?q", b"/?q"),
        (b"OPTIONS", b"http://b", b"*"),
        (b"OPTIONS", b"*", b"*"),
    ],
)
def test_an_absolute_target_is_forwarded_in_origin_form(method: bytes, target: bytes, sent: bytes) -> None:
    assert get(start=b"%b %b HTTP/1.1" % (method, target)).target == sent


def test_fields_keep_order_case_octets_and_repetition() -> None:
    lines = (b"X-B: \xff\xfe", b"x-a: 1", b"Cookie: a", b"X-B: 2", b"Empty:", b"Cookie: b")
    assert b"\r\n".join(lines) + b"\r\n" in forwarded(get(*lines))


@pytest.mark.parametrize(
    "line",
    [
        b"Connection: keep-alive",
        b"Keep-Alive: 5",
        b"Proxy-Connection: close",
        b"TE: trailers",
        b"Trailer: x",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAA",
        b"X-Forwarded-Proto: ftp",
        b"X-Request-Id: mine",
        b"Content_Length: 7",
        b"Transfer_Encoding: chunked",
        b"X_Forwarded_For: 1.1.1.1",
    ],
)
def test_hop_by_hop_and_forged_fields_are_not_forwarded(line: bytes) -> None:
    name = line.partition(b":")[0].lower()
    names = [each.partition(b":")[0].lower() for each in forwarded(get(line)).split(b"\r\n")]
    assert name not in names


@pytest.mark.row(24)
def test_white_space_is_forwarded_before_a_value_but_not_after_it() -> None:
    assert b"X-A:  b\r\nEmpty:\r\n" in forwarded(get(b"X-A:  b \t", b"Empty: \t"))


def test_fields_named_in_connection_are_not_forwarded() -> None:
    sent = forwarded(get(b"Connection: close, X-Secret,x-other", b"x-secret: 1", b"X-Other: 2", b"X-Kept: 3"))
    assert b"x-secret" not in sent.lower()
    assert b"x-other" not in sent.lower()
    assert b"X-Kept: 3\r\n" in sent


def test_connection_cannot_remove_the_framing_or_the_host() -> None:
    sent = forwarded(get(b"Connection: content-length, host, x-forwarded-for", b"Content-Length: 3"))
    assert b"content-length: 3\r\n" in sent
    assert b"host: a.example\r\n" in sent
    assert b"x-forwarded-for: 192.0.2.7\r\n" in sent


@pytest.mark.parametrize("line", [b"Authorization: Basic x", b"Proxy-Authorization: Basic x", b"Forwarded: for=1"])
def test_end_to_end_fields_are_forwarded(line: bytes) -> None:
    assert line + b"\r\n" in forwarded(get(line))


def test_the_client_is_appended_to_x_forwarded_for() -> None:
    sent = forwarded(get(b"X-Forwarded-For: 10.0.0.1", b"x-forwarded-for: 10.0.0.2"))
    assert b"x-forwarded-for: 10.0.0.1, 10.0.0.2, 192.0.2.7\r\n" in sent


@pytest.mark.parametrize(
    ("start", "lines", "keep"),
    [
        (b"GET / HTTP/1.1", (), True),
        (b"GET / HTTP/1.1", (b"Connection: Close",), False),
        (b"GET / HTTP/1.1", (b"Connection: x, close",), False),
        (b"GET / HTTP/1.0", (), False),
        (b"GET / HTTP/1.0", (b"Connection: Keep-Alive",), True),
        (b"GET / HTTP/1.0", (b"Connection: keep-alive, close",), False),
    ],
)
def test_version_and_connection_field_determine_whether_the_connection_is_kept(
    start: bytes, lines: tuple[bytes, ...], keep: bool
) -> None:
    assert get(*lines, start=start).keep_alive is keep


def test_fields_are_validated_in_a_request_without_host_too() -> None:
    request = read(b"GET / HTTP/1.0\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\n\r\n")
    assert request.keep_alive
    assert b"x-hop" not in forwarded(request).lower()
    assert b"max-forwards: 5\r\n" in forwarded(read(b"GET / HTTP/1.0\r\nMax-Forwards: 5\r\n\r\n"))


def test_an_expectation_is_forwarded_only_with_a_body() -> None:
    assert b"expect: 100-continue\r\n" in forwarded(get(b"Expect: 100-Continue", b"Content-Length: 3"))
    assert b"expect" not in forwarded(get(b"Expect: 100-continue"))


def test_an_expectation_in_http_1_0_is_ignored() -> None:
    request = get(b"Expect: 100-continue", b"Content-Length: 3", start=b"POST / HTTP/1.0")
    assert not request.expects_continue
    assert b"expect" not in forwarded(request)


def test_max_forwards_is_decremented_only_for_options() -> None:
    assert b"max-forwards: 4\r\n" in forwarded(get(b"Max-Forwards: 5", start=b"OPTIONS / HTTP/1.1"))
    assert b"max-forwards: 5\r\n" in forwarded(get(b"Max-Forwards: 5"))
    assert get(b"Max-Forwards: 0", start=b"OPTIONS / HTTP/1.1").last_hop


def test_upgrade_has_an_effect_only_if_connection_names_it() -> None:
    assert get(b"Connection: Upgrade", b"Upgrade: WebSocket").upgrade == b"websocket"
    assert get(b"Upgrade: websocket").upgrade == b""


@pytest.mark.parametrize("host", [b"a.example:443", b"A_B.example", b"[::1]:80", b"127.0.0.1", b"a.example."])
def test_a_valid_host_is_forwarded_unchanged(host: bytes) -> None:
    assert b"host: %b\r\n" % host in forwarded(read(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host))


def test_a_request_line_over_the_limit_is_414_and_one_below_is_accepted() -> None:
    room = LIMITS.request_line_bytes_max - len(b"GET  HTTP/1.1\r\n") - 1
    assert get(start=b"GET /%b HTTP/1.1" % (b"a" * (room - 8))).method == b"GET"
    with pytest.raises(ProtocolError) as rejected:
        get(start=b"GET /%b HTTP/1.1" % (b"a" * (room + 8)))
    assert rejected.value.status == 414


@pytest.mark.parametrize(("size", "good"), [(64, True), (65, False)])
def test_a_request_line_has_the_same_limit_in_one_piece_or_in_two(size: int, good: bool) -> None:
    limits = replace(LIMITS, request_line_bytes_max=64)
    line = b"GET /%b HTTP/1.1\r\n" % (b"a" * (size - len(b"GET / HTTP/1.1\r\n")))
    verdicts = []
    for judge in (
        lambda: check_beginning(line, 0, limits),
        lambda: read_request(line + b"Host: a\r\n\r\n", limits),
    ):
        try:
            judge()
        except ProtocolError as rejected:
            verdicts.append(rejected.status)
    assert verdicts == ([] if good else [414, 414])


def test_too_many_fields_are_431() -> None:
    assert get(*[b"X: 1"] * (LIMITS.head_fields_max - 1)).minor == 1
    with pytest.raises(ProtocolError) as rejected:
        get(*[b"X: 1"] * LIMITS.head_fields_max)
    assert rejected.value.status == 431


@pytest.mark.parametrize(
    ("start", "status"),
    [
        (b"\x16\x03\x01\x02", 400),  # TLS to the plain port
        (b"GET /\r\n", 400),
        (b"GET / HTTP/2.0\r\n", 505),
        (b"GET / HTTP/1.1\r\nHost: a\n", 400),
        (b"G" * (LIMITS.request_line_bytes_max + 1), 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * LIMITS.head_bytes_max, 431),
    ],
)
def test_a_beginning_that_cannot_become_valid_is_rejected_before_the_head_is_complete(
    start: bytes, status: int
) -> None:
    with pytest.raises(ProtocolError) as rejected:
        check_beginning(start, 0, LIMITS)
    assert rejected.value.status == status


@pytest.mark.parametrize("start", [b"G", b"GET /a HT", b"GET / HTTP/1.1\r", b"GET / HTTP/1.1\r\nHost: a\r"])
def test_a_beginning_that_may_become_valid_is_not_rejected(start: bytes) -> None:
    check_beginning(start, 0, LIMITS)
