"""Rules that must hold whatever a client or an application sends. Used by the fuzzer and its tests; no sockets.

An AssertionError names the first violated rule; any other exception of the balancer is a crash.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import h11
import httptools

from tests.edge.front import Front, request
from tests.edge.malformed_messages import Case
from tests.edge.reference_parsers import Reading, answer_by_h11, answer_by_llhttp, by_h11, by_llhttp

_HOPS: Final = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade", b"http2-settings"}
_FRAMINGS: Final = {b"content-length", b"transfer-encoding"}
_OWN: Final = (403, 404, 501)  # statuses with which the balancer responds to valid requests itself
_REQUESTS_MAX: Final = 50  # more than any case has


def check_requests(case: Case) -> int:
    """Check the requests of one client, in one piece and divided; return how many reached the application
    completely.
    """
    whole, _ = _serve([case.data])
    cut, own = _serve(case.pieces())
    # A response of the balancer during the body ends the connection if the body is still arriving; otherwise it stays
    # open.
    seen = whole[: len(cut)] if own else whole
    assert cut == seen, f"cutting changes what is forwarded: {cut} != {whole}"
    _compare_with_client(case.data, whole)
    return len(whole)


def check_response(case: Case) -> bool:
    """Check a response of the application, in one piece and divided; return whether the client received a
    complete one.
    """
    whole = _answer(case, [case.data])
    cut = _answer(case, case.pieces())
    assert whole is None or cut is None or whole == cut, f"cutting changes what the client gets: {cut} != {whole}"
    return whole is not None


# --- requests


def _serve(pieces: list[bytes]) -> tuple[list[Reading], bool]:
    """Feed a client's bytes, and respond to the requests that reach the application.

    Return those that arrived completely, and whether the balancer responded to valid requests itself.
    """
    front = Front()
    for piece in pieces:
        front.send(piece)
    arrived: list[Reading] = []
    answers = b""
    while front.upstream.in_flight:
        assert len(arrived) < _REQUESTS_MAX, "requests without end"
        sent = _agreed(front.forwarded())
        _check_forwarded(sent)
        if not sent.ended:
            answers += _end_early(front, answer_early=len(pieces[0]) % 2 == 0)
            break
        arrived.append(sent)
        mark = b"marker-%03d" % len(arrived)
        answers += front.received()
        front.answer(b"HTTP/1.1 200 OK\r\nX-Mark: %b\r\nContent-Length: 0\r\n\r\n" % mark)
        answers += front.received()
        assert answers.count(mark) == 1, "the answer did not reach its client once"
    answers += front.received()
    _check_rest(front)
    return arrived, any(b"HTTP/1.1 %d " % status in answers for status in _OWN)


def _end_early(front: Front, *, answer_early: bool) -> bytes:
    """Let the application respond to half a request, or the client close; return what the client received
    until then.
    """
    answers, link = front.received(), front.instance.transport
    if answer_early:
        front.answer(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        offered = front.upstream.offered
        front.send(request(target=b"/behind"))
        assert front.upstream.offered == offered, "what follows half a request is read as one"
    else:
        front.client.lose()
    assert link.aborted, "half a request, and its connection stays"
    return answers + front.received()


def _agreed(sent: bytes) -> Reading:
    """Return the forwarded message, as both reference parsers read it."""
    first, second = by_h11(sent), by_llhttp(sent)
    assert first is not None, f"forwarded and not understood: {sent!r}"
    assert second is not None, f"forwarded and not understood: {sent!r}"
    assert first.behind == b"", f"more than one message forwarded: {sent!r}"
    assert first == second, f"two parsers differ about {sent!r}: {first} {second}"
    return first


def _check_forwarded(sent: Reading) -> None:
    names = [name for name, _ in sent.fields]
    assert names.count(b"host") == 1, f"not one Host: {sent}"
    assert sum(name in _FRAMINGS for name in names) <= 1, f"more than one framing: {sent}"
    assert _HOPS.isdisjoint(names), f"a field of one hop went on: {sent}"
    assert names.count(b"x-forwarded-for") == 1, f"not one X-Forwarded-For: {sent}"


def _check_rest(front: Front) -> None:
    """Check that the connection ends and that no slot remains occupied."""
    for _ in range(4):
        if not front.client.closing:
            front.wait(front.limits.idle_s)
    assert front.client.closing, "a connection without end"
    assert front.upstream.in_flight == 0, "a slot is lost"
    assert front.upstream.offered == front.upstream.finished + front.upstream.abandoned, "not let go exactly once"


def _compare_with_client(data: bytes, arrived: list[Reading]) -> None:
    """Check that the arrived messages are messages of the client, in order and with the same bodies, and that the
    reference parsers accept them too.

    Some messages do not arrive, because the balancer responds to them itself.
    """
    sent = _client_readings(data)
    for got in arrived:
        for message, read in sent:
            if read is None:
                assert _is_excused(message), f"taken, and h11 rejects it: {message!r} {got}"
                return
            if _is_same(read, got):
                assert _passes_llhttp(message), f"taken, and llhttp rejects it: {message!r}"
                break
        else:
            raise AssertionError(f"the client has not sent {got}")


def _client_readings(data: bytes) -> Iterator[tuple[bytes, Reading | None]]:
    """Yield the client's messages one by one, as sent and as h11 reads them; None if h11 rejects the rest."""
    while data:
        while data.startswith(b"\r\n"):
            data = data[2:]
        try:
            read = by_h11(data)
        except h11.RemoteProtocolError:
            yield data, None
            return
        if read is None or not read.ended:
            return
        yield data[: len(data) - len(read.behind)], read
        data = read.behind


