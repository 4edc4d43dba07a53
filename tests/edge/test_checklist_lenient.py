"""Section L of the checklist: lenient handling of an application's responses, and what is rejected nevertheless."""

from __future__ import annotations

import pytest

from tests.edge.front import Front, body_of, request, status_of, values_of
from tests.edge.outcomes import forwarded_response

LENGTH = b"Content-Length: 2\r\n\r\nok"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"

HEADS = [
    b"HTTP/1.1 200 OK\nX-A: 1\nContent-Length: 2\n\nok",
    b"HTTP/1.1 200 OK\r\nX-A: 1\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\nok",
    b"HTTP/1.1 200 OK\nX-A: 1\nContent-Length: 2\n\r\nok",
    b"HTTP/1.1 200 OK\nX-A:\n 1\nContent-Length: 2\n\nok",
]


@pytest.mark.case("B3")
@pytest.mark.row(121)
@pytest.mark.parametrize("answer", HEADS)
def test_lf_ends_lines_of_a_response_head_too(answer: bytes) -> None:
    received = forwarded_response(answer)
    assert (status_of(received), body_of(received), values_of(received, b"x-a")) == (200, b"ok", [b"1"])
    head = received.partition(b"\r\n\r\n")[0]
    assert head.count(b"\n") == head.count(b"\r\n"), "the client gets CR LF"


@pytest.mark.case("B3")
@pytest.mark.row(121)
@pytest.mark.parametrize("answer", HEADS)
def test_the_end_of_a_head_does_not_depend_on_how_its_bytes_are_divided(answer: bytes) -> None:
    for cut in range(1, len(answer)):
        front = Front()
        front.send(request())
        front.answer(answer[:cut])
        front.answer(answer[cut:])
        assert body_of(front.received()) == b"ok"
        assert front.instance.idle == front.instance.links


@pytest.mark.case("B3")
@pytest.mark.row(121)
def test_a_blank_line_after_the_head_is_body() -> None:
    received = forwarded_response(b"HTTP/1.1 200 OK\nContent-Length: 6\n\nab\r\n\r\n")
    assert received.endswith(b"\r\n\r\nab\r\n\r\n")


@pytest.mark.case("B3")
@pytest.mark.row(121)
def test_an_interim_head_with_lf_is_followed_by_the_final_one() -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 200 OK\nContent-Length: 2\n\nok")
    received = front.received()
    assert received.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
    assert body_of(received.partition(b"\r\n\r\n")[2]) == b"ok"


@pytest.mark.case("B3")
@pytest.mark.row(121, 136)
@pytest.mark.parametrize(
    "beginning",
    [
        b"HTTP/1.1 200 OK\rX: 1",  # CR alone does not end a line
        b"HTTP/1.1 200 OK\r\nX: a\rb",
        b"HTTP/1.1 200 OK\r\nX: a\x00",
        b"HTTP/1.1 200 OK\nno colon\n",
        b"HTTP/1.1 200 OK\nX : 1\n",
        b"HTTP/1.1 20 OK\n",
        b"HTTP/1.1 1000 OK\n",
        b"HTTP/0.9 200 OK\n",
        b"HTTP/1.10 200 OK\r\n",
        b"http/1.1 200 OK\n",
        b"\n",
    ],
)
def test_an_invalid_line_of_a_head_is_rejected_before_the_head_ends(beginning: bytes) -> None:
    for pieces in ([beginning], [beginning[at : at + 1] for at in range(len(beginning))]):
        front = Front()
        front.send(request())
        for piece in pieces:
            if not front.instance.transport.closing:
                front.answer(piece)
        assert status_of(front.received()) == 502
        assert front.instance.transport.aborted


@pytest.mark.case("B3")
@pytest.mark.row(121)
def test_the_size_of_a_head_is_limited_whatever_its_line_ends() -> None:
    for line in (b"X: 1\n", b"X: 1\r\n", b" folded\n"):
        front = Front()
        front.send(request())
        front.answer(b"HTTP/1.1 200 OK\nX: 1\n" + line * (front.limits.answer_head_bytes_max // len(line)))
        assert status_of(front.received()) == 502


@pytest.mark.case("B10")
@pytest.mark.row(132)
@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1\t200 OK",
        b"HTTP/1.1 \t 200\tOK",
        b"HTTP/1.1 200 OK  ",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 ",
        b"HTTP/1.1 200\t",
        b"HTTP/1.2 200 OK",
        b"HTTP/1.9 200 OK",
        b"HTTP/2.0 200 OK",
    ],
)
def test_variants_of_the_status_line_are_served_as_1_1(start: bytes) -> None:
    received = forwarded_response(start + b"\r\n" + LENGTH)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert body_of(received) == b"ok"


@pytest.mark.case("B10")
@pytest.mark.row(134)
@pytest.mark.parametrize(
    "body",
    [
        b"2  \r\nok\r\n0\r\n\r\n",
        b"2\t\r\nok\r\n0 \r\n\r\n",
        b"2 ;a=b\r\nok\r\n0\r\n\r\n",
        b"2;\r\nok\r\n0\r\n\r\n",
        b"2;a[=1\r\nok\r\n0\r\n\r\n",
        b"2\r\nok\n0\r\n\r\n",
        b"2\r\nok\r\n0\r\n\n",
        b"2\r\nok\r\n0\r\nX: 1\n\r\n",
        b"2\r\nok\r\n0\r\nX: 1\r\n 2\r\n\r\n",
    ],
)
def test_chunks_of_a_response_are_read_as_by_envoy(body: bytes) -> None:
    assert body_of(forwarded_response(b"HTTP/1.1 200 OK\r\n" + CHUNKED + body)) == b"2\r\nok\r\n0\r\n\r\n"


