"""Section H of the checklist: responses of the application, and its failures."""

from __future__ import annotations

import h11
import pytest

from tests.edge.front import OK, Front, body_of, request, status_of, values_of
from tests.edge.outcomes import BEHIND, forwarded_response

ENDED = b"\r\n0\r\n\r\n"


def next_response_is_poisoned(front: Front) -> bool:
    """Return True if the next request of a client, on any connection, gets anything but its own response."""
    front.received()
    front.send(BEHIND)
    front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext")
    return body_of(front.received()) != b"next"


@pytest.mark.row(92)
@pytest.mark.parametrize(
    "answer",
    [
        b"<html>hello</html>\r\n",
        b"hello\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\r\n\r\n",
        b"\x00",
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
    ],
)
def test_a_response_that_is_not_http_is_a_bad_gateway_at_once(answer: bytes) -> None:
    front = Front()
    front.send(request())
    front.answer(answer)
    assert status_of(front.received()) == 502
    assert front.instance.transport.aborted
    assert not next_response_is_poisoned(front)


@pytest.mark.row(92)
def test_a_missing_response_has_envoys_status() -> None:
    front = Front()
    front.send(request(b"POST"))
    front.instance.transport.lose()
    # Envoy, and so App Runner, responds with 503 where the RFC would have 502.
    assert status_of(front.received()) == 503


@pytest.mark.row(93)
@pytest.mark.parametrize(
    "head",
    [
        b"200 OK\r\nContent-Length: 2\r\nContent-Length: 3",
        b"200 OK\r\nContent-Length: 2, 3",
        b"200 OK\r\nContent-Length: -2",
        b"200 OK\r\nContent-Length: +2",
        b"200 OK\r\nContent-Length: 0x2",
        b"200 OK\r\nContent-Length:",
        b"20 OK\r\nContent-Length: 2",
        b"2000 OK\r\nContent-Length: 2",
        b"2x0 OK\r\nContent-Length: 2",
        b"000 OK\r\nContent-Length: 2",
        b"200 OK\r\nTransfer-Encoding: gzip",
        b"200 OK\r\nTransfer-Encoding: chunked, gzip",
        b"200 OK\r\nTransfer-Encoding: xchunked",
    ],
)
def test_a_response_with_ambiguous_framing_is_a_bad_gateway(head: bytes) -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 " + head + b"\r\n\r\nok")
    assert status_of(front.received()) == 502
    assert not next_response_is_poisoned(front)


@pytest.mark.row(93)
@pytest.mark.parametrize("body", [b"x\r\n", b"+3\r\nabc\r\n", b"3\r\nabcd\r\n", b"3\nabc\r\n", b" 3\r\nabc\r\n"])
def test_an_invalid_chunk_of_a_response_cuts_the_connection(body: bytes) -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    front.answer(body)
    assert (front.client.aborted, front.instance.transport.aborted) == (True, True)
    assert not front.received().endswith(ENDED)


@pytest.mark.case("B13")
@pytest.mark.row(93)
@pytest.mark.parametrize("size", [b"0", b"2", b"50"])
def test_a_coding_and_a_length_in_a_response_are_a_bad_gateway_as_with_envoy(size: bytes) -> None:
    both = b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" % size
    assert status_of(forwarded_response(both)) == 502


@pytest.mark.row(94)
@pytest.mark.parametrize("line", [b"X: a\x00b", b"X: a\rb", b"X: a\n\rY: b", b"X\x00: a", b"X: a\x0b", b"X: a\x7f"])
def test_a_control_character_in_a_field_of_a_response_is_never_forwarded(line: bytes) -> None:
    answer = forwarded_response(b"HTTP/1.1 200 OK\r\n" + line + b"\r\nContent-Length: 2\r\n\r\nok")
    assert status_of(answer) == 502
    assert line not in answer


@pytest.mark.row(94)
@pytest.mark.parametrize("control", [b"\x00", b"\r", b"\x1f", b"\x7f"])
@pytest.mark.parametrize(
    "name",
    [b"Server", b"Date", b"Content-Type", b"Connection", b"Cache-Control", b"Keep-Alive", b"ETag", b"Set-Cookie"],
)
def test_a_control_character_is_forwarded_in_no_field_whatever_its_name(name: bytes, control: bytes) -> None:
    for value in (b"a" + control, control + b"a", b"a" + control + b"b"):
        answer = forwarded_response(b"HTTP/1.1 200 OK\r\n%b: %b\r\nContent-Length: 2\r\n\r\nok" % (name, value))
        assert status_of(answer) == 502


@pytest.mark.row(95)
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
    ],
)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("in_order", [False, True])
def test_a_client_can_detect_that_its_response_was_truncated(answer: bytes, version: bytes, in_order: bool) -> None:
    front = Front()
    front.send(request(version=version))
    front.answer(answer)
    if in_order:
        front.instance.links[-1].eof_received()
    front.instance.transport.lose()
    assert front.client.aborted
    assert not front.received().endswith(ENDED)
    assert front.upstream.in_flight == 0


@pytest.mark.row(95)
def test_a_truncated_head_is_a_bad_gateway() -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")
    front.instance.transport.lose()
    assert status_of(front.received()) == 502


