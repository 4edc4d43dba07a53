"""A request through the pool to an instance, and its response."""

from __future__ import annotations

from typing import cast

import pytest

from simulator.fleet.exchange import PooledExchange
from simulator.model.rejection import CONNECT_FAILURE, TERMINATED, TIMEOUT
from tests.edge.front import HOST, OK, Front, body_of, fields_of, request, status_of, values_of

ENVOY = b"upstream connect error or disconnect/reset before headers. reset reason: "


def waiting(front: Front) -> PooledExchange:
    """Return the exchange that occupies the slot."""
    return cast("PooledExchange", front.instance.links[-1].caller)


def release(front: Front, exchange: PooledExchange) -> None:
    """Release the slot, as the pool does before `fail`."""
    exchange.open = False
    front.instance.abort(exchange)


def test_the_application_receives_the_fields_of_envoy() -> None:
    front = Front()
    front.send(request(b"GET", b"/a?b", b"X-Forwarded-For: 10.0.0.1"))
    sent = front.forwarded()
    assert values_of(sent, b"host") == [HOST]
    assert values_of(sent, b"x-forwarded-for") == [b"10.0.0.1, 192.0.2.7"]
    assert values_of(sent, b"x-forwarded-proto") == [b"https"]
    assert values_of(sent, b"x-envoy-expected-rq-timeout-ms") == [b"120000"]
    assert values_of(sent, b"via") == []


def test_every_request_has_a_different_id_in_the_form_of_a_uuid() -> None:
    front = Front()
    ids = []
    for _ in range(2):
        front.send(request(b"GET", b"/", b"X-Request-Id: forged"))
        ids += values_of(front.forwarded(), b"x-request-id")
        front.answer()
    assert len(set(ids)) == 2
    assert [[len(part) for part in each.split(b"-")] for each in ids] == [[8, 4, 4, 4, 12]] * 2


def test_the_client_receives_the_fields_of_envoy() -> None:
    front = Front()
    front.send(request())
    front.passed(0.25)
    front.answer(b"HTTP/1.1 200 OK\r\nServer: app\r\nContent-Length: 2\r\n\r\nok")
    answer = front.received()
    assert values_of(answer, b"server") == [b"envoy"]
    assert values_of(answer, b"x-envoy-upstream-service-time") == [b"250"]
    assert values_of(answer, b"date") == [b"Mon, 30 Nov 2026 00:53:20 GMT"]
    assert values_of(answer, b"server-timing") == []


def test_the_split_of_the_latency_is_sent_on_request() -> None:
    front = Front(server_timing=True)
    front.send(request())
    front.passed(0.0801)
    front.answer()
    timing = values_of(front.received(), b"server-timing")
    assert timing == [b'queue;dur=0, cold;dur=0, service;dur=80.100, instance;desc="3"']


def test_a_response_until_close_is_chunked_for_1_1_and_closed_for_1_0() -> None:
    for version, framing, body in (
        (b"1.1", [b"chunked"], b"3\r\nabc\r\n0\r\n\r\n"),
        (b"1.0", [], b"abc"),
    ):
        front = Front()
        front.send(request(b"GET", b"/", b"Connection: keep-alive", version=version))
        front.answer(b"HTTP/1.0 200 OK\r\n\r\nabc")
        front.instance.links[-1].eof_received()
        answer = front.received()
        assert values_of(answer, b"transfer-encoding") == framing
        assert body_of(answer) == body
        assert front.client.closing is (version == b"1.0")
        assert front.upstream.finished == 1


def test_a_chunked_response_is_never_chunked_for_1_0() -> None:
    front = Front()
    front.send(request(version=b"1.0"))
    front.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    answer = front.received()
    assert body_of(answer) == b"abc"
    assert values_of(answer, b"transfer-encoding") == []


def test_transfer_encoding_and_a_length_in_a_response_are_502() -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert status_of(front.received()) == 502


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    ],
)
def test_a_response_without_body_does_not_affect_the_next_one(method: bytes, answer: bytes) -> None:
    front = Front()
    front.send(request(method))
    front.answer(answer)
    assert body_of(front.received()) == b""
    assert len(front.instance.idle) == 1
    front.send(request())
    front.answer()
    assert body_of(front.received()) == b"ok"


def test_head_and_304_keep_the_length_and_204_has_none() -> None:
    lengths = []
    for method, status in ((b"HEAD", b"200"), (b"GET", b"304"), (b"GET", b"204")):
        front = Front()
        front.send(request(method))
        front.answer(b"HTTP/1.1 %b X\r\nContent-Length: 5\r\n\r\n" % status)
        lengths.append(values_of(front.received(), b"content-length"))
    assert lengths == [[b"5"], [b"5"], []]


