"""The client receives the application's response, however its bytes were divided, and whichever parser reads it."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.edge.front import Front, request
from tests.edge.reference_parsers import Reading, answer_by_h11, answer_by_llhttp

VALUES = st.binary(max_size=12).map(lambda raw: bytes(each for each in raw if each >= 0x21 and each != 0x7F))
NAMES = st.text("abcXYZ019-_!#$", min_size=1, max_size=8).map(lambda name: b"X-" + name.encode())
INTERIM = [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", b"HTTP/1.1 102 Wait\r\n\r\n"]


class Message(NamedTuple):
    """A complete response. `body` is its decoded body; `closes`: its end is the end of the connection."""

    data: bytes
    body: bytes
    closes: bool
    interim: int


@st.composite
def answers(draw: st.DrawFn, *, interim: bool = False) -> Message:
    body, lines = draw(st.binary(max_size=60)), draw(st.lists(st.tuples(NAMES, VALUES), max_size=4))
    how = draw(st.sampled_from(["length", "chunked", "close", "close 1.0"]))
    framing, sent = {
        "length": (b"Content-Length: %d\r\n" % len(body), body),
        "chunked": (b"Transfer-Encoding: chunked\r\n", chunks(body, draw(st.integers(1, 20)))),
    }.get(how, (b"", body))
    start = b"HTTP/1.%d %b\r\n" % (how != "close 1.0", draw(st.sampled_from([b"200 OK", b"404 No", b"299 ", b"500 X"])))
    before = draw(st.lists(st.sampled_from(INTERIM), max_size=2)) if interim else []
    head = start + b"".join(b"%b: %b\r\n" % line for line in lines) + framing + b"\r\n"
    return Message(b"".join(before) + head + sent, body, how.startswith("close"), len(before))


def chunks(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;e=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nX-T: 1\r\n\r\n"


def got(answer: Message, cuts: list[int], version: bytes = b"1.1") -> tuple[bytes, bool]:
    """Return what the client receives of `answer`, fed in pieces, and whether its connection ended in order."""
    front = Front()
    front.send(request(version=version))
    ends = sorted({cut % (len(answer.data) + 1) for cut in cuts} | {0, len(answer.data)})
    for start, end in pairwise(ends):
        front.answer(answer.data[start:end])
    if answer.closes:
        front.instance.links[-1].eof_received()
    assert not front.client.aborted
    assert front.upstream.finished == 1
    return front.received(), front.client.closing


def own(reading: Reading) -> list[tuple[bytes, bytes]]:
    """Return the application's fields, without those of the framing and those that the balancer adds."""
    return [(name, value) for name, value in reading.fields if name.startswith(b"x-") and b"envoy" not in name]


@pytest.mark.row(48, 54)
@given(answers(interim=True), st.lists(st.integers(0, 10_000), max_size=8))
def test_the_forwarded_response_does_not_depend_on_how_its_bytes_were_divided(answer: Message, cuts: list[int]) -> None:
    (whole, _), (pieces, _) = got(answer, []), got(answer, cuts)
    assert answer_by_h11(pieces, b"GET") == answer_by_h11(whole, b"GET")


@pytest.mark.row(48)
@given(answers())
def test_two_parsers_agree_about_the_forwarded_response(answer: Message) -> None:
    received, _ = got(answer, [])
    _, first = answer_by_h11(received, b"GET")
    assert first is not None
    assert first == answer_by_llhttp(received)
    assert (first.body, first.ended, first.behind) == (answer.body, True, b"")


@given(answers(interim=True), st.sampled_from([b"1.0", b"1.1"]))
def test_a_valid_response_reaches_the_client_as_h11_reads_it_from_the_application(
    answer: Message, version: bytes
) -> None:
    received, closed = got(answer, [], version)
    interim, reading = answer_by_h11(received, b"GET", closed=closed)
    _, said = answer_by_h11(answer.data, b"GET", closed=True)
    assert said is not None
    assert reading is not None
    assert (reading.start, own(reading), reading.body, reading.ended) == (said.start, own(said), answer.body, True)
    assert len(interim) == (answer.interim if version == b"1.1" else 0)
