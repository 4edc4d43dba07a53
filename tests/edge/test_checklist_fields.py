"""Sections B and C of the checklist: fields of requests, and the Host field."""

from __future__ import annotations

import pytest

from simulator.model.data_plane import DataPlaneLimits
from tests.edge.front import HOST, Front, body_of, fields_of, request, status_of, values_of
from tests.edge.outcomes import BEHIND, forwarded_request, forwarded_response, names_of, rejection_of

LIMITS = DataPlaneLimits()
# Lines that clients repeat, which are cached.
REMEMBERED = [
    b"User-Agent: curl/8.0",
    b"Accept: */*",
    b"Accept-Encoding: gzip, br",
    b"Accept-Language: en",
    b"Cache-Control: no-cache",
    b"Connection: keep-alive",
    b"Content-Type: text/plain",
    b"Content-Length: 10",
    b"Expect: 100-continue",
    b"Max-Forwards: 10",
    b"Transfer-Encoding: chunked",
    b"Upgrade: websocket",
    b"X-Forwarded-For: 10.0.0.1",
    b"X-Forwarded-Proto: https",
    b"TE: trailers",
]


@pytest.mark.row(16)
@pytest.mark.parametrize(
    "name", [b"", b"X Y", b"X[1]", b"X\x00", b"X\x0b", b"X\xc3\xa9", b"X\x7f", b'"X"', b"X(y)", b"X/Y", b"X@", b"X{}"]
)
def test_a_field_name_that_is_not_a_token_is_rejected(name: bytes) -> None:
    assert rejection_of(request(b"GET", b"/", name + b": a")) == 400


@pytest.mark.row(17)
@pytest.mark.parametrize("space", [b" ", b"\t", b"  ", b"\x0b"])
@pytest.mark.parametrize("name", [b"X", b"Content-Length", b"Transfer-Encoding"])
def test_white_space_between_name_and_colon_is_rejected(name: bytes, space: bytes) -> None:
    value = {b"X": b"a", b"Content-Length": b"3", b"Transfer-Encoding": b"chunked"}[name]
    assert rejection_of(request(b"POST", b"/", name + space + b": " + value)) == 400


