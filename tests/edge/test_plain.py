"""The profile with standard header fields, without Envoy's."""

from __future__ import annotations

from simulator.edge.connection import DownstreamConnection
from tests.edge.front import HOST, FakeTransport, Front, fields_of, request, status_of, values_of


def test_requests_get_the_standard_fields() -> None:
    front = Front(plain=True)
    front.send(request())
    sent = front.forwarded()
    assert values_of(sent, b"forwarded") == [b'for=192.0.2.7;host="%b";proto=https' % HOST]
    assert values_of(sent, b"via") == [b"1.1 simulator"]
    assert values_of(sent, b"x-forwarded-for") == [b"192.0.2.7"]
    assert values_of(sent, b"x-forwarded-host") == [HOST]
    assert values_of(sent, b"x-forwarded-port") == [b"8443"]
    assert values_of(sent, b"x-forwarded-proto") == [b"https"]


def test_an_ipv6_address_is_quoted() -> None:
    front = Front(plain=True)
    front.connection.peer = b"2001:db8::7"
    front.send(request())
    assert values_of(front.forwarded(), b"forwarded")[0].startswith(b'for="[2001:db8::7]";')


def test_the_clients_own_forwarding_fields_are_dropped() -> None:
    front = Front(plain=True)
    lies = (b"Forwarded: for=10.0.0.1", b"X-Forwarded-Host: evil", b"X-Forwarded-Port: 1", b"X_Forwarded_Host: evil")
    front.send(request(b"GET", b"/", *lies))
    sent = front.forwarded()
    assert b"evil" not in sent
    assert len(values_of(sent, b"forwarded")) == len(values_of(sent, b"x-forwarded-port")) == 1


def test_via_is_appended_to() -> None:
    front = Front(plain=True)
    front.send(request(b"GET", b"/", b"Via: 1.1 theirs", version=b"1.0"))
    assert values_of(front.forwarded(), b"via") == [b"1.1 theirs", b"1.0 simulator"]


def test_no_field_of_envoy_is_sent() -> None:
    front = Front(plain=True)
    front.send(request(b"GET", b"/", b"X-Request-Id: mine"))
    assert values_of(front.forwarded(), b"x-request-id") == [b"mine"]
    front.answer(b"HTTP/1.1 200 OK\r\nServer: theirs\r\nContent-Length: 0\r\n\r\n")
    front.send(b"GET / HTTP/1.1\r\nHost: absent.example\r\n\r\n")
    passed = front.received()
    assert values_of(passed, b"server") == [b"theirs"]
    assert b"envoy" not in passed.lower()
    assert passed.count(b"date: ") == 2


def test_the_app_runner_profile_sends_no_standard_fields() -> None:
    front = Front()
    front.send(request())
    names = {name for name, _ in fields_of(front.forwarded())}
    assert names & {b"via", b"forwarded", b"x-forwarded-host", b"x-forwarded-port"} == set()


def test_the_response_of_a_simulated_instance_has_standard_fields_too() -> None:
    front = Front(plain=True)
    front.instance.is_simulated = True
    front.send(request())
    assert front.instance.simulated is not None
    front.instance.simulated.answered(200)
    answer = front.received()
    assert status_of(answer) == 200
    assert values_of(answer, b"server") == []


def test_a_local_reply_has_no_server_field() -> None:
    front = Front(plain=True)
    connection = DownstreamConnection(front.gateway, front.callbacks, b"https", b"192.0.2.7")
    transport = FakeTransport(connection)
    connection.connection_made(transport)
    front.callbacks.read_buffer[:5] = b"\x00bad\n"
    connection.buffer_updated(5)
    assert status_of(transport.take()) == 400
    assert b"envoy" not in transport.written
