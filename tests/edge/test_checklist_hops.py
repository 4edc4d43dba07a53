"""Section E of the checklist: what belongs to one connection only, and what the balancer adds."""

from __future__ import annotations

import pytest

from tests.edge.front import HOST, OK, Front, body_of, fields_of, request, status_of, values_of
from tests.edge.verdicts import body_sent, names_of, passed_back, passed_on

HOP_BY_HOP = [b"Keep-Alive: timeout=5", b"Proxy-Connection: keep-alive", b"TE: gzip", b"Trailer: X", b"Upgrade: foo/1"]


@pytest.mark.row(55)
@pytest.mark.parametrize(
    "connection", [b"X-Hop", b"close, x-hop", b"X-HOP , X-Other", b",x-hop,,", b"keep-alive,X-hop"]
)
def test_a_field_that_connection_names_goes_no_further(connection: bytes) -> None:
    lines = (b"X-Hop: 1", b"Connection: " + connection, b"X-Kept: 2")
    sent = names_of(passed_on(request(b"GET", b"/", *lines)))
    assert (b"x-hop" in sent, b"x-kept" in sent) == (False, True)
    back = names_of(passed_back(b"HTTP/1.1 204 N\r\n" + b"\r\n".join(lines) + b"\r\n\r\n"))
    assert (b"x-hop" in back, b"x-kept" in back) == (False, True)


@pytest.mark.row(55)
def test_several_lines_of_connection_count_as_one() -> None:
    sent = passed_on(request(b"GET", b"/", b"Connection: X-A", b"X-A: 1", b"connection: X-B", b"X-B: 2"))
    assert {b"x-a", b"x-b", b"connection"} & names_of(sent) == set()


@pytest.mark.row(55)
@pytest.mark.parametrize("name", [b"host", b"content-length", b"x-forwarded-for", b"x-forwarded-proto"])
def test_connection_takes_away_nothing_that_the_balancer_answers_for(name: bytes) -> None:
    sent = passed_on(request(b"POST", b"/", b"Connection: " + name, b"Content-Length: 3", body=b"abc"))
    assert len(values_of(sent, name)) == 1
    assert body_sent(sent) == b"abc"


@pytest.mark.row(56)
@pytest.mark.parametrize("line", HOP_BY_HOP)
def test_a_hop_by_hop_field_is_removed_both_ways(line: bytes) -> None:
    name = line.partition(b":")[0].lower()
    assert name not in names_of(passed_on(request(b"GET", b"/", line)))
    assert name not in names_of(passed_back(b"HTTP/1.1 204 N\r\n" + line + b"\r\n\r\n"))


@pytest.mark.row(56)
def test_each_connection_has_its_own_transfer_coding() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    to_old = passed_back(chunked, request(version=b"1.0"))
    assert (values_of(to_old, b"transfer-encoding"), body_of(to_old)) == ([], b"ok")


@pytest.mark.row(57)
@pytest.mark.parametrize("line", [b"Authorization: Bearer x", b"Proxy-Authorization: Basic x", b"Cookie: a=b"])
def test_credentials_go_end_to_end(line: bytes) -> None:
    name, _, value = line.partition(b": ")
    assert values_of(passed_on(request(b"GET", b"/", line)), name.lower()) == [value]


