"""Section A of the checklist: the request line and its target."""

from __future__ import annotations

import pytest

from simulator.model.data_plane import DataPlaneLimits
from tests.edge.front import HOST, Front, request, status_of, values_of
from tests.edge.outcomes import forwarded_request, rejection_of

HOST_LINE = b"\r\nHost: " + HOST + b"\r\n\r\n"


def line_sent(message: bytes) -> bytes:
    return forwarded_request(message).partition(b"\r\n")[0]


@pytest.mark.row(1)
@pytest.mark.parametrize(
    "line",
    [
        b"GET  / HTTP/1.1",
        b"GET /  HTTP/1.1",
        b"GET\t/ HTTP/1.1",
        b"GET /\tHTTP/1.1",
        b" GET / HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b"GET HTTP/1.1",
        b"GET /",
        b"GET",
        b"GET / HTTP/1",
        b"GET / HTTP/1.1.1",
        b"GET / http/1.1",
        b"GET / HTTP 1.1",
        b"GET / / HTTP/1.1",
    ],
)
def test_a_request_line_other_than_three_words_with_single_spaces_is_rejected(line: bytes) -> None:
    assert rejection_of(line + HOST_LINE) == 400


@pytest.mark.row(3)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_bare_lf_is_rejected(at: int) -> None:
    lines = [b"GET / HTTP/1.1", b"Host: " + HOST, b"X: y", b""]
    ends = [b"\n" if number == at else b"\r\n" for number in range(4)]
    assert rejection_of(b"".join(line + end for line, end in zip(lines, ends, strict=True))) == 400


@pytest.mark.row(3)
def test_a_head_with_bare_lf_only_is_rejected_without_waiting_for_more() -> None:
    front = Front()
    front.send(b"GET / HTTP/1.1\nHost: " + HOST + b"\n\n")
    assert status_of(front.received()) == 400


@pytest.mark.row(4)
@pytest.mark.parametrize(
    "message",
    [
        b"GET /\r HTTP/1.1" + HOST_LINE,
        b"GET / HTTP/1.1\r\r\nHost: " + HOST + b"\r\n\r\n",
        b"GET / HTTP/1.1\rX: y" + HOST_LINE,
        request(b"GET", b"/", b"X: a\rb"),
        request(b"GET", b"/", b"X: a\r"),
        request(b"GET", b"/", b"X\r: a"),
        request(b"GET", b"/", b"X: a\rTransfer-Encoding: chunked"),
    ],
)
def test_a_bare_cr_is_rejected_wherever_it_is(message: bytes) -> None:
    assert rejection_of(message) == 400


@pytest.mark.row(5)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_1_0_and_1_1_are_served_and_forwarded_as_1_1(version: bytes) -> None:
    assert line_sent(request(version=version)) == b"GET / HTTP/1.1"


@pytest.mark.row(5)
@pytest.mark.parametrize("version", [b"0.9", b"1.2", b"1.9", b"2.0", b"3.0", b"9.9", b"1.10", b"01.1"])
def test_other_versions_are_rejected(version: bytes) -> None:
    assert rejection_of(request(version=version)) in {400, 505}


