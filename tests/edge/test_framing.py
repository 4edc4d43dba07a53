"""The forwarded message is the same, however its bytes were divided, and whichever parser reads it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import h11
import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edge.front import HOST, OK, Front, body_of, fields_of, request, status_of

TOKENS = st.text("abcXYZ019-_!#$", min_size=1, max_size=8).map(str.encode)
VALUES = st.binary(max_size=12).map(lambda raw: bytes(each for each in raw if each >= 0x21 and each != 0x7F))
TARGETS = st.text("abc/?%=&.~+", max_size=12).map(lambda text: b"/" + text.encode())
METHODS = st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS"])
# Other tests cover the fields that the balancer extracts.
LINES = st.lists(
    st.tuples(TOKENS.map(lambda name: b"X-" + name), VALUES).map(lambda pair: b"%b: %b" % pair), max_size=5
)


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Generate a complete valid request and its body."""
    body = draw(st.binary(max_size=60))
    lines = draw(LINES)
    how = draw(st.sampled_from(["none", "length", "chunked"]))
    framing = {"none": [], "length": [b"Content-Length: %d" % len(body)], "chunked": [b"Transfer-Encoding: chunked"]}
    if how == "none":
        body = b""
    sent = body
    if how == "chunked":
        size = draw(st.integers(1, 20))
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        sent = b"".join(b"%x;e=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nX-T: 1\r\n\r\n"
    return request(draw(METHODS), draw(TARGETS), *lines, *framing[how], body=sent), body


def cut(data: bytes, points: list[int]) -> list[bytes]:
    ends = sorted({point % (len(data) + 1) for point in points} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends) if start < end]