@pytest.mark.row(57)
@pytest.mark.parametrize("line", [b"Proxy-Authenticate: Basic realm=x", b"WWW-Authenticate: Digest a=b"])
def test_challenges_go_end_to_end(line: bytes) -> None:
    name, _, value = line.partition(b": ")
    answer = passed_back(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n" + line + b"\r\n\r\n")
    assert values_of(answer, name.lower()) == [value]


@pytest.mark.row(59)
@pytest.mark.parametrize(
    ("lines", "sent"),
    [
        ((), b"192.0.2.7"),
        ((b"X-Forwarded-For: 10.0.0.1",), b"10.0.0.1, 192.0.2.7"),
        ((b"x-forwarded-for: 10.0.0.1", b"X-FORWARDED-FOR: 10.0.0.2"), b"10.0.0.1, 10.0.0.2, 192.0.2.7"),
        ((b"X-Forwarded-For:",), b"192.0.2.7"),
    ],
)
def test_the_clients_address_is_the_last_of_x_forwarded_for(lines: tuple[bytes, ...], sent: bytes) -> None:
    assert values_of(passed_on(request(b"GET", b"/", *lines)), b"x-forwarded-for") == [sent]


@pytest.mark.row(60)
@pytest.mark.parametrize(
    "lines", [(), (b"X-Forwarded-Proto: http",), (b"x-forwarded-proto: ftp", b"X-Forwarded-Proto:")]
)
def test_x_forwarded_proto_is_set_by_the_balancer(lines: tuple[bytes, ...]) -> None:
    assert values_of(passed_on(request(b"GET", b"/", *lines)), b"x-forwarded-proto") == [b"https"]


@pytest.mark.row(61)
def test_no_other_fields_are_added() -> None:
    assert names_of(passed_on(request())) == {
        b"host",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"x-request-id",
        b"x-envoy-expected-rq-timeout-ms",
    }
    assert names_of(passed_back(OK)) == {b"content-length", b"x-envoy-upstream-service-time", b"date", b"server"}


@pytest.mark.row(62)
def test_via_is_neither_added_nor_taken_away() -> None:
    assert values_of(passed_on(request()), b"via") == []
    assert values_of(passed_on(request(b"GET", b"/", b"Via: 1.1 cdn")), b"via") == [b"1.1 cdn"]


@pytest.mark.row(63)
def test_max_forwards_counts_down_for_options_and_is_answered_at_nothing() -> None:
    assert values_of(passed_on(request(b"OPTIONS", b"*", b"Max-Forwards: 5")), b"max-forwards") == [b"4"]
    assert values_of(passed_on(request(b"GET", b"/", b"Max-Forwards: 5")), b"max-forwards") == [b"5"]
    front = Front()
    front.send(request(b"OPTIONS", b"*", b"Max-Forwards: 0"))
    assert (status_of(front.received()), front.upstream.offered) == (200, 0)


@pytest.mark.row(64)
def test_content_and_representation_fields_are_unchanged() -> None:
    body = b"\x1f\x8b\x08\x00 not even gzip"
    lines = [
        b"Content-Encoding: gzip",
        b"Content-Type: text/html; charset=x",
        b'ETag: W/"a"',
        b"Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==",
        b"Vary: Accept-Encoding",
        b"Content-Range: bytes 0-1/2",
        b"Accept-Ranges: bytes",
        b"Cache-Control: no-transform",
    ]
    sized = b"Content-Length: %d" % len(body)
    sent = passed_on(request(b"PUT", b"/", *lines, b"Range: bytes=0-1", b"Accept-Encoding: br", sized, body=body))
    back = passed_back(b"\r\n".join([b"HTTP/1.1 206 Partial", *lines, sized, b"", body]))
    for message in (sent, back):
        assert b"\r\n".join(lines) + b"\r\n" in message
        assert body_of(message) == body
    assert b"Range: bytes=0-1\r\nAccept-Encoding: br\r\n" in sent


@pytest.mark.row(65)
def test_date_is_the_applications_or_added_and_its_own_fields_pass() -> None:
    dated = passed_back(b"HTTP/1.1 204 N\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Powered-By: app\r\n\r\n")
    assert values_of(dated, b"date") == [b"Sun, 06 Nov 1994 08:49:37 GMT"]
    assert values_of(dated, b"x-powered-by") == [b"app"]
    assert values_of(passed_back(OK), b"date") == [b"Mon, 30 Nov 2026 00:53:20 GMT"]


@pytest.mark.row(65)
def test_server_is_envoy_as_app_runners_clients_see_it() -> None:
    assert values_of(passed_back(b"HTTP/1.1 204 N\r\nServer: gunicorn\r\n\r\n"), b"server") == [b"envoy"]


@pytest.mark.row(35)
@pytest.mark.parametrize("host", [HOST, HOST + b":8443", HOST.upper(), HOST + b"."])
def test_the_application_sees_the_host_that_the_client_wrote(host: bytes) -> None:
    sent = passed_on(b"GET / HTTP/1.1\r\nHost:%b \r\n\r\n" % host)
    assert fields_of(sent)[0] == (b"host", host)


@pytest.mark.row(24)
@pytest.mark.parametrize("last", [b"", b" "])
def test_a_repeated_field_with_an_empty_last_value_has_no_white_space_behind_it(last: bytes) -> None:
    answer = passed_back(b"HTTP/1.1 204 N\r\nDate: Sun\r\nDate:" + last + b"\r\n\r\n")
    sent = passed_on(request(b"GET", b"/", b"Max-Forwards: 5", b"Max-Forwards:" + last))
    assert b" \r\n" not in answer + sent
