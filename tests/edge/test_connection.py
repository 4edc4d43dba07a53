"""One client connection: order of requests, keep-alive, time limits, and notifications of its end."""

from __future__ import annotations

import pytest

from tests.edge.front import OK, Front, body_of, request, status_of, values_of


@pytest.mark.row(75)
def test_one_connection_serves_one_request_after_the_other() -> None:
    front = Front()
    for number in range(200):
        front.send(request(target=b"/%d" % number))
        assert front.forwarded().startswith(b"GET /%d HTTP/1.1\r\n" % number)
        front.answer()
        assert body_of(front.received()) == b"ok"
    assert not front.client.closing
    assert len(front.instance.links) == 1


@pytest.mark.row(78, 79)
def test_pipelined_requests_are_answered_in_order_and_forwarded_one_at_a_time() -> None:
    front = Front()
    front.send(b"".join(request(target=b"/%d" % number) for number in range(20)))
    for number in range(20):
        assert front.upstream.offered == number + 1
        assert front.forwarded().startswith(b"GET /%d HTTP/1.1\r\n" % number)
        front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%02d" % number)
        assert body_of(front.received()) == b"%02d" % number


def test_a_slot_is_released_before_the_next_pipelined_request_needs_one() -> None:
    front = Front()
    front.upstream.capacity = 1
    front.send(request() * 3)
    for _ in range(3):
        front.answer()
    assert front.received().count(b"HTTP/1.1 200 OK") == 3


def test_pipelined_rejections_do_not_grow_the_stack() -> None:
    front = Front()
    front.upstream.capacity = 0
    front.send(request() * 3000)
    assert front.received().count(b"HTTP/1.1 429 Too Many Requests\r\n") == 3000


