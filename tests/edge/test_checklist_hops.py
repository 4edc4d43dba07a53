"""Section E of the checklist: fields of one connection only, and fields that the balancer adds."""

from __future__ import annotations

import pytest

from tests.edge.front import HOST, OK, Front, body_of, fields_of, request, status_of, values_of
from tests.edge.outcomes import body_sent, forwarded_request, forwarded_response, names_of

HOP_BY_HOP = [b"Keep-Alive: timeout=5", b"Proxy-Connection: keep-alive", b"TE: gzip", b"Trailer: X", b"Upgrade: foo/1"]


@pytest.mark.row(55)
@pytest.mark.parametrize(
    "connection", [b"X-Hop", b"close, x-hop", b"X-HOP , X-Other", b",x-hop,,", b"keep-alive,X-hop"]
)
def test_a_field_that_connection_names_is_not_forwarded(connection: bytes) -> None:
    lines = (b"X-Hop: 1", b"Connection: " + connection, b"X-Kept: 2")
    sent = names_of(forwarded_request(request(b"GET", b"/", *lines)))
    assert (b"x-hop" in sent, b"x-kept" in sent) == (False, True)
    back = names_of(forwarded_response(b"HTTP/1.1 204 N\r\n" + b"\r\n".join(lines) + b"\r\n\r\n"))
    assert (b"x-hop" in back, b"x-kept" in back) == (False, True)


@pytest.mark.row(55)
def test_several_lines_of_connection_are_treated_as_one() -> None:
    sent = forwarded_request(request(b"GET", b"/", b"Connection: X-A", b"X-A: 1", b"connection: X-B", b"X-B: 2"))
    assert {b"x-a", b"x-b", b"connection"} & names_of(sent) == set()


@pytest.mark.row(55)
@pytest.mark.parametrize("name", [b"host", b"content-length", b"x-forwarded-for", b"x-forwarded-proto"])
def test_connection_cannot_remove_fields_that_the_balancer_sets(name: bytes) -> None:
    sent = forwarded_request(request(b"POST", b"/", b"Connection: " + name, b"Content-Length: 3", body=b"abc"))
    assert len(values_of(sent, name)) == 1
    assert body_sent(sent) == b"abc"


@pytest.mark.row(56)
@pytest.mark.parametrize("line", HOP_BY_HOP)
def test_a_hop_by_hop_field_is_removed_in_both_directions(line: bytes) -> None:
    name = line.partition(b":")[0].lower()
    assert name not in names_of(forwarded_request(request(b"GET", b"/", line)))
    assert name not in names_of(forwarded_response(b"HTTP/1.1 204 N\r\n" + line + b"\r\n\r\n"))


@pytest.mark.row(56)
def test_each_connection_has_its_own_transfer_coding() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    to_old = forwarded_response(chunked, request(version=b"1.0"))
    assert (values_of(to_old, b"transfer-encoding"), body_of(to_old)) == ([], b"ok")


@pytest.mark.row(57)
@pytest.mark.parametrize("line", [b"Authorization: Bearer x", b"Proxy-Authorization: Basic x", b"Cookie: a=b"])
def test_credentials_are_forwarded(line: bytes) -> None:
    name, _, value = line.partition(b": ")
    assert values_of(forwarded_request(request(b"GET", b"/", line)), name.lower()) == [value]


@pytest.mark.row(57)
@pytest.mark.parametrize("line", [b"Proxy-Authenticate: Basic realm=x", b"WWW-Authenticate: Digest a=b"])
def test_challenges_are_forwarded(line: bytes) -> None:
    name, _, value = line.partition(b": ")
    answer = forwarded_response(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n" + line + b"\r\n\r\n")
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
    assert values_of(forwarded_request(request(b"GET", b"/", *lines)), b"x-forwarded-for") == [sent]


@pytest.mark.row(60)
@pytest.mark.parametrize(
    "lines", [(), (b"X-Forwarded-Proto: http",), (b"x-forwarded-proto: ftp", b"X-Forwarded-Proto:")]
)
def test_x_forwarded_proto_is_set_by_the_balancer(lines: tuple[bytes, ...]) -> None:
    assert values_of(forwarded_request(request(b"GET", b"/", *lines)), b"x-forwarded-proto") == [b"https"]


@pytest.mark.row(61)
def test_no_other_fields_are_added() -> None:
    assert names_of(forwarded_request(request())) == {
        b"host",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"x-request-id",
        b"x-envoy-expected-rq-timeout-ms",
    }
    assert names_of(forwarded_response(OK)) == {b"content-length", b"x-envoy-upstream-service-time", b"date", b"server"}


@pytest.mark.row(62)
def test_via_is_neither_added_nor_removed() -> None:
    assert values_of(forwarded_request(request()), b"via") == []
    assert values_of(forwarded_request(request(b"GET", b"/", b"Via: 1.1 cdn")), b"via") == [b"1.1 cdn"]


@pytest.mark.row(63)
def test_max_forwards_is_decremented_for_options_and_answered_at_zero() -> None:
    assert values_of(forwarded_request(request(b"OPTIONS", b"*", b"Max-Forwards: 5")), b"max-forwards") == [b"4"]
    assert values_of(forwarded_request(request(b"GET", b"/", b"Max-Forwards: 5")), b"max-forwards") == [b"5"]
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
    sent = forwarded_request(
        request(b"PUT", b"/", *lines, b"Range: bytes=0-1", b"Accept-Encoding: br", sized, body=body)
    )
    back = forwarded_response(b"\r\n".join([b"HTTP/1.1 206 Partial", *lines, sized, b"", body]))
    for message in (sent, back):
        assert b"\r\n".join(lines) + b"\r\n" in message
        assert body_of(message) == body
    assert b"Range: bytes=0-1\r\nAccept-Encoding: br\r\n" in sent


@pytest.mark.row(65)
def test_date_is_added_if_missing_and_other_fields_of_the_application_are_forwarded() -> None:
    dated = forwarded_response(b"HTTP/1.1 204 N\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Powered-By: app\r\n\r\n")
    assert values_of(dated, b"date") == [b"Sun, 06 Nov 1994 08:49:37 GMT"]
    assert values_of(dated, b"x-powered-by") == [b"app"]
    assert values_of(forwarded_response(OK), b"date") == [b"Mon, 30 Nov 2026 00:53:20 GMT"]


@pytest.mark.row(65)
def test_server_is_envoy_as_with_app_runner() -> None:
    assert values_of(forwarded_response(b"HTTP/1.1 204 N\r\nServer: gunicorn\r\n\r\n"), b"server") == [b"envoy"]


@pytest.mark.row(35)
@pytest.mark.parametrize("host", [HOST, HOST + b":8443", HOST.upper(), HOST + b"."])
def test_the_application_receives_the_host_of_the_client(host: bytes) -> None:
    sent = forwarded_request(b"GET / HTTP/1.1\r\nHost:%b \r\n\r\n" % host)
    assert fields_of(sent)[0] == (b"host", host)


@pytest.mark.row(24)
@pytest.mark.parametrize("last", [b"", b" "])
def test_a_repeated_field_with_an_empty_last_value_has_no_white_space_after_it(last: bytes) -> None:
    answer = forwarded_response(b"HTTP/1.1 204 N\r\nDate: Sun\r\nDate:" + last + b"\r\n\r\n")
    sent = forwarded_request(request(b"GET", b"/", b"Max-Forwards: 5", b"Max-Forwards:" + last))
    assert b" \r\n" not in answer + sent
