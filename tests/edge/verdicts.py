"""What becomes of a message: rejected and the connection closed, or passed on. Used by the tests of the checklist."""

from __future__ import annotations

import h11

from tests.edge.front import OK, Front, request, status_of, values_of

BEHIND = request(b"GET", b"/behind")


def rejection_of(message: bytes, *, front: Front | None = None) -> int:
    """The status `message` is rejected with, in one go and with a request pipelined behind it.

    Fails unless that is the only answer, nothing has reached the application, and the connection ends.
    """
    front = front or Front()
    front.send(message + BEHIND)
    front.send(BEHIND)
    assert front.upstream.offered == 0, front.forwarded()
    return _only_answer(front)


def cut_off(head: bytes, *body: bytes) -> int:
    """The status of the rejection when `head` was good and has gone on, and the pieces of `body` then break the
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


def passed_on(message: bytes) -> bytes:
    """What the application gets of `message`, which is one whole good request."""
    front = Front()
    front.send(message)
    assert front.upstream.offered == 1, front.received()
    sent = front.forwarded()
    front.answer(OK if not message.startswith(b"HEAD") else b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
    assert status_of(front.received()) == 200
    assert front.upstream.in_flight == 0
    return sent


def passed_back(answer: bytes, message: bytes | None = None) -> bytes:
    """What the client gets of `answer`, to a GET unless `message` is another request."""
    front = Front()
    front.send(request() if message is None else message)
    front.answer(answer)
    return front.received()


def is_complete(sent: bytes) -> bool:
    """Whether h11 reads `sent` as one whole request. Fails when there is more in it than that."""
    return read(sent)[2]


def body_sent(sent: bytes) -> bytes:
    """The body that h11 reads in the one whole request `sent`."""
    _, body, complete = read(sent)
    assert complete, sent
    return body


def read(sent: bytes) -> tuple[h11.Request, bytes, bool]:
    """(head, body, whether it ended) as h11 reads a request, or the beginning of one."""
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
    """Names of the first head's fields, in lower case."""
    lines = message.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return {line.partition(b":")[0].lower() for line in lines}