@pytest.mark.row(79)
def test_the_buffer_of_pipelined_requests_is_bounded() -> None:
    front = Front()
    front.send(request())
    front.send(request() * (front.limits.read_ahead_bytes // len(request()) + 1))
    assert not front.client.is_reading()
    front.answer()
    assert front.client.is_reading()


@pytest.mark.row(2)
def test_an_empty_line_before_a_request_is_ignored() -> None:
    front = Front()
    front.send(b"\r")
    front.send(b"\n\r\n" + request())
    front.answer()
    front.send(b"\r\n" + request())
    front.answer()
    assert front.received().count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.row(76, 77)
@pytest.mark.parametrize(
    ("message", "said", "closes"),
    [
        (request(), [], False),
        (request(b"GET", b"/", b"Connection: close"), [b"close"], True),
        (request(version=b"1.0"), [b"close"], True),
        (request(b"GET", b"/", b"Connection: keep-alive", version=b"1.0"), [b"keep-alive"], False),
    ],
)
def test_the_connection_is_kept_or_closed_as_the_client_requested(
    message: bytes, said: list[bytes], closes: bool
) -> None:
    front = Front()
    front.send(message)
    front.answer()
    assert values_of(front.received(), b"connection") == said
    assert front.client.closing is closes


@pytest.mark.row(58)
def test_connection_close_of_the_application_ends_only_its_own_connection() -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    assert values_of(front.received(), b"connection") == []
    assert not front.client.closing
    assert front.instance.transport.closing
    assert front.instance.idle == []


# --- time


@pytest.mark.row(99)
def test_a_head_that_does_not_end_in_time_is_408() -> None:
    front = Front()
    front.send(b"GET / HTTP/1.1\r\n")
    for _ in range(int(front.limits.head_s) - 1):
        front.wait(1)
        front.send(b"X: y\r\n")
    assert front.received() == b""
    front.wait(1)
    assert status_of(front.received()) == 408
    front.wait(front.limits.linger_s)
    assert front.client.closing


@pytest.mark.row(100)
def test_a_silent_new_connection_is_closed_without_a_response() -> None:
    front = Front()
    front.wait(front.limits.idle_s - 1)
    assert not front.client.is_closing()
    front.wait(1)
    assert front.client.is_closing()
    assert front.received() == b""


@pytest.mark.row(101)
def test_an_idle_connection_is_closed_without_a_response() -> None:
    front = Front()
    front.send(request())
    front.answer()
    front.received()
    front.wait(front.limits.idle_s)
    assert front.client.closing
    assert front.received() == b""


def test_a_request_in_progress_has_no_time_limit_of_the_connection() -> None:
    front = Front()
    front.send(request())
    front.wait(119)
    front.answer()
    assert status_of(front.received()) == 200


@pytest.mark.row(102)
def test_an_upload_that_stalls_is_408_and_frees_its_slot() -> None:
    front = Front()
    front.send(request(b"POST", b"/", b"Content-Length: 10", body=b"12345"))
    front.wait(front.limits.body_idle_s)
    assert status_of(front.received()) == 408
    assert (front.upstream.in_flight, front.instance.transport.aborted) == (0, True)


@pytest.mark.row(105)
def test_a_client_that_does_not_read_is_disconnected_after_the_time_limit() -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    front.connection.pause_writing()
    front.wait(front.limits.write_stall_s)
    assert front.client.aborted


# --- the client goes


@pytest.mark.row(83)
def test_a_client_that_disconnects_during_its_request_frees_its_slot() -> None:
    front = Front()
    front.send(request())
    front.client.lose()
    assert (front.upstream.in_flight, front.upstream.abandoned) == (0, 1)
    assert front.instance.transport.aborted


@pytest.mark.row(83)
def test_a_client_that_disconnects_during_its_response_frees_its_slot() -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    front.client.lose()
    assert front.upstream.in_flight == 0
    assert front.instance.transport.aborted


def test_a_request_whose_client_disconnects_leaves_the_queue() -> None:
    front = Front()
    front.upstream.holds = True
    front.send(request())
    front.client.lose()
    assert not front.upstream.waiting
    assert front.upstream.abandoned == 1


@pytest.mark.row(84)
def test_a_broken_upload_never_looks_complete_to_the_application() -> None:
    front = Front()
    front.send(request(b"POST", b"/", b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n"))
    front.client.lose()
    assert front.forwarded().endswith(b"3\r\nabc\r\n")
    assert front.instance.transport.aborted


def test_nothing_is_written_to_a_client_that_has_disconnected() -> None:
    front = Front()
    front.send(request())
    transport = front.instance.transport
    front.client.lose()
    transport.protocol.data_received(OK)
    assert front.received() == b""


# --- ending


@pytest.mark.row(113)
def test_a_draining_connection_announces_close_with_its_last_response() -> None:
    front = Front()
    front.send(request() * 2)
    front.connection.drain()
    front.answer()
    answer = front.received()
    assert values_of(answer, b"connection") == [b"close"]
    # the second request is never read: closing with it unread might discard the response
    front.wait(front.limits.linger_s)
    assert (front.client.closing, front.client.aborted) == (True, False)
    assert front.upstream.offered == 1


@pytest.mark.row(113)
def test_an_idle_draining_connection_is_closed_at_once() -> None:
    front = Front()
    front.connection.drain()
    assert front.client.closing


@pytest.mark.row(81)
def test_an_early_response_is_delivered_and_the_rest_of_the_upload_discarded() -> None:
    front = Front(half_close=True)
    front.send(request(b"POST", b"/", b"Content-Length: 1000", body=b"x" * 10))
    front.answer(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    answer = front.received()
    assert status_of(answer) == 413
    assert values_of(answer, b"connection") == [b"close"]
    assert front.client.ended_writing
    assert not front.client.closing
    assert front.instance.idle == []  # half a request has been sent on it
    front.send(b"x" * 990 + request(target=b"/behind"))
    assert front.upstream.offered == 1
    front.wait(front.limits.linger_s)
    assert front.client.closing


@pytest.mark.row(80)
def test_discarding_an_upload_is_limited_in_time() -> None:
    front = Front()
    front.send(request(b"POST", b"/", b"Content-Length: 100000000"))
    front.answer(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    for _ in range(100):
        front.send(b"x" * 1_000_000)
        front.wait(front.limits.linger_s / 2)
    assert front.now_s > 1000.0 + front.limits.linger_s_max
    assert front.client.closing


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /" + b"a" * 17_000 + b" HTTP/1.1\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 62_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 101 + b"\r\n", 431),
    ],
)
def test_heads_over_their_limits_are_rejected_and_the_connection_closed(head: bytes, status: int) -> None:
    front = Front()
    front.send(head)
    answer = front.received()
    assert status_of(answer) == status
    assert values_of(answer, b"connection") == [b"close"]


def test_a_resumed_upload_has_its_time_limit_again() -> None:
    front = Front()
    front.send(request(b"POST", b"/", b"Content-Length: 10", body=b"12345"))
    front.instance.links[-1].pause_writing()
    front.wait(front.limits.body_idle_s)
    front.instance.links[-1].resume_writing()
    front.wait(front.limits.body_idle_s - 1)
    assert front.received() == b""
    front.wait(1)
    assert status_of(front.received()) == 408


def test_a_connection_that_does_not_close_is_aborted() -> None:
    front = Front()
    front.send(b"garbage\r\n")
    front.wait(front.limits.linger_s)
    assert (front.client.closing, front.client.aborted) == (True, False)
    front.wait(front.limits.write_stall_s)
    assert front.client.aborted