@pytest.mark.row(6)
def test_the_preface_of_http_2_ends_the_connection() -> None:
    assert rejection_of(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505


@pytest.mark.row(6)
def test_an_upgrade_to_h2c_is_served_as_http_1_1_and_not_forwarded() -> None:
    lines = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__")
    sent = forwarded_request(request(b"GET", b"/", *lines)).lower()
    assert b"h2c" not in sent
    assert b"http2-settings" not in sent


@pytest.mark.row(7)
@pytest.mark.parametrize(
    "target",
    [
        b"/a/./b/../c",
        b"//a//b/",
        b"/%2F%2f%41%7e",
        b"/A%zz",
        b"/?",
        b"/a?",
        b"/a?b=c+d&e=%20&&;",
        b"/a?b?c",
        b"/a;v=1/b",
        b"/%2e%2e/x",
        b"/" + b"x" * 8000,
    ],
)
def test_path_and_query_reach_the_application_byte_for_byte(target: bytes) -> None:
    assert line_sent(request(target=target)) == b"GET %b HTTP/1.1" % target


@pytest.mark.row(8)
@pytest.mark.parametrize(
    ("path", "sent"), [(b"/a?b", b"/a?b"), (b"", b"/"), (b"?b", b"/?b"), (b":8443/a", b"/a"), (b"/", b"/")]
)
def test_an_absolute_target_is_forwarded_in_origin_form_with_its_authority(path: bytes, sent: bytes) -> None:
    for scheme in (b"http", b"https", b"HTTP"):
        assert line_sent(request(target=scheme + b"://" + HOST + path)) == b"GET %b HTTP/1.1" % sent


@pytest.mark.row(9)
def test_the_authority_of_the_target_has_precedence_over_host() -> None:
    sent = forwarded_request(b"GET http://%b/ HTTP/1.1\r\nHost: other.example\r\n\r\n" % HOST)
    assert values_of(sent, b"host") == [HOST]
    assert b"other.example" not in sent


@pytest.mark.row(9)
def test_a_known_host_does_not_route_a_foreign_authority() -> None:
    front = Front()
    front.send(request(target=b"http://other.example/"))
    assert status_of(front.received()) == 404
    assert front.upstream.offered == 0


@pytest.mark.row(10)
def test_asterisk_is_forwarded_only_for_options() -> None:
    assert line_sent(request(b"OPTIONS", b"*")) == b"OPTIONS * HTTP/1.1"
    assert line_sent(request(b"OPTIONS", b"http://" + HOST)) == b"OPTIONS * HTTP/1.1"
    assert rejection_of(request(b"GET", b"*")) == 400
    assert rejection_of(request(b"OPTIONS", b"**")) == 400


@pytest.mark.row(11)
@pytest.mark.parametrize("target", [HOST + b":443", b"/", b"other.example:22"])
def test_connect_is_never_a_tunnel(target: bytes) -> None:
    front = Front()
    front.send(b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\nSSH-2.0-x\r\n" % (target, HOST))
    assert status_of(front.received()) in {400, 405, 501}
    assert (front.upstream.offered, front.instance.links) == (0, [])


@pytest.mark.row(12)
def test_trace_is_not_implemented_and_echoes_nothing() -> None:
    front = Front()
    front.send(request(b"TRACE", b"/", b"Authorization: Basic secret"))
    answer = front.received()
    assert status_of(answer) == 501
    assert b"secret" not in answer
    assert front.upstream.offered == 0


@pytest.mark.row(13)
@pytest.mark.parametrize("method", [b"get", b"PROPFIND", b"M-SEARCH", b"X!#$%&'*+-.^_`|~1", b"Get"])
def test_any_token_is_a_method_and_keeps_its_case(method: bytes) -> None:
    assert line_sent(request(method)) == method + b" / HTTP/1.1"


@pytest.mark.row(13)
@pytest.mark.parametrize("method", [b"GE(T", b"G,T", b"G\xc3\x89T", b"G/T", b'"GET"', b"G:T", b""])
def test_a_method_that_is_not_a_token_is_rejected(method: bytes) -> None:
    assert rejection_of(request(method)) == 400


@pytest.mark.row(14)
@pytest.mark.parametrize(
    "target",
    [b"/a#b", b"/a b", b"/\xc3\xa9", b"/\xff", b"/\x00", b"/\x0b", b"/\x7f", b"/\t", b"a/b", b"ftp://a/", b"http:///"],
)
def test_a_target_with_a_fragment_or_other_than_visible_ascii_is_rejected(target: bytes) -> None:
    assert rejection_of(request(target=target)) == 400


@pytest.mark.row(15)
def test_a_request_line_of_8000_bytes_is_accepted_and_one_over_the_limit_is_414() -> None:
    most = DataPlaneLimits().request_line_bytes_max
    assert most >= 8000
    assert len(line_sent(request(target=b"/" + b"a" * (most - 16)))) == most - 2
    assert rejection_of(request(target=b"/" + b"a" * most)) == 414


@pytest.mark.row(15)
def test_an_endless_request_line_is_rejected() -> None:
    front = Front()
    front.send(b"GET /")
    for _ in range(100):
        front.send(b"a" * 1000)
    assert status_of(front.received()) == 414
    assert front.upstream.offered == 0