@pytest.mark.parametrize("method", [b"HEAD", b"GET"])
def test_a_body_of_a_bodiless_response_is_dropped_and_its_connection_discarded(method: bytes) -> None:
    front = Front()
    front.send(request(method))
    status = b"200 OK" if method == b"HEAD" else b"204 No Content"
    front.answer(b"HTTP/1.1 %b\r\nContent-Length: 5\r\n\r\nhello" % status)
    assert body_of(front.received()) == b""
    assert front.instance.idle == []
    assert front.instance.transport.closing


def test_bytes_after_a_response_never_reach_the_next_client() -> None:
    front = Front()
    front.send(request())
    front.answer(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    assert front.instance.idle == []
    assert b"evil" not in front.received()


def test_a_connection_with_bytes_while_idle_is_discarded() -> None:
    front = Front()
    front.send(request())
    front.answer()
    front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    assert front.instance.transport.aborted
    assert b"evil" not in front.received()


# --- 1xx


def test_early_hints_are_forwarded_before_the_final_response() -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + OK)
    answers = front.received()
    assert answers.startswith(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200"
    )
    assert body_of(answers.partition(b"HTTP/1.1 200")[2]) == b"ok"


def test_http_1_0_gets_no_1xx() -> None:
    front = Front()
    front.send(request(version=b"1.0"))
    front.answer(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK)
    assert status_of(front.received()) == 200


def test_a_101_without_a_request_for_it_is_a_bad_gateway() -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    assert status_of(front.received()) == 502
    assert front.instance.transport.aborted


def expecting(body: bytes = b"") -> bytes:
    return request(b"POST", b"/", b"Expect: 100-continue", b"Content-Length: 5", body=body)


