from __future__ import annotations

import pytest

from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.reader import RequestReader

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"


def reader(data: bytes) -> RequestReader:
    made = RequestReader(DataPlaneLimits())
    made.add(data)
    return made


def test_requests_are_returned_one_by_one_in_order() -> None:
    made = reader(GET % 1 + b"\r\n" + GET % 2 + b"GET")
    targets = []
    while (taken := made.take()) is not None:
        targets.append(taken[0].target)
    assert targets == [b"/1", b"/2"]
    assert made.buffer == b"GET"


def test_a_request_is_returned_before_its_body_has_arrived() -> None:
    made = reader(POST + b"he")
    taken = made.take()
    assert taken is not None
    assert taken[1] == b"he"
    assert made.feed_body(b"llo" + GET % 1) == b"llo"
    assert made.body is None
    behind = made.take()
    assert behind is not None
    assert behind[0].target == b"/1"


def test_an_invalid_request_does_not_affect_the_valid_one_before_it() -> None:
    made = reader(GET % 1 + b"garbage\r\n\r\n")
    assert made.take() is not None
    with pytest.raises(ProtocolError):
        made.take()


def test_a_head_that_arrives_byte_by_byte_is_returned_with_its_last_byte() -> None:
    made = reader(b"")
    message = GET % 1
    for at in range(len(message) - 1):
        made.add(message[at : at + 1])
        assert made.take() is None
    made.add(message[-1:])
    assert made.take() is not None