def read_by_client(answer: bytes) -> tuple[int, bytes]:
    """Return the status and body that h11 reads from a response to a GET; fail if it is incomplete."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(answer)
    client.receive_data(b"")
    head, body = client.next_event(), b""
    assert isinstance(head, h11.Response)
    while isinstance(event := client.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    return head.status_code, body


@pytest.mark.row(96)
@pytest.mark.parametrize("start", [b"HTTP/1.0 200 OK", b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK\r\nContent-Length: 3"])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_response_framed_by_its_connection_gets_a_framing_of_the_balancer(start: bytes, version: bytes) -> None:
    front = Front()
    front.send(request(version=version))
    front.answer(start + b"\r\n\r\nabc")
    front.instance.links[-1].eof_received()
    answer = front.received()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert read_by_client(answer) == (200, b"abc")
    framed = values_of(answer, b"transfer-encoding") + values_of(answer, b"content-length")
    assert len(framed) == (version == b"1.1" or b"Length" in start)
    assert front.client.closing is (version == b"1.0")


@pytest.mark.row(97)
@pytest.mark.parametrize(
    "start", [b"299 Odd", b"599 Odd", b"200 ", b"404", b"418 I'm a teapot", b"200 \xe9t\xe9", b"999 X"]
)
def test_unusual_statuses_and_reasons_are_forwarded(start: bytes) -> None:
    answer = forwarded_response(b"HTTP/1.1 " + start + b"\r\nContent-Length: 2\r\n\r\nok")
    assert answer.partition(b"\r\n")[0].rstrip() == (b"HTTP/1.1 " + start).rstrip()
    assert body_of(answer) == b"ok"


@pytest.mark.row(98)
@pytest.mark.parametrize("status", [400, 404, 408, 413, 429, 500, 502, 503, 504])
def test_errors_of_the_application_are_forwarded_unchanged_and_not_retried(status: int) -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 %d Mine\r\nRetry-After: 3\r\nContent-Length: 4\r\n\r\nmine" % status)
    answer = front.received()
    assert answer.startswith(b"HTTP/1.1 %d Mine\r\n" % status)
    assert values_of(answer, b"retry-after") == [b"3"]
    assert body_of(answer) == b"mine"
    assert (len(front.instance.links), front.upstream.offered) == (1, 1)


# --- rows of section G that concern the application's side


@pytest.mark.row(86)
@pytest.mark.parametrize("early", [OK, b"x", b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"])
def test_bytes_on_an_idle_connection_are_never_a_response(early: bytes) -> None:
    front = Front()
    front.send(request())
    front.answer()
    front.answer(early)
    assert front.instance.transport.aborted
    assert front.received().count(b"HTTP/1.1 ") == 1


@pytest.mark.row(86)
@pytest.mark.parametrize("more", [b"x", OK])
def test_bytes_after_a_response_end_its_connection(more: bytes) -> None:
    for answer in (OK, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"):
        front = Front()
        front.send(request())
        front.answer(answer + more)
        assert front.instance.idle == []
        assert front.instance.transport.closing
        assert front.received().count(b"HTTP/1.1 ") == 1


@pytest.mark.row(85)
@pytest.mark.parametrize("how", [b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n"])
def test_a_connection_that_the_application_closes_is_not_reused(how: bytes) -> None:
    front = Front()
    front.send(request())
    front.answer(how + b"Content-Length: 2\r\n\r\nok")
    assert body_of(front.received()) == b"ok"
    assert (front.instance.idle, front.instance.transport.closing) == ([], True)


@pytest.mark.row(80)
@pytest.mark.parametrize("chunked", [False, True])
def test_an_unread_body_is_discarded_for_a_bounded_time_and_never_read_as_a_request(chunked: bool) -> None:
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 1000000"
    front = Front()
    front.send(request(b"POST", b"/", framing, body=b"5\r\nhello\r\n" if chunked else b"hello"))
    front.answer(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
    assert status_of(front.received()) == 403
    front.send(BEHIND)
    assert front.upstream.offered == 1
    while front.now_s < 1000.0 + front.limits.linger_s_max - 1:
        front.send(b"x" * 1_000_000)
        front.wait(front.limits.linger_s / 2)
        assert not front.client.closing, "the answer may not have been read yet"
    front.send(b"x")
    front.wait(front.limits.linger_s)
    assert (front.client.closing, front.client.aborted) == (True, False)


@pytest.mark.row(81)
@pytest.mark.parametrize("ended", [True, False])
def test_an_early_response_is_delivered_although_the_application_stops_reading(ended: bool) -> None:
    front = Front(half_close=True)
    front.send(request(b"POST", b"/", b"Content-Length: 1000000", body=b"x" * 100))
    front.answer(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
    if ended:
        front.instance.transport.lose()
    front.send(b"x" * 1000)
    answer = front.received()
    assert (status_of(answer), body_of(answer)) == (413, b"no")
    assert (front.client.ended_writing, front.client.aborted) == (True, False)
    front.wait(front.limits.linger_s)
    assert (front.client.closing, front.client.aborted) == (True, False)


@pytest.mark.row(89)
def test_each_piece_of_a_response_is_forwarded_when_it_arrives() -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert status_of(front.received()) == 200
    for number in range(3):
        front.answer(b"8\r\ndata: %d\n\r\n" % number)
        assert front.received() == b"8\r\ndata: %d\n\r\n" % number


@pytest.mark.row(89)
def test_each_piece_of_an_upload_is_forwarded_when_it_arrives() -> None:
    front = Front()
    front.send(request(b"POST", b"/", b"Transfer-Encoding: chunked"))
    front.forwarded()
    for number in range(3):
        front.send(b"1\r\n%d\r\n" % number)
        assert front.forwarded() == b"1\r\n%d\r\n" % number
