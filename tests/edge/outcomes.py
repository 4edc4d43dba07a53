"""The outcome of a message: rejected with the connection closed, or forwarded. Used by the tests of the checklist."""

from __future__ import annotations

import h11

from tests.edge.front import OK, Front, request, status_of, values_of

BEHIND = request(b"GET", b"/behind")


def rejection_of(message: bytes, *, front: Front | None = None) -> int:
    """Return the status with which `message` is rejected, in one piece and with a request pipelined after it.

    Fails unless this is the only response, nothing has reached the application, and the connection ends.
    """
    front = front or Front()
    front.send(message + BEHIND)
    front.send(BEHIND)
    assert front.upstream.offered == 0, front.forwarded()
    return _only_answer(front)


def rejection_after_head(head: bytes, *body: bytes) -> int:
    """Return the status of the rejection if `head` is valid and forwarded, and the pieces of `body` then violate the
    framing.

    Fails unless the application's connection is cut before the message looks complete, and the client's ends.
    """
    front = Front()
    front.send(head)
    assert front.upstream.offered == 1
    for piece in body:
        front.send(piece)
    front.send(BEHIND)
    assert front.upstream.offered == 1
    assert front.instance.transport.aborted
    assert not is_complete(front.forwarded())
    return _only_answer(front)


def _only_answer(front: Front) -> int:
    answer = front.received()
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert values_of(answer, b"connection") == [b"close"]
    front.wait(front.limits.linger_s)
    assert front.client.closing
    return status_of(answer)


def forwarded_request(message: bytes) -> bytes:
    """Return what the application receives of `message`, which is one complete valid request."""
    front = Front()
    front.send(message)
    assert front.upstream.offered == 1, front.received()
    sent = front.forwarded()
    front.answer(OK if not message.startswith(b"HEAD") else b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
    assert status_of(front.received()) == 200
    assert front.upstream.in_flight == 0
    return sent


def forwarded_response(answer: bytes, message: bytes | None = None) -> bytes:
    """Return what the client receives of `answer`, which is a response to a GET or to `message`."""
    front = Front()
    front.send(request() if message is None else message)
    front.answer(answer)
    return front.received()


def is_complete(sent: bytes) -> bool:
    """Return True if h11 reads `sent` as one complete request. Fails if it contains more."""
    return read(sent)[2]


def body_sent(sent: bytes) -> bytes:
    """Return the body that h11 reads in the one complete request `sent`."""
    _, body, complete = read(sent)
    assert complete, sent
    return body


def read(sent: bytes) -> tuple[h11.Request, bytes, bool]:
    """Return head, body and whether it ended, as h11 reads a request or its beginning."""
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    reader.receive_data(sent)
    head, body = reader.next_event(), b""
    assert isinstance(head, h11.Request), sent
    event = reader.next_event()
    while isinstance(event, h11.Data):
        body += bytes(event.data)
        event = reader.next_event()
    assert reader.trailing_data[0] == b"", sent
    return head, body, isinstance(event, h11.EndOfMessage)


def names_of(message: bytes) -> set[bytes]:
    """Return the names of the fields in the first head, in lower case."""
    lines = message.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return {line.partition(b":")[0].lower() for line in lines}
