"""Section F of the checklist: 1xx, Expect, responses without a body, upgrades."""

from __future__ import annotations

import pytest

from tests.edge.front import OK, Front, body_of, request, status_of, values_of
from tests.edge.outcomes import BEHIND, forwarded_response, names_of

EXPECTING = request(b"POST", b"/", b"Expect: 100-continue", b"Content-Length: 5")


def next_response_is_correct(front: Front) -> bool:
    """Return True if the next request of the client gets its own response and nothing else."""
    front.received()
    front.send(BEHIND)
    front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext")
    return body_of(front.received()) == b"next"


@pytest.mark.row(66)
@pytest.mark.parametrize("told", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Go\r\nX: y\r\n\r\n", b""])
def test_a_client_that_expects_100_gets_it_from_the_application_or_the_balancer(told: bytes) -> None:
    front = Front()
    front.send(EXPECTING)
    if told:
        front.answer(told)
    else:
        front.wait(front.limits.continue_s)
    assert status_of(front.received()) == 100
    front.send(b"hello")
    assert body_of(front.forwarded()) == b"hello"
    front.answer()
    assert status_of(front.received()) == 200
    assert not front.client.closing


@pytest.mark.row(66)
def test_a_client_that_does_not_wait_for_100_is_served_too() -> None:
    front = Front()
    front.send(EXPECTING + b"hello")
    assert body_of(front.forwarded()) == b"hello"
    front.answer(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)
    answers = front.received()
    assert answers.endswith(b"\r\n\r\nok")
    assert next_response_is_correct(front)


@pytest.mark.row(67)
@pytest.mark.parametrize("status", [b"401", b"413", b"417"])
def test_a_rejection_reaches_the_client_before_it_has_sent_its_body(status: bytes) -> None:
    front = Front()
    front.send(EXPECTING)
    front.answer(b"HTTP/1.1 %b No\r\nContent-Length: 2\r\n\r\nno" % status)
    answer = front.received()
    assert (status_of(answer), body_of(answer)) == (int(status), b"no")
    # The body may still arrive or not, so the connection must not be used for another request.
    assert values_of(answer, b"connection") == [b"close"]
    front.send(b"hello" + BEHIND)
    assert front.upstream.offered == 1


@pytest.mark.row(68)
@pytest.mark.parametrize("interim", [b"100 Continue", b"102 Processing", b"103 Early Hints"])
def test_http_1_0_gets_no_interim_response(interim: bytes) -> None:
    front = Front()
    front.send(request(b"POST", b"/", b"Expect: 100-continue", b"Content-Length: 2", version=b"1.0", body=b"ab"))
    front.answer(b"HTTP/1.1 " + interim + b"\r\n\r\n" + OK)
    answer = front.received()
    assert answer.count(b"HTTP/1.1 ") == 1
    assert (status_of(answer), body_of(answer)) == (200, b"ok")


@pytest.mark.row(68)
@pytest.mark.parametrize("keep", [(), (b"Connection: keep-alive",)])
def test_http_1_0_gets_no_chunks(keep: tuple[bytes, ...]) -> None:
    front = Front()
    front.send(request(b"GET", b"/", *keep, version=b"1.0"))
    front.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    answer = front.received()
    assert (values_of(answer, b"transfer-encoding"), body_of(answer)) == ([], b"abcde")
    assert front.client.closing  # the only way to mark its end


@pytest.mark.row(69)
@pytest.mark.parametrize("count", [1, 2, 20])
@pytest.mark.parametrize("status", [b"102", b"103", b"199"])
def test_any_number_of_interim_responses_is_forwarded_before_the_final_one(status: bytes, count: int) -> None:
    front = Front()
    front.send(request())
    interim = b"HTTP/1.1 %b Soon\r\nLink: </a>\r\nKeep-Alive: 5\r\n\r\n" % status
    for _ in range(count):
        front.answer(interim)
    front.answer(OK)
    answers = front.received()
    passed = b"HTTP/1.1 %b Soon\r\nLink: </a>\r\n\r\n" % status
    assert answers.startswith(passed * count + b"HTTP/1.1 200 OK\r\n")
    assert answers.endswith(b"\r\n\r\nok")
    assert next_response_is_correct(front)


@pytest.mark.row(70)
@pytest.mark.parametrize("upgrade", [b"", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"])
def test_a_101_that_was_not_requested_is_a_bad_gateway(upgrade: bytes) -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade + b"\r\nHTTP/1.1 200 OK\r\n\r\nsmuggled")
    answer = front.received()
    assert status_of(answer) == 502
    assert b"smuggled" not in answer
    assert front.instance.transport.aborted
    assert next_response_is_correct(front)


@pytest.mark.row(71)
@pytest.mark.parametrize(
    ("head", "length"),
    [
        (b"Content-Length: 5", [b"5"]),
        (b"Transfer-Encoding: chunked", []),
        (b"Content-Length: 0", [b"0"]),
        (b"X: y", []),
    ],
)
@pytest.mark.parametrize("body", [b"", b"hello"])
def test_a_response_to_head_has_a_length_but_no_body(head: bytes, length: list[bytes], body: bytes) -> None:
    front = Front()
    front.send(request(b"HEAD"))
    front.answer(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body)
    answer = front.received()
    assert (values_of(answer, b"content-length"), body_of(answer)) == (length, b"")
    assert next_response_is_correct(front)


@pytest.mark.row(72)
@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
@pytest.mark.parametrize("body", [b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", OK])
@pytest.mark.parametrize("head", [b"X: y", b"Content-Length: 5", b"Transfer-Encoding: chunked"])
def test_204_and_304_have_no_body_whatever_the_application_sends(status: bytes, head: bytes, body: bytes) -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 " + status + b"\r\n" + head + b"\r\n\r\n" + body)
    answer = front.received()
    assert body_of(answer) == b""
    assert b"transfer-encoding" not in names_of(answer)
    assert values_of(answer, b"content-length") in ([], [b"5"] * status.startswith(b"304"))
    assert (front.instance.idle == []) is (body != b"")
    assert next_response_is_correct(front)


@pytest.mark.row(73)
@pytest.mark.parametrize("status", [b"205", b"300", b"301", b"302", b"307"])
def test_other_statuses_have_the_body_of_their_framing(status: bytes) -> None:
    for framed in (b"Content-Length: 4\r\n\r\nbody", b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"):
        front = Front()
        front.send(request())
        front.answer(b"HTTP/1.1 " + status + b" X\r\n" + framed)
        answer = front.received()
        assert status_of(answer) == int(status)
        assert body_of(answer) in {b"body", b"4\r\nbody\r\n0\r\n\r\n"}
        assert next_response_is_correct(front)


@pytest.mark.row(74)
@pytest.mark.parametrize("spell", [b"websocket", b"WebSocket", b"h2c, websocket"])
def test_an_upgrade_to_websocket_is_rejected_and_the_connection_stays_open(spell: bytes) -> None:
    front = Front()
    lines = (b"Connection: keep-alive, Upgrade", b"Upgrade: " + spell, b"Sec-WebSocket-Version: 13")
    front.send(request(b"GET", b"/", *lines))
    answer = front.received()
    assert (status_of(answer), values_of(answer, b"upgrade")) == (403, [])
    assert front.upstream.offered == 0
    front.send(BEHIND)
    front.answer()
    assert status_of(front.received()) == 200


@pytest.mark.row(72)
def test_304_may_have_a_length_and_204_may_not() -> None:
    told = [
        values_of(forwarded_response(b"HTTP/1.1 %b X\r\nContent-Length: 5\r\n\r\n" % status), b"content-length")
        for status in (b"304", b"204")
    ]
    assert told == [[b"5"], []]
