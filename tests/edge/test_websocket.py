"""WebSocket, where a setting allows it: a tunnel whose sides end separately."""

from __future__ import annotations

import pytest

from simulator.model.rejection import TIMEOUT
from tests.edge.front import OK, FakePool, Front, request, status_of, values_of

ASK = request(b"GET", b"/chat", b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: k")
AGREED = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: a\r\n\r\n"
)


def tunnel(*, half_close: bool = True) -> Front:
    front = Front(websocket=True, half_close=half_close)
    front.send(ASK)
    front.forwarded()
    front.answer(AGREED)
    front.received()
    return front


def test_websocket_is_rejected_unless_allowed() -> None:
    front = Front()
    front.send(ASK)
    assert status_of(front.received()) == 403
    assert front.upstream.offered == 0


@pytest.mark.parametrize("allowed", [True, False])
def test_a_setting_of_a_service_has_precedence_over_that_of_all(allowed: bool) -> None:
    front = Front(websocket=not allowed, websocket_of={FakePool.service: allowed})
    front.send(ASK)
    assert front.upstream.offered == (1 if allowed else 0)
    front = Front(websocket=not allowed, websocket_of={"another": allowed})
    front.send(ASK)
    assert front.upstream.offered == (0 if allowed else 1)


@pytest.mark.parametrize(
    "message",
    [
        request(b"POST", b"/", b"Connection: Upgrade", b"Upgrade: websocket"),
        request(b"GET", b"/", b"Connection: Upgrade", b"Upgrade: websocket", version=b"1.0"),
        request(b"GET", b"/", b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: 1", body=b"x"),
    ],
)
def test_an_invalid_websocket_request_is_rejected_although_websocket_is_allowed(message: bytes) -> None:
    front = Front(websocket=True)
    front.send(message)
    assert status_of(front.received()) == 403
    assert front.upstream.offered == 0


def test_the_upgrade_request_and_its_101_are_forwarded() -> None:
    front = Front(websocket=True)
    front.send(ASK)
    sent = front.forwarded()
    assert values_of(sent, b"connection") == [b"upgrade"]
    assert values_of(sent, b"upgrade") == [b"websocket"]
    assert values_of(sent, b"sec-websocket-key") == [b"k"]
    front.answer(AGREED)
    answer = front.received()
    assert status_of(answer) == 101
    assert values_of(answer, b"connection") == [b"upgrade"]
    assert values_of(answer, b"upgrade") == [b"websocket"]
    assert values_of(answer, b"sec-websocket-accept") == [b"a"]


def test_bytes_are_forwarded_unchanged_in_both_directions() -> None:
    front = tunnel()
    front.send(b"GET / HTTP/1.1\r\n\r\n\x00\xff")
    assert front.forwarded() == b"GET / HTTP/1.1\r\n\r\n\x00\xff"
    front.answer(b"HTTP/1.1 200 OK\r\n\r\n")
    front.answer(b"\x81\x00")
    assert front.received() == b"HTTP/1.1 200 OK\r\n\r\n\x81\x00"


def test_bytes_received_with_the_heads_are_forwarded() -> None:
    front = Front(websocket=True)
    front.send(ASK + b"early")
    assert b"early" not in front.forwarded()  # not before the application accepts
    front.answer(AGREED + b"hello")
    assert front.forwarded() == b"early"
    assert front.received().endswith(b"\r\n\r\nhello")


def test_a_declined_upgrade_is_an_ordinary_response() -> None:
    front = Front(websocket=True)
    front.send(ASK)
    front.answer(OK)
    assert status_of(front.received()) == 200
    front.send(request())
    front.answer(OK)
    assert status_of(front.received()) == 200
    assert front.upstream.finished == 2


@pytest.mark.parametrize("fields", [b"", b"Connection: upgrade\r\nUpgrade: h2c\r\n", b"Upgrade: websocket\r\n"])
def test_a_101_to_another_protocol_is_502(fields: bytes) -> None:
    front = Front(websocket=True)
    front.send(ASK)
    front.answer(b"HTTP/1.1 101 S\r\n" + fields + b"\r\n")
    assert status_of(front.received()) == 502
    assert front.instance.transport.aborted


def test_the_slot_is_occupied_until_both_sides_have_ended() -> None:
    front = tunnel()
    front.end_client()
    assert (front.instance.transport.ended_writing, front.upstream.in_flight) == (True, 1)
    front.answer(b"bye")
    assert front.received() == b"bye"
    front.end_application()
    assert (front.upstream.finished, front.client.closing, front.client.aborted) == (1, True, False)


def test_the_application_may_half_close_and_still_receive() -> None:
    front = tunnel()
    front.end_application()
    assert (front.client.ended_writing, front.client.closing, front.upstream.in_flight) == (True, False, 1)
    front.send(b"bye")
    assert front.forwarded() == b"bye"
    front.end_client()
    assert (front.upstream.finished, front.client.closing, front.instance.transport.closing) == (1, True, True)
    assert not front.instance.transport.aborted  # what was sent last is still written


def test_a_transport_without_half_close_is_closed_when_the_application_ends() -> None:
    front = tunnel(half_close=False)
    front.end_application()
    assert (front.client.closing, front.upstream.finished) == (True, 1)


def test_a_client_that_disconnects_ends_the_tunnel() -> None:
    front = tunnel(half_close=False)
    front.end_client()
    assert (front.upstream.abandoned, front.instance.transport.aborted) == (1, True)


def test_reading_from_the_application_pauses_for_a_slow_client() -> None:
    front = tunnel()
    front.connection.pause_writing()
    assert not front.instance.transport.reading
    front.connection.resume_writing()
    assert front.instance.transport.reading


def test_reading_from_the_client_pauses_for_a_slow_application() -> None:
    front = tunnel()
    front.instance.links[-1].pause_writing()
    assert not front.client.reading
    front.instance.links[-1].resume_writing()
    assert front.client.reading


def test_a_tunnel_without_traffic_does_not_end() -> None:
    front = tunnel()
    front.send(b"x")
    front.wait(100)
    assert not front.client.closing


def test_the_time_limit_of_requests_ends_a_tunnel() -> None:
    front = tunnel()
    exchange = front.connection._exchange
    assert exchange is not None
    front.upstream.abandon(exchange)  # as the pool does before it notifies the front
    exchange.fail(TIMEOUT)
    assert front.client.aborted


def test_a_drained_connection_ends_with_its_tunnel() -> None:
    front = tunnel()
    front.connection.drain()
    assert not front.client.closing
    front.end_client()
    front.end_application()
    assert front.client.closing