@pytest.mark.row(17)
def test_white_space_between_name_and_colon_of_a_response_is_a_bad_gateway() -> None:
    assert status_of(forwarded_response(b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok")) == 502


@pytest.mark.row(18)
@pytest.mark.parametrize("line", [b"X", b"chunked", b"GET / HTTP/1.1", b"\x00", b"X y"])
def test_a_field_without_a_colon_is_rejected(line: bytes) -> None:
    assert rejection_of(request(b"GET", b"/", b"A: b", line)) == 400


@pytest.mark.row(19)
@pytest.mark.parametrize("fold", [b" ", b"\t", b"   "])
@pytest.mark.parametrize("line", [b"X: a\r\n%bb", b"Transfer-Encoding:\r\n%bchunked", b"X: a\r\n%b\r\nY: b"])
def test_a_folded_line_of_a_request_is_rejected(line: bytes, fold: bytes) -> None:
    assert rejection_of(request(b"POST", b"/", line % fold)) == 400


@pytest.mark.case("B10")
@pytest.mark.row(20, 133)
@pytest.mark.parametrize("fold", [b" ", b"\t", b"   ", b" \t\r\n "])
def test_a_folded_line_of_a_response_is_forwarded_as_one_line(fold: bytes) -> None:
    answer = forwarded_response(b"HTTP/1.1 200 OK\r\nX: a\r\n%bb\r\nContent-Length:\r\n%b2\r\n\r\nok" % (fold, fold))
    assert (status_of(answer), body_of(answer), values_of(answer, b"x")) == (200, b"ok", [b"a b"])


@pytest.mark.row(133)
def test_a_folded_line_before_the_first_field_is_a_bad_gateway() -> None:
    assert status_of(forwarded_response(b"HTTP/1.1 200 OK\r\n X: a\r\nContent-Length: 2\r\n\r\nok")) == 502


@pytest.mark.row(21)
@pytest.mark.parametrize("line", [b" ", b"\t", b" Host: evil.example", b"\tX: y"])
def test_white_space_after_the_request_line_is_rejected(line: bytes) -> None:
    assert rejection_of(b"GET / HTTP/1.1\r\n%b\r\nHost: %b\r\n\r\n" % (line, HOST)) == 400


@pytest.mark.row(22)
@pytest.mark.parametrize("control", [bytes([each]) for each in range(0x20) if each != 0x09] + [b"\x7f"])
def test_a_control_character_in_a_value_is_rejected(control: bytes) -> None:
    assert rejection_of(request(b"GET", b"/", b"X: a" + control + b"b")) == 400


@pytest.mark.row(23)
def test_octets_above_ascii_are_forwarded_unchanged_in_both_directions() -> None:
    octets = bytes(range(0x80, 0x100))
    assert values_of(forwarded_request(request(b"GET", b"/", b"X: " + octets)), b"x") == [octets]
    assert values_of(forwarded_response(b"HTTP/1.1 204 N\r\nX: " + octets + b"\r\n\r\n"), b"x") == [octets]


@pytest.mark.row(24)
@pytest.mark.parametrize(("sent", "read"), [(b"", b""), (b"  \t", b""), (b"a", b"a"), (b" \t a b \t", b"a b")])
def test_white_space_around_a_value_is_ignored(sent: bytes, read: bytes) -> None:
    assert values_of(forwarded_request(request(b"GET", b"/", b"X:" + sent)), b"x") == [read]
    assert values_of(forwarded_response(b"HTTP/1.1 204 N\r\nX:" + sent + b"\r\n\r\n"), b"x") == [read]


@pytest.mark.row(24)
@pytest.mark.parametrize("space", [b" ", b"\t", b" \t "])
def test_white_space_after_a_value_is_not_forwarded_because_parsers_differ(space: bytes) -> None:
    assert b"X: a b\r\n" in forwarded_request(request(b"GET", b"/", b"X: a b" + space))
    assert b"X: a b\r\n" in forwarded_response(b"HTTP/1.1 204 N\r\nX: a b" + space + b"\r\n\r\n")


@pytest.mark.row(22)
@pytest.mark.parametrize("control", [b"\x00", b"\n", b"\x0b", b"\x1f", b"\x7f"])
@pytest.mark.parametrize("line", REMEMBERED, ids=lambda line: line.partition(b":")[0].decode())
def test_a_control_character_is_rejected_in_cached_fields_too(line: bytes, control: bytes) -> None:
    """The result for a line may be cached (wire/http1/fields.py); cached lines were validated as strictly."""
    for spoilt in (line + control, line.replace(b": ", b": " + control), line[:-1] + control + line[-1:]):
        assert rejection_of(request(b"GET", b"/", spoilt)) in {400, 417}


@pytest.mark.row(22)
def test_a_line_that_was_rejected_once_is_rejected_again() -> None:
    for _ in range(3):
        assert rejection_of(request(b"GET", b"/", b"X: a\x00")) == 400


@pytest.mark.row(24)
def test_white_space_around_framing_values_is_ignored() -> None:
    sent = forwarded_request(request(b"POST", b"/", b"Content-Length: \t 3\t ", body=b"abc"))
    assert values_of(sent, b"content-length") == [b"3"]


@pytest.mark.row(25)
def test_repeated_fields_of_a_request_keep_their_order() -> None:
    sent = forwarded_request(
        request(b"GET", b"/", b"A: 1", b"Accept: x", b"B: 2", b"Accept: y", b"Cookie: c", b"Cookie: d")
    )
    own = [pair for pair in fields_of(sent) if pair[0] in {b"a", b"b", b"accept", b"cookie"}]
    assert own == [
        (b"a", b"1"),
        (b"accept", b"x"),
        (b"b", b"2"),
        (b"accept", b"y"),
        (b"cookie", b"c"),
        (b"cookie", b"d"),
    ]


@pytest.mark.row(25)
def test_cookies_of_a_response_are_never_joined() -> None:
    lines = b"Set-Cookie: a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT\r\nVary: x\r\nSet-Cookie: b=2\r\nVary: y\r\n"
    answer = forwarded_response(b"HTTP/1.1 204 N\r\n" + lines + b"\r\n")
    assert values_of(answer, b"set-cookie") == [b"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", b"b=2"]
    assert values_of(answer, b"vary") == [b"x", b"y"]


@pytest.mark.row(26)
@pytest.mark.parametrize("spell", [bytes.upper, bytes.lower, bytes.title, bytes.swapcase])
def test_field_names_are_case_insensitive(spell: object) -> None:
    lines = [b"Content-Length: 3", b"Connection: X-Hop", b"X-Hop: 1", b"Keep-Alive: 5", b"X-Kept: v"]
    spelt = [spell(name) + b":" + value for name, _, value in (line.partition(b":") for line in lines)]  # type: ignore[operator]
    sent = forwarded_request(request(b"POST", b"/", *spelt, body=b"abc"))
    assert values_of(sent, b"content-length") == [b"3"]
    assert values_of(sent, b"x-kept") == [b"v"]
    assert {b"x-hop", b"keep-alive", b"connection"} & names_of(sent) == set()


@pytest.mark.row(27)
@pytest.mark.parametrize(
    "line", [b"Content_Length: 50", b"Transfer_Encoding: chunked", b"CONTENT_LENGTH: 0", b"X_Forwarded_For: 1.1.1.1"]
)
def test_a_field_name_with_underscores_never_replaces_the_real_one(line: bytes) -> None:
    sent = forwarded_request(request(b"POST", b"/", line, b"Content-Length: 3", body=b"abc"))
    assert values_of(sent, b"content-length") == [b"3"]
    assert line.partition(b":")[0].lower() not in names_of(sent)
    assert b"chunked" not in sent


@pytest.mark.row(27)
@pytest.mark.parametrize("name", [b"Content-Length2", b"XContent-Length", b"Content--Length", b"Transfer-Encodings"])
def test_a_similar_name_is_an_ordinary_field(name: bytes) -> None:
    sent = forwarded_request(request(b"GET", b"/", name + b": 5"))
    assert values_of(sent, name.lower()) == [b"5"]
    assert {b"content-length", b"transfer-encoding"} & names_of(sent) == set()


@pytest.mark.row(28)
def test_a_head_below_its_limit_is_accepted_and_one_over_it_is_431() -> None:
    room = LIMITS.head_bytes_max - len(request(b"GET", b"/", b"X: "))
    assert len(values_of(forwarded_request(request(b"GET", b"/", b"X: " + b"a" * room)), b"x")[0]) == room
    assert rejection_of(request(b"GET", b"/", b"X: " + b"a" * (room + 1))) == 431


@pytest.mark.row(28)
def test_an_endless_head_uses_bounded_memory() -> None:
    front = Front()
    front.send(b"GET / HTTP/1.1\r\n")
    for _ in range(1000):
        front.send(b"X: " + b"a" * 1000 + b"\r\n")
        assert len(front.connection._reader.buffer) <= LIMITS.head_bytes_max + len(front.callbacks.read_buffer)
    assert status_of(front.received()) == 431


@pytest.mark.row(29)
def test_the_maximum_number_of_fields_is_accepted_and_one_more_is_431() -> None:
    lines = [b"X-%d: y" % number for number in range(LIMITS.head_fields_max)]
    assert b"X-98: y\r\n" in forwarded_request(request(b"GET", b"/", *lines[:-1]))
    assert rejection_of(request(b"GET", b"/", *lines)) == 431


@pytest.mark.row(30)
@pytest.mark.parametrize(("size", "status"), [(59_000, 200), (62_000, 502)])
def test_a_response_head_below_its_limit_is_forwarded_and_one_over_it_is_a_bad_gateway(size: int, status: int) -> None:
    head = b"HTTP/1.1 200 OK\r\nX: " + b"a" * size + b"\r\nContent-Length: 0\r\n\r\n"
    assert status_of(forwarded_response(head)) == status


@pytest.mark.row(30)
def test_an_endless_response_head_is_aborted() -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\n")
    for _ in range(70):
        if not front.instance.transport.closing:
            front.answer(b"X: " + b"a" * 1000 + b"\r\n")
    assert status_of(front.received()) == 502
    assert front.instance.transport.aborted


# --- C: Host


@pytest.mark.row(31)
def test_an_http_1_1_request_without_host_is_rejected() -> None:
    assert rejection_of(b"GET / HTTP/1.1\r\nX: y\r\n\r\n") == 400
    assert rejection_of(b"GET http://%b/ HTTP/1.1\r\n\r\n" % HOST) == 400


@pytest.mark.row(32)
@pytest.mark.parametrize("second", [HOST, b"other.example", HOST.upper(), b""])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_two_host_lines_are_rejected_even_if_they_are_equal(second: bytes, version: bytes) -> None:
    assert rejection_of(request(b"GET", b"/", b"hOST: " + second, version=version)) == 400


@pytest.mark.row(33)
@pytest.mark.parametrize(
    "host",
    [
        b"u@" + HOST,
        b"u:p@" + HOST,
        HOST + b"/x",
        HOST + b" x",
        HOST + b", other.example",
        HOST + b":x",
        HOST + b":65536",
        HOST + b":-1",
        HOST + b":" + b"9" * 5000,
        HOST + b"\xe9",
        HOST + b'"',
        HOST + b":80:80",
        HOST + b"?x",
        HOST + b"#x",
        b"http://" + HOST,
        b"",
        b":80",
        b"[::1",
        b"[::1]x",
        b"[::1%25eth0]",
        b"[1:2]",
        b"[v.x]",
        b"a%2",
        b"a%zzb",
    ],
)
def test_a_host_that_is_not_a_name_with_an_optional_port_is_rejected(host: bytes) -> None:
    assert rejection_of(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host) == 400


@pytest.mark.case("B9c")
@pytest.mark.row(131)
@pytest.mark.parametrize(
    "host",
    [
        b"0.0.0.0=5000",
        b"a%2eb",
        b"a%41b",
        b"~",
        b"a,b",
        b"a!$&'()*+;=b:80",
        b"127.0.0.1:",
        b"[::1]:0080",
        b"[::ffff:1.2.3.4]",
        b"[v1.a:b]:",
        b"a:" + b"0" * 30 + b"80",
    ],
)
def test_every_valid_host_without_a_route_is_404(host: bytes) -> None:
    front = Front()
    front.send(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
    assert (status_of(front.received()), front.client.closing, front.upstream.offered) == (404, False, 0)


@pytest.mark.case("B9c")
@pytest.mark.row(131)
def test_a_port_may_be_empty_and_is_forwarded_unchanged() -> None:
    assert b"\r\nhost: " + HOST + b":\r\n" in forwarded_request(b"GET / HTTP/1.1\r\nHost: %b:\r\n\r\n" % HOST)


@pytest.mark.row(33)
def test_an_empty_host_beside_an_authority_is_rejected() -> None:
    assert rejection_of(b"GET http://%b/ HTTP/1.1\r\nHost:\r\n\r\n" % HOST) == 400


@pytest.mark.row(34)
def test_the_connection_stays_open_after_an_unknown_host() -> None:
    front = Front()
    front.send(b"GET / HTTP/1.1\r\nHost: absent.example\r\n\r\n" + BEHIND)
    assert status_of(front.received()) == 404
    assert front.upstream.offered == 1
    assert b"absent" not in front.forwarded()
