"""Requests as bytes: each kind is created once, in bounded memory, and without injection."""

from __future__ import annotations

import pytest

from simulator.traffic.live.request import RequestChoice, RequestWriter


def test_the_bytes_of_a_kind_of_request_are_created_once() -> None:
    writer = RequestWriter("a")
    assert writer.write(RequestChoice(path="/x")) is writer.write(RequestChoice(path="/x"))


def test_a_different_kind_per_request_does_not_fill_the_memory() -> None:
    writer = RequestWriter("a")
    for index in range(10_000):
        writer.write(RequestChoice(path=f"/{index}"))
    assert len(writer._kept) <= 4096


def test_no_character_of_a_path_can_end_the_request_line() -> None:
    written = RequestWriter("a").write(RequestChoice(path="/x HTTP/1.1\r\nevil: 1\r\n\N{SNOWMAN}"))
    assert written.data.split(b"\r\n")[0] == b"GET /x%20HTTP/1.1%0D%0Aevil:%201%0D%0A%E2%98%83 HTTP/1.1"


@pytest.mark.parametrize(("method", "repeatable"), [("GET", True), ("PUT", True), ("POST", False), ("PATCH", False)])
def test_only_idempotent_requests_may_be_repeated(method: str, repeatable: bool) -> None:
    assert RequestWriter("a").write(RequestChoice(method)).repeatable is repeatable
