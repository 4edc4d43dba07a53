"""The response reaches a client that continues to send, whatever and however much it sends."""

from __future__ import annotations

import pytest

from tests.edge.front import Front, request, status_of

MEGABYTE = b"x" * 1_000_000


def uploads(kind: str) -> tuple[bytes, int]:
    """Return the beginning of an upload that gets a response of the balancer itself, and the status of that
    response.
    """
    if kind == "unknown host":
        return b"POST / HTTP/1.1\r\nHost: absent\r\nContent-Length: 100000000\r\n\r\n", 404
    if kind == "too large a head":
        return b"POST / HTTP/1.1\r\nX: %b\r\n" % (b"a" * 70_000), 431
    if kind == "bad framing":
        return b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\n", 400
    return request(b"POST", b"/", b"Content-Length: 100000000"), 429


@pytest.mark.case("B2")
@pytest.mark.row(120)
@pytest.mark.parametrize("half_close", [True, False], ids=["plain", "TLS"])
@pytest.mark.parametrize("kind", ["unknown host", "over-full service", "too large a head", "bad framing"])
def test_an_upload_of_any_size_does_not_cut_the_connection(kind: str, half_close: bool) -> None:
    front = Front(half_close=half_close)
    front.upstream.capacity = 0
    beginning, status = uploads(kind)
    front.send(beginning)
    for _ in range(50):
        front.send(MEGABYTE)
    assert status_of(front.received()) == status
    assert (front.client.closing, front.client.ended_writing) == (False, half_close)
    assert front.connection._reader.buffer == b"", "nothing of it is kept"
    front.wait(front.limits.linger_s)  # it has stopped sending
    assert (front.client.closing, front.client.aborted) == (True, False)


@pytest.mark.case("B2")
@pytest.mark.row(120)
def test_the_connection_stays_while_the_client_sends_for_a_bounded_time() -> None:
    front = Front(half_close=True)
    front.send(b"POST / HTTP/1.1\r\nHost: absent\r\nContent-Length: 100000000\r\n\r\n")
    began_s, step_s = front.now_s, front.limits.linger_s * 0.9
    while not front.client.closing:
        front.send(MEGABYTE)
        front.wait(step_s)
    lasted_s = front.now_s - began_s
    assert front.limits.linger_s_max <= lasted_s < front.limits.linger_s_max + 2 * step_s


@pytest.mark.case("B14")
@pytest.mark.row(120)
@pytest.mark.parametrize("half_close", [True, False], ids=["plain", "TLS"])
def test_bytes_pipelined_after_a_last_request_do_not_discard_its_response(half_close: bool) -> None:
    front = Front(half_close=half_close)
    front.send(request(b"GET", b"/", b"Connection: close") + MEGABYTE[:50_000])
    front.send(MEGABYTE)
    front.answer()
    for _ in range(5):
        front.send(MEGABYTE)
    assert front.received().endswith(b"ok")
    assert (front.client.aborted, front.client.closing) == (False, False)
    front.wait(front.limits.linger_s)
    assert (front.client.closing, front.client.aborted) == (True, False)


@pytest.mark.case("B14")
def test_a_last_response_without_further_bytes_closes_at_once() -> None:
    front = Front(half_close=True)
    front.send(request(b"GET", b"/", b"Connection: close"))
    front.answer()
    assert front.client.closing


@pytest.mark.case("B2")
def test_bytes_that_arrive_during_the_last_write_do_not_cut_the_connection() -> None:
    """A TLS transport passes on what it reads until its own end has been sent."""
    front = Front()
    front.send(request(b"GET", b"/", b"Connection: close"))
    front.answer()
    assert front.client.closing
    front.connection.get_buffer(-1)[:5] = b"bytes"
    front.connection.buffer_updated(5)
    front.wait(front.limits.linger_s)
    assert not front.client.aborted
