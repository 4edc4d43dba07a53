"""The small parts of the live load: what an answer says about its time, lateness, requests as bytes, the due chain."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.traffic.live.chain import DueChain
from simulator.traffic.live.request import RequestChoice, RequestWriter
from simulator.traffic.live.summary import Lateness
from simulator.traffic.live.timing import NO_TIMING, Timing, parse_timing
from simulator.world.virtual import VirtualLoop


@pytest.mark.parametrize(
    ("value", "timing"),
    [
        (b'queue;dur=1.5, cold;dur=0, service;dur=80.25, instance;desc="3"', Timing(0.0015, 0.0, 0.08025, 3)),
        (b"instance;desc=12,queue;dur=7", Timing(0.007, 0.0, 0.0, 12)),
        (b"cold;dur=1000.000", Timing(0.0, 1.0, 0.0, 0)),
        (b"db;dur=53, total;dur=1", NO_TIMING),
        (b"", NO_TIMING),
    ],
)
def test_server_timing_is_read_in_milliseconds_and_what_is_missing_is_0(value: bytes, timing: Timing) -> None:
    assert parse_timing(value) == pytest.approx(timing)


@given(st.lists(st.floats(0.001, 900), min_size=1, max_size=300), st.floats(0.01, 1))
def test_a_quantile_of_lateness_is_exact_to_half_a_percent(values: list[float], share: float) -> None:
    lateness = Lateness()
    for value in values:
        lateness.add(value)
    exact = float(np.quantile(values, share, method="inverted_cdf"))
    assert lateness.quantile_s(share) == pytest.approx(exact, rel=0.005)
    assert lateness.max_s() == max(values)


def test_lateness_keeps_no_more_for_more_requests() -> None:
    lateness = Lateness()
    for index in range(50_000):
        lateness.add(index * 1e-6)
    assert len(lateness._fresh) < 4096
    assert lateness._seen.count + len(lateness._fresh) == 50_000


def test_a_load_that_sent_nothing_was_not_late() -> None:
    assert (Lateness().quantile_s(0.99), Lateness().max_s()) == (0.0, 0.0)


def test_a_kind_of_request_is_written_once() -> None:
    writer = RequestWriter("a")
    assert writer.write(RequestChoice(path="/x")) is writer.write(RequestChoice(path="/x"))


def test_as_many_kinds_as_requests_do_not_fill_the_memory() -> None:
    writer = RequestWriter("a")
    for index in range(10_000):
        writer.write(RequestChoice(path=f"/{index}"))
    assert len(writer._kept) <= 4096


def test_nothing_in_a_path_can_end_the_request_line() -> None:
    written = RequestWriter("a").write(RequestChoice(path="/x HTTP/1.1\r\nevil: 1\r\n\N{SNOWMAN}"))
    assert written.data.split(b"\r\n")[0] == b"GET /x%20HTTP/1.1%0D%0Aevil:%201%0D%0A%E2%98%83 HTTP/1.1"


@pytest.mark.parametrize(("method", "repeatable"), [("GET", True), ("PUT", True), ("POST", False), ("PATCH", False)])
def test_only_idempotent_requests_may_be_repeated(method: str, repeatable: bool) -> None:
    assert RequestWriter("a").write(RequestChoice(method)).repeatable is repeatable


def in_virtual_time(due_s: list[float], *, late: list[float]) -> list[float]:
    """When a chain over `due_s` fires; `late` are further due times told to it once it runs."""
    fired: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        left = sorted(due_s)

        def fire(now_s: float) -> float | None:
            while left and left[0] <= now_s:
                fired.append(now_s)
                left.pop(0)
            return left[0] if left else None

        chain = DueChain(fire, loop.time(), loop.time)
        chain.due(left[0])
        for at_s in late:
            left.append(at_s)
            left.sort()
            chain.due(at_s)
        await asyncio.sleep(100)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())
    return fired


def test_a_chain_fires_when_something_is_due_rounded_up_to_a_millisecond() -> None:
    assert in_virtual_time([0.0, 0.5, 2.00021], late=[]) == pytest.approx([0.0, 0.5, 2.001])


def test_what_is_due_sooner_moves_the_timer_forward() -> None:
    assert in_virtual_time([5.0], late=[1.0, 9.0]) == pytest.approx([1.0, 5.0, 9.0])


async def test_a_stopped_chain_does_not_fire() -> None:
    loop = asyncio.get_running_loop()
    fired: list[float] = []

    def fire(now_s: float) -> None:
        fired.append(now_s)

    chain = DueChain(fire, loop.time(), loop.time)
    chain.due(0.0)
    chain.stop()
    await asyncio.sleep(0.005)  # five ticks in which it would have fired
    assert fired == []


async def test_an_error_ends_the_chain_and_is_its_result() -> None:
    def fire(now_s: float) -> None:
        raise ValueError("out of order")

    loop = asyncio.get_running_loop()
    chain = DueChain(fire, loop.time(), loop.time)
    chain.due(0.0)
    with pytest.raises(ValueError, match="out of order"):
        await chain.broken