def read_with_h11(message: bytes) -> tuple[h11.Request, bytes]:
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(message)
    head, body = reader.next_event(), b""
    assert isinstance(head, h11.Request)
    while isinstance(event := reader.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    assert reader.trailing_data[0] == b""
    return head, body


class LlhttpReader:
    def __init__(self, message: bytes) -> None:
        self.body = b""
        self.target = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.ended = 0
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(message)
        self.method = parser.get_method()

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.ended += 1


def decoded(forwarded: bytes) -> tuple[bytes, bytes]:
    """Return head and body of a forwarded message, whatever its chunks are."""
    head = forwarded.partition(b"\r\n\r\n")[0]
    return head, read_with_h11(forwarded)[1]


@pytest.mark.row(48, 54)
@given(messages(), st.lists(st.integers(0, 10_000), max_size=8))
def test_the_forwarded_message_does_not_depend_on_how_its_bytes_were_divided(
    message: tuple[bytes, bytes], points: list[int]
) -> None:
    whole, pieces = Front(), Front()
    whole.send(message[0])
    for piece in cut(message[0], points):
        pieces.send(piece)
    assert decoded(pieces.forwarded()) == decoded(whole.forwarded())


@pytest.mark.row(48)
@given(messages())
def test_three_parsers_agree_about_a_forwarded_request(message: tuple[bytes, bytes]) -> None:
    front = Front()
    front.send(message[0])
    sent = front.forwarded()
    head, body = read_with_h11(sent)
    llhttp = LlhttpReader(sent)
    assert body == llhttp.body == message[1]
    assert (head.method, head.target) == (llhttp.method, llhttp.target)
    assert list(head.headers) == llhttp.fields == [(name, value) for name, value in fields_of(sent)]
    assert llhttp.ended == 1


@pytest.mark.row(48)
@given(messages())
def test_a_valid_request_reaches_the_application_as_h11_reads_it_from_the_client(message: tuple[bytes, bytes]) -> None:
    front = Front()
    front.send(message[0])
    read, body = read_with_h11(message[0])
    sent, sent_body = read_with_h11(front.forwarded())
    own = {b"host", b"x-forwarded-for", b"x-forwarded-proto", b"x-request-id", b"x-envoy-expected-rq-timeout-ms"}
    framing = {b"content-length", b"transfer-encoding"}
    assert (sent.method, sent.target, sent_body) == (read.method, read.target, body)
    assert [pair for pair in sent.headers if pair[0] not in own | framing] == [
        pair for pair in read.headers if pair[0] not in own | framing
    ]
    assert {name for name, _ in sent.headers} & framing == {name for name, _ in read.headers} & framing


@given(st.binary(max_size=200), st.lists(st.integers(0, 10_000), max_size=5))
@pytest.mark.case("H16")
def test_random_bytes_are_rejected_or_incomplete_but_never_forwarded(garbage: bytes, points: list[int]) -> None:
    front = Front()
    for piece in cut(garbage, points):
        front.send(piece)
    assert front.upstream.offered == 0
    front.send(b"\x00\r\n\r\n")  # which ends the current line, and no valid line ends with it
    assert (status_of(front.received()), front.upstream.offered) == (400, 0)
    front.wait(front.limits.linger_s)
    assert front.client.closing


@given(st.data())
@settings(max_examples=300)
def test_a_mutated_request_is_rejected_or_forwarded_so_that_h11_reads_it(data: st.DataObject) -> None:
    """Bytes of a request are replaced, inserted or removed; what is forwarded is one valid message, or a part
    of one.
    """
    raw = bytearray(data.draw(messages())[0])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        put = data.draw(st.sampled_from([b"", b"\r", b"\n", b"\x00", b" ", b"\t", b":", b",", b"\x0b", b"\xff", b"0"]))
        raw[at : at + data.draw(st.integers(0, 1))] = put
    front = Front()
    front.send(bytes(raw))
    for link in front.instance.links:
        reader = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        reader.receive_data(bytes(link._transport.written))  # type: ignore[union-attr]
        event: Any = reader.next_event()
        assert isinstance(event, h11.Request)
        while event is not h11.NEED_DATA and not isinstance(event, h11.EndOfMessage):
            event = reader.next_event()
        assert reader.trailing_data[0] == b""


def test_a_request_within_a_body_is_forwarded_as_body() -> None:
    hidden = request(target=b"/hidden")
    front = Front()
    front.send(request(b"POST", b"/", b"Content-Length: %d" % len(hidden), body=hidden))
    front.answer()
    assert front.upstream.offered == 1


@pytest.mark.row(49)
@pytest.mark.parametrize(
    "message",
    [
        request(b"POST", b"/", b"Content-Length: 3", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        request(b"POST", b"/", b"Transfer-Encoding: chunked", body=b"x\r\n"),
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    ],
)
def test_after_a_framing_error_nothing_is_read_as_a_request(message: bytes) -> None:
    front = Front()
    front.send(message + request(target=b"/behind"))
    front.send(request(target=b"/later"))
    assert status_of(front.received()) == 400
    assert front.upstream.offered == 0
    front.wait(front.limits.linger_s)
    assert front.client.closing


@pytest.mark.row(49, 84)
def test_a_framing_error_in_a_body_aborts_the_connection_to_the_application() -> None:
    front = Front()
    front.send(request(b"POST", b"/", b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n"))
    assert front.forwarded().endswith(b"3\r\nabc\r\n")
    front.send(b"zz\r\n")
    assert status_of(front.received()) == 400
    assert front.instance.transport.aborted
    assert front.forwarded() == b""
    assert front.upstream.abandoned == 1


def test_ten_thousand_chunks_of_one_byte_arrive_unchanged() -> None:
    front = Front()
    front.send(request(b"POST", b"/", b"Transfer-Encoding: chunked", body=b"1\r\nx\r\n" * 10_000 + b"0\r\n\r\n"))
    assert read_with_h11(front.forwarded())[1] == b"x" * 10_000


def test_a_response_that_arrives_byte_by_byte_is_forwarded_unchanged() -> None:
    whole, bytewise = Front(), Front()
    message = b"HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;e\r\nde\r\n0\r\nT: 1\r\n\r\n"
    for front in (whole, bytewise):
        front.send(request())
    whole.answer(message)
    for at in range(len(message)):
        bytewise.answer(message[at : at + 1])
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", HOST.decode())]))
    client.send(h11.EndOfMessage())
    client.receive_data(bytewise.received())
    head = client.next_event()
    body = b""
    while isinstance(event := client.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(head, h11.Response)
    assert body == b"abcde"
    assert body_of(whole.received()) == b"5\r\nabcde\r\n0\r\n\r\n"
    assert (bytewise.upstream.finished, len(bytewise.instance.idle)) == (1, 1)


def test_a_small_response_is_forwarded_in_one_write() -> None:
    front = Front()
    front.send(request())
    before = front.client.writes
    front.answer(OK)
    assert front.client.writes - before == 1
    assert front.instance.transport.writes == 1