def test_a_100_of_the_application_is_forwarded_once() -> None:
    front = Front()
    front.send(expecting())
    assert b"expect: 100-continue\r\n" in front.forwarded()
    front.answer(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert front.received() == b"HTTP/1.1 100 Continue\r\n\r\n"
    front.wait(front.limits.continue_s)
    assert front.received() == b""
    front.send(b"hello")
    assert front.forwarded() == b"hello"
    front.answer()
    assert status_of(front.received()) == 200
    assert not front.client.closing


def test_the_balancer_sends_100_if_the_application_does_not() -> None:
    front = Front()
    front.send(expecting())
    front.wait(front.limits.continue_s)
    assert front.received() == b"HTTP/1.1 100 Continue\r\n\r\n"
    front.answer(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert front.received() == b""


def test_100_continue_is_not_sent_before_there_is_a_slot() -> None:
    front = Front()
    front.upstream.holds = True
    front.send(expecting())
    front.wait(front.limits.continue_s)
    assert front.received() == b""


def test_a_final_rejection_of_the_expectation_reaches_the_client_without_a_body() -> None:
    front = Front()
    front.send(expecting())
    front.answer(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    answer = front.received()
    assert status_of(answer) == 413
    assert values_of(answer, b"connection") == [b"close"]


# --- backpressure


@pytest.mark.row(87)
def test_reading_from_the_application_pauses_if_the_client_does_not_read() -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
    front.connection.pause_writing()
    assert not front.instance.transport.is_reading()
    front.connection.resume_writing()
    assert front.instance.transport.is_reading()


@pytest.mark.row(88)
def test_reading_from_the_client_pauses_if_the_application_does_not_read() -> None:
    front = Front()
    front.send(request(b"POST", b"/", b"Content-Length: 1000", body=b"abc"))
    front.instance.links[-1].pause_writing()
    assert not front.client.is_reading()
    front.wait(front.limits.body_idle_s)  # the client does not cause this wait
    assert front.received() == b""
    front.instance.links[-1].resume_writing()
    assert front.client.is_reading()


@pytest.mark.row(88)
def test_the_body_of_a_queued_request_uses_bounded_memory() -> None:
    front = Front()
    front.upstream.holds = True
    body = b"x" * (3 * front.limits.read_ahead_bytes)
    front.send(request(b"POST", b"/", b"Content-Length: %d" % len(body)))
    front.send(body[: front.limits.read_ahead_bytes])
    assert front.client.is_reading()
    front.send(body[: len(front.callbacks.read_buffer)])
    assert not front.client.is_reading()
    front.upstream.grant()
    assert front.client.is_reading()
    front.send(body[2 * front.limits.read_ahead_bytes :])
    assert body_of(front.forwarded()) == body


def test_a_reused_connection_is_not_paused() -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
    front.connection.pause_writing()
    front.answer(b"def")
    assert front.instance.transport.is_reading()
    assert len(front.instance.idle) == 1


@pytest.mark.row(89)
def test_upload_bytes_reach_the_application_before_the_upload_ends() -> None:
    front = Front()
    front.send(request(b"POST", b"/", b"Content-Length: 6", body=b"abc"))
    assert body_of(front.forwarded()) == b"abc"
    front.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    assert body_of(front.received()) == b"1\r\na\r\n"
    front.send(b"def")
    assert front.forwarded() == b"def"


# --- failures


@pytest.mark.parametrize(("rejection", "status"), [(TIMEOUT, 504), (TERMINATED, 503)])
def test_a_request_ended_by_the_pool_before_the_head_gets_the_text_of_envoy(rejection: object, status: int) -> None:
    front = Front()
    front.send(request())
    exchange = waiting(front)
    release(front, exchange)
    exchange.fail(rejection)  # type: ignore[arg-type]
    answer = front.received()
    assert status_of(answer) == status
    assert body_of(answer) == rejection.body.encode()  # type: ignore[attr-defined]
    assert front.upstream.finished == 0
    assert not front.client.closing


def test_a_request_ended_by_the_pool_after_the_head_is_cut() -> None:
    front = Front()
    front.send(request())
    exchange = waiting(front)
    front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    release(front, exchange)
    exchange.fail(TIMEOUT)
    assert front.client.aborted
    assert b"504" not in front.received()


def test_a_full_service_is_429_and_keeps_the_connection() -> None:
    front = Front()
    front.upstream.capacity = 0
    front.send(request())
    answer = front.received()
    assert (status_of(answer), body_of(answer)) == (429, b"Too Many Requests")
    assert values_of(answer, b"server") == [b"envoy"]
    front.upstream.capacity = 1
    front.send(request())
    front.answer()
    assert status_of(front.received()) == 200


def test_a_rejected_connection_is_503_and_frees_the_slot() -> None:
    front = Front()
    front.instance.connects_at_once = False
    front.send(request())
    front.instance.links[-1].reject(CONNECT_FAILURE)
    answer = front.received()
    assert (status_of(answer), body_of(answer)) == (503, CONNECT_FAILURE.body.encode())
    assert (front.upstream.finished, front.upstream.in_flight) == (1, 0)


def test_an_application_that_closes_without_a_response_is_503() -> None:
    front = Front()
    front.send(request())
    front.instance.transport.lose()
    answer = front.received()
    assert (status_of(answer), body_of(answer)) == (503, ENVOY + b"connection termination")
    assert front.upstream.finished == 1


@pytest.mark.parametrize("answer", [b"garbage\r\n\r\n", b"SSH-2.0\r\n", b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n"])
def test_an_invalid_response_is_502_at_once(answer: bytes) -> None:
    front = Front()
    front.send(request())
    front.answer(answer)
    assert status_of(front.received()) == 502
    assert (front.upstream.finished, front.instance.transport.aborted) == (1, True)


def test_an_endless_response_head_is_502() -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\nX: " + b"a" * front.limits.answer_head_bytes_max)
    assert status_of(front.received()) == 502


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 9\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"]
)
def test_a_truncated_response_is_cut_and_not_completed(framing: bytes) -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\n" + framing)
    front.instance.transport.lose()
    assert front.client.aborted
    assert not front.received().endswith(b"0\r\n\r\n")
    assert front.upstream.finished == 1


# --- repeating


def reused(front: Front, message: bytes) -> None:
    """Send `message` on a connection that was used before and then turns out to be closed."""
    front.send(request())
    front.answer()
    front.received()
    front.forwarded()
    front.send(message)
    front.instance.transport.lose()


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"DELETE", b"OPTIONS"])
def test_an_idempotent_request_on_a_closed_idle_connection_is_repeated_once(method: bytes) -> None:
    front = Front()
    reused(front, request(method))
    assert len(front.instance.links) == 2
    assert front.forwarded().startswith(method + b" / HTTP/1.1\r\n")
    front.instance.transport.lose()
    assert status_of(front.received()) == 503
    assert len(front.instance.links) == 2


@pytest.mark.row(108)
def test_a_put_is_repeated_with_its_body() -> None:
    front = Front()
    reused(front, request(b"PUT", b"/", b"Content-Length: 3", body=b"abc"))
    assert body_of(front.forwarded()) == b"abc"


@pytest.mark.row(109)
@pytest.mark.parametrize(
    "message",
    [
        request(b"POST", b"/", b"Content-Length: 3", body=b"abc"),
        request(b"PATCH", b"/"),
        request(b"PUT", b"/", b"Content-Length: 3", body=b"ab"),  # a part has been sent and is not kept
    ],
)
def test_a_request_that_is_not_idempotent_or_not_buffered_is_never_repeated(message: bytes) -> None:
    front = Front()
    reused(front, message)
    assert len(front.instance.links) == 1
    assert status_of(front.received()) == 503


@pytest.mark.row(110)
def test_no_request_is_repeated_after_a_byte_of_the_response() -> None:
    front = Front()
    front.send(request())
    front.answer()
    front.received()
    front.send(request())
    front.answer(b"H")
    front.instance.transport.lose()
    assert len(front.instance.links) == 1
    assert status_of(front.received()) == 502


# --- simulated instances


def simulated(message: bytes, status: int = 200) -> Front:
    front = Front()
    front.instance.is_simulated = True
    front.send(message)
    assert front.instance.simulated is not None
    front.instance.simulated.answered(status)
    return front


def test_a_simulated_response_is_a_short_text() -> None:
    front = simulated(request(), 200)
    answer = front.received()
    assert body_of(answer) == b"200 OK\n"
    assert front.upstream.finished == 1
    assert not front.client.closing


def test_a_simulated_response_has_the_requested_size() -> None:
    front = simulated(request(b"GET", b"/", b"X-Simulator-Response-Bytes: 200000"))
    answer = front.received()
    assert values_of(answer, b"content-length") == [b"200000"]
    assert len(body_of(answer)) == 200_000


def test_a_simulated_response_is_sent_after_the_request_body() -> None:
    front = simulated(request(b"POST", b"/", b"Content-Length: 5", body=b"abc"))
    assert front.received() == b""
    front.send(b"de")
    assert status_of(front.received()) == 200
    assert front.upstream.finished == 1


def test_a_simulated_body_is_written_no_faster_than_it_is_read() -> None:
    front = Front()
    front.instance.is_simulated = True
    front.send(request(b"GET", b"/", b"X-Simulator-Response-Bytes: 1000000"))
    front.connection.pause_writing()
    assert front.instance.simulated is not None
    front.instance.simulated.answered(200)
    assert body_of(front.received()) == b""
    assert front.upstream.in_flight == 1
    front.connection.resume_writing()
    assert len(front.received()) == 1_000_000
    assert front.upstream.in_flight == 0


def test_a_simulated_response_to_head_is_only_a_head() -> None:
    front = simulated(request(b"HEAD", b"/", b"X-Simulator-Response-Bytes: 70"))
    answer = front.received()
    assert (values_of(answer, b"content-length"), body_of(answer)) == ([b"70"], b"")


def test_a_simulated_instance_sends_100_continue() -> None:
    front = Front()
    front.instance.is_simulated = True
    front.send(expecting())
    assert front.received() == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_fields_of_the_application_are_forwarded_in_order() -> None:
    front = Front()
    front.send(request())
    front.answer(
        b"HTTP/1.1 429 Slow Down\r\nRetry-After: 3\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 2\r\n\r\nno"
    )
    answer = front.received()
    assert answer.startswith(b"HTTP/1.1 429 Slow Down\r\n")
    assert fields_of(answer)[:3] == [(b"retry-after", b"3"), (b"set-cookie", b"a"), (b"set-cookie", b"b")]
    assert body_of(answer) == b"no"


def test_a_response_for_a_client_that_does_not_read_yet_is_not_read_from_the_application() -> None:
    front = Front()
    front.upstream.holds = True
    front.send(request())
    front.connection.pause_writing()
    front.upstream.grant()
    assert not front.instance.transport.is_reading()
    front.connection.resume_writing()
    assert front.instance.transport.is_reading()


def test_a_client_that_sent_its_body_without_waiting_has_no_deadline_after_a_late_100() -> None:
    front = Front()
    front.send(request(b"POST", b"/", b"Expect: 100-continue", b"Content-Length: 2", body=b"ab"))
    front.answer(b"HTTP/1.1 100 Continue\r\n\r\n")
    front.wait(front.limits.body_idle_s)
    front.answer()
    answers = front.received()
    assert (status_of(answers), body_of(answers)) == (200, b"ok")