@pytest.mark.case("B10")
@pytest.mark.row(136)
@pytest.mark.parametrize(
    "body",
    [b"2\r\nokx\r\n", b" 2\r\nok\r\n", b"0x2\r\n", b"2\nok\r\n", b"2 x\r\n", b"2;a\x00\r\n", b"-2\r\n", b"2\rok"],
)
def test_a_chunk_of_a_response_with_a_wrong_size_cuts_the_connection(body: bytes) -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"1\r\na\r\n")
    front.answer(body)
    assert (front.client.aborted, front.instance.transport.aborted) == (True, True)


@pytest.mark.case("B10")
@pytest.mark.row(135)
@pytest.mark.parametrize("connection", [b"", b"Connection: keep-alive\r\n"])
def test_chunks_of_an_http_1_0_response_are_read_and_end_its_connection(connection: bytes) -> None:
    front = Front()
    front.send(request())
    front.answer(b"HTTP/1.0 200 OK\r\n" + connection + CHUNKED + b"2\r\nok\r\n0\r\n\r\n")
    received = front.received()
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body_of(received) == b"2\r\nok\r\n0\r\n\r\n"
    assert (front.instance.idle, front.instance.transport.closing, front.client.closing) == ([], True, False)


@pytest.mark.case("B12")
@pytest.mark.row(29)
@pytest.mark.parametrize(("fields", "status"), [(99, 200), (100, 502), (110, 502)])
def test_a_response_may_have_a_hundred_fields_as_with_envoy(fields: int, status: int) -> None:
    cookies = b"".join(b"Set-Cookie: c%d=1\r\n" % number for number in range(fields))
    assert status_of(forwarded_response(b"HTTP/1.1 200 OK\r\n" + cookies + LENGTH)) == status


@pytest.mark.case("B11")
@pytest.mark.row(92, 121)
@pytest.mark.parametrize(
    "head", [b"HTTP/1.0 200 OK\r\nX: y\r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\nX"]
)
@pytest.mark.parametrize("in_order", [True, False])
def test_a_connection_that_ends_within_a_head_is_a_bad_gateway(head: bytes, in_order: bool) -> None:
    front = Front()
    front.send(request())
    front.answer(head)
    if in_order:
        front.end_application()
    else:
        front.instance.transport.lose()
    assert status_of(front.received()) == 502
    assert front.upstream.broken == 1


@pytest.mark.case("B7")
@pytest.mark.row(127)
@pytest.mark.parametrize(
    "lines",
    [
        (b"Expect: 100-continue", b"Expect: 100-continue"),
        (b"Expect: 100-continue, 100-Continue",),
        (b"Expect: 100-continue,",),
        (b"Expect: 100-CONTINUE ,\t100-continue", b"expect: 100-continue"),
    ],
)
def test_a_repeated_expectation_has_the_effect_of_one(lines: tuple[bytes, ...]) -> None:
    front = Front()
    front.send(request(b"POST", b"/", *lines, b"Content-Length: 2"))
    assert front.forwarded().lower().count(b"expect: 100-continue\r\n") == 1
    front.wait(front.limits.continue_s)
    assert front.received() == b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.case("B7")
@pytest.mark.row(127)
@pytest.mark.parametrize(
    "value", [b"100-continue, x", b"x, 100-continue", b"100-continue;q=1", b"100-continu", b"100 - continue"]
)
def test_another_expectation_is_rejected(value: bytes) -> None:
    front = Front()
    front.send(request(b"POST", b"/", b"Expect: " + value, b"Content-Length: 2"))
    assert (status_of(front.received()), front.upstream.offered) == (417, 0)


@pytest.mark.case("B9b")
@pytest.mark.row(130)
@pytest.mark.parametrize(
    ("version", "status"),
    [
        (b"HTTP/01.01", 400),
        (b"HTTP/1.01", 400),
        (b"HTTP/1.10", 400),
        (b"HTTP/11.1", 400),
        (b"HTTP/1", 400),
        (b"HTTP/1.", 400),
        (b"HTTP/.1", 400),
        (b"http/1.1", 400),
        (b"Http/2.0", 400),
        (b"HTTP/1.1 ", 400),
        (b"HTTP /1.1", 400),
        (b"HTTP/+1.1", 400),
        (b"HTTP/2.0", 505),
        (b"HTTP/3.0", 505),
        (b"HTTP/0.9", 505),
    ],
)
def test_a_version_that_is_not_a_digit_a_dot_and_a_digit_is_rejected(version: bytes, status: int) -> None:
    for cut in (0, 5):
        front = Front()
        message = b"GET / %b\r\nHost: a\r\n\r\n" % version
        front.send(message[:cut])
        front.send(message[cut:])
        assert (status_of(front.received()), front.upstream.offered) == (status, 0)
