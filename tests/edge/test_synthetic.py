"""The response of a simulated instance as bytes."""

from __future__ import annotations

import pytest

from simulator.edge.synthetic import SyntheticResponse
from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.http1.request import read_request
from tests.edge.front import request


class Sink:
    """A sink that is full after that many writes."""

    def __init__(self, writes_max: int = 10**6) -> None:
        self.is_full = False
        self.data = b""
        self.writes_max = writes_max

    def write(self, data: bytes) -> None:
        self.data += data
        self.writes_max -= 1
        self.is_full = self.writes_max <= 0


def response(status: int, method: bytes = b"GET", *lines: bytes) -> SyntheticResponse:
    return SyntheticResponse(status, read_request(request(method, b"/", *lines), DataPlaneLimits()))


def test_the_short_text_contains_the_status() -> None:
    made, sink = response(200), Sink()
    assert made.head(b"x: y\r\n").endswith(b"content-length: 7\r\nx: y\r\n\r\n")
    assert made.pour(sink)
    assert sink.data == b"200 OK\n"


@pytest.mark.parametrize("size", [0, 1, 65_536, 200_000])
def test_a_body_has_the_requested_size(size: int) -> None:
    made, sink = response(200, b"GET", b"X-Simulator-Response-Bytes: %d" % size), Sink()
    assert b"content-length: %d\r\n" % size in made.head(b"")
    assert made.pour(sink)
    assert len(sink.data) == size


def test_a_size_that_is_not_a_number_is_ignored() -> None:
    made, sink = response(200, b"GET", b"X-Simulator-Response-Bytes: -1"), Sink()
    assert made.pour(sink)
    assert sink.data == b"200 OK\n"


def test_a_client_that_was_full_gets_the_rest_later() -> None:
    made, sink = response(200, b"GET", b"X-Simulator-Response-Bytes: 150000"), Sink(writes_max=1)
    assert not made.pour(sink)
    assert (len(sink.data), made.left) == (65_536, 150_000 - 65_536)
    sink.is_full, sink.writes_max = False, 10
    assert made.pour(sink)
    assert len(sink.data) == 150_000


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_has_no_length(status: int) -> None:
    made, sink = response(status), Sink()
    assert b"content-length" not in made.head(b"")
    assert made.pour(sink)
    assert sink.data == b""


def test_a_synthetic_response_to_head_has_a_length_but_no_body() -> None:
    made, sink = response(200, b"HEAD"), Sink()
    assert b"content-length: 7\r\n" in made.head(b"")
    assert made.pour(sink)
    assert sink.data == b""
