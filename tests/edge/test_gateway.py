from __future__ import annotations

import pytest

from simulator.edge.gateway import host_name
from simulator.edge.redirect import Redirect
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.times import LoopTime
from tests.edge.front import EPOCH_S, HOST, FakePool, Front, body_of, request, status_of, values_of


def redirect(port: int = 443) -> Redirect:
    return Redirect(
        port,
        DataPlaneLimits(),
        clock=lambda: LoopTime(0.0),
        epoch_s=lambda: EPOCH_S,
        knows=lambda host: host in {HOST, b"other.example"},
    )


@pytest.mark.parametrize(
    ("authority", "name"),
    [
        (b"A.Example:8443", b"a.example"),
        (b"a.example.", b"a.example"),
        (b"a.example.:80", b"a.example"),
        (b"[::1]:80", b"[::1]"),
        (b"[::1]", b"[::1]"),
    ],
)
def test_a_host_name_is_in_lower_case_without_port_and_final_dot(authority: bytes, name: bytes) -> None:
    assert host_name(authority) == name


@pytest.mark.parametrize("host", [HOST, HOST.upper(), HOST + b":8443", HOST + b"."])
def test_a_host_is_found_in_any_case_with_port_or_final_dot(host: bytes) -> None:
    front = Front()
    front.send(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
    assert front.upstream.offered == 1
    assert values_of(front.forwarded(), b"host") == [host]


@pytest.mark.row(34)
def test_an_unknown_host_is_404_and_reaches_no_application() -> None:
    front = Front()
    front.send(b"GET / HTTP/1.1\r\nHost: absent.example\r\n\r\n")
    answer = front.received()
    assert (status_of(answer), body_of(answer)) == (404, b"0\r\n\r\n")
    assert values_of(answer, b"server") == [b"envoy"]
    assert front.upstream.offered == 0
    assert not front.client.closing


def test_a_removed_host_is_404_while_its_request_in_progress_continues() -> None:
    front = Front()
    front.send(request() * 2)
    front.gateway.remove(HOST.decode())
    front.answer()
    answers = front.received()
    assert status_of(answers) == 200
    assert b"HTTP/1.1 404 Not Found" in answers


def test_a_route_is_switched_for_the_next_request() -> None:
    front = Front()
    green = FakePool(front.instance)
    front.send(request())
    front.gateway.add(HOST.decode(), green)
    front.answer()
    front.send(request())
    assert (front.upstream.offered, green.offered) == (1, 1)


@pytest.mark.row(36)
def test_http_1_0_without_host_is_routed_by_the_tls_server_name() -> None:
    front = Front()
    front.callbacks.name = HOST.decode()
    front.send(b"GET / HTTP/1.0\r\n\r\n")
    assert values_of(front.forwarded(), b"host") == [HOST]


@pytest.mark.row(36)
def test_http_1_0_without_host_and_server_name_is_404() -> None:
    front = Front()
    front.send(b"GET / HTTP/1.0\r\n\r\n")
    assert status_of(front.received()) == 404


@pytest.mark.row(37)
def test_host_has_precedence_over_the_tls_server_name() -> None:
    front = Front()
    front.callbacks.name = HOST.decode()
    front.send(b"GET / HTTP/1.1\r\nHost: absent.example\r\n\r\n")
    assert status_of(front.received()) == 404


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n", 501),
        (request(b"TRACE"), 501),
        (request(b"GET", b"/", b"Connection: Upgrade", b"Upgrade: websocket"), 403),
        (request(b"OPTIONS", b"*", b"Max-Forwards: 0"), 200),
    ],
)
def test_local_replies_are_sent_without_an_instance(message: bytes, status: int) -> None:
    front = Front()
    front.send(message)
    assert status_of(front.received()) == status
    assert front.upstream.offered == 0


def test_h2c_is_ignored() -> None:
    front = Front()
    front.send(request(b"GET", b"/", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: A"))
    sent = front.forwarded()
    assert values_of(sent, b"upgrade") + values_of(sent, b"http2-settings") + values_of(sent, b"connection") == []


def test_asterisk_is_forwarded_unchanged() -> None:
    front = Front()
    front.send(request(b"OPTIONS", b"*"))
    assert front.forwarded().startswith(b"OPTIONS * HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("port", "target", "location"),
    [
        (443, b"/a?b=%2F", b"https://%b/a?b=%%2F" % HOST),
        (8443, b"/", b"https://%b:8443/" % HOST),
        (443, b"http://other.example:80/x", b"https://other.example/x"),
    ],
)
def test_the_plain_port_redirects_to_https(port: int, target: bytes, location: bytes) -> None:
    front = Front(handler=redirect(port))
    front.send(request(target=target))
    answer = front.received()
    assert status_of(answer) == 301
    assert values_of(answer, b"location") == [location]
    assert values_of(answer, b"content-length") == [b"0"]


@pytest.mark.case("R1")
@pytest.mark.parametrize("target", [b"/", b"//evil.example/", b"http://evil.example/"])
@pytest.mark.parametrize(
    "host", [b"evil.example", b"evil.example:80", HOST + b".evil.example", b"127.0.0.1.evil.example"]
)
def test_the_plain_port_never_redirects_to_another_server(host: bytes, target: bytes) -> None:
    front = Front(handler=redirect())
    front.send(b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (target, host))
    answer = front.received()
    assert (status_of(answer), values_of(answer, b"location")) == (404, [])


@pytest.mark.parametrize("host", [b"localhost:80", b"127.0.0.1", b"[::1]:80"])
def test_the_plain_port_redirects_names_of_loopback(host: bytes) -> None:
    front = Front(handler=redirect(8443))
    front.send(b"GET /a HTTP/1.1\r\nHost: %b\r\n\r\n" % host)
    assert values_of(front.received(), b"location") == [b"https://%b:8443/a" % host_name(host)]


def test_the_plain_port_keeps_the_connection_open() -> None:
    front = Front(handler=redirect())
    front.send(request() * 2)
    assert front.received().count(b"HTTP/1.1 301 Moved Permanently") == 2
    assert not front.client.closing


def test_the_date_changes_with_the_second() -> None:
    front = Front(handler=redirect())
    front.send(request() * 2)
    assert front.received().count(b"date: Mon, 30 Nov 2026 00:53:20 GMT\r\n") == 2