def _is_excused(message: bytes) -> bool:
    """Return True if h11 rejects the message only for a Content-Length in its trailers, which are dropped here (RFC
    9110 6.5.1).
    """
    head, _, rest = message.lower().partition(b"\r\n\r\n")
    return b"\r\ncontent-length" in rest and b"\r\ncontent-length" not in head


def _passes_llhttp(message: bytes) -> bool:
    """Return True if llhttp accepts the head. Its stricter rules for chunk extensions, which are dropped here, do not
    matter.
    """
    head, end, _ = message.partition(b"\r\n\r\n")
    try:
        by_llhttp(head + end)
    except httptools.HttpParserUpgrade:
        return True  # llhttp would switch to another protocol
    except httptools.HttpParserError:
        return False
    return True


def _is_same(read: Reading, got: Reading) -> bool:
    same_target = read.start[1].endswith(got.start[1]) or got.start[1] in {b"/", b"*"}  # absolute-form is rewritten
    return same_target and (read.start[0], read.body) == (got.start[0], got.body)


# --- responses


def _answer(case: Case, pieces: list[bytes]) -> tuple[Reading, bool] | None:
    """Feed an application's bytes and its end; return what the client received, None if it cannot take it for
    complete.
    """
    front = Front()
    front.send(request(case.method, version=case.version))
    transport = front.instance.transport
    for piece in pieces:
        if not transport.closing:
            transport.protocol.data_received(piece)
    if front.upstream.in_flight and not transport.closing:
        transport.protocol.eof_received()
        if not transport.closing:
            transport.lose()
    assert front.upstream.in_flight == 0, "an answer without end"
    assert front.upstream.offered == front.upstream.finished == 1, "not finished exactly once"
    got = _got(front, case)
    _check_next(front)
    return got


def _got(front: Front, case: Case) -> tuple[Reading, bool] | None:
    received = front.received()
    in_order = front.client.closing and not front.client.aborted
    interim, reading = answer_by_h11(received, case.method, closed=in_order)
    assert case.version == b"1.1" or not interim, "1xx to HTTP/1.0"
    if reading is None:
        assert front.client.aborted, f"no answer, and the client cannot tell: {received!r}"
        return None
    assert reading.behind == b"", f"more than an answer: {received!r}"
    assert reading.ended is not front.client.aborted, f"whole or cut off, the client cannot tell: {received!r}"
    _check_passed(reading, case)
    if case.method != b"HEAD" and not interim and reading.fields and not _ends_with_connection(reading):
        second = answer_by_llhttp(received)
        assert second is not None, f"passed on and not understood: {received!r}"
        assert reading == second, f"two parsers differ about {received!r}: {reading} {second}"
    if not reading.ended:
        return None
    _compare_with_application(case, reading)
    return reading, front.client.closing


def _check_passed(reading: Reading, case: Case) -> None:
    names = [name for name, _ in reading.fields]
    assert sum(name in _FRAMINGS for name in names) <= 1, f"more than one framing: {reading}"
    assert {b"upgrade", b"trailer", b"te"}.isdisjoint(names), f"a field of one hop went on: {reading}"
    assert case.version == b"1.1" or b"transfer-encoding" not in names, "chunks for HTTP/1.0"


def _ends_with_connection(reading: Reading) -> bool:
    return _FRAMINGS.isdisjoint(name for name, _ in reading.fields)


def _compare_with_application(case: Case, reading: Reading) -> None:
    """Check that the client received the same status and body that h11 reads from the application, if h11
    accepts them.
    """
    if (b"server", b"envoy") in reading.fields and not any(
        name == b"x-envoy-upstream-service-time" for name, _ in reading.fields
    ):
        return  # a response of the balancer itself
    try:
        _, said = answer_by_h11(case.data, case.method, closed=True)
    except h11.RemoteProtocolError:
        return
    assert said is not None, f"the application has not said {reading}"
    assert said.start == reading.start, f"another status: {said} {reading}"
    if said.ended:
        assert said.body == reading.body, f"another body: {said} {reading}"


def _check_next(front: Front) -> None:
    """Check that the next request, on any remaining connection, gets its own response."""
    if front.client.closing:
        return
    front.send(request(target=b"/next"))
    front.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext")
    received = front.received()
    assert received.count(b"HTTP/1.1 ") == 1, f"an answer too many: {received!r}"
    assert received.endswith(b"\r\n\r\nnext"), f"somebody else's answer: {received!r}"
