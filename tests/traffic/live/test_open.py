"""Open-loop load with a client that only records what is sent."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from simulator.model.times import RunTime
from simulator.traffic.live.open import OpenLoad
from simulator.traffic.live.request import RequestChoice, Shot
from simulator.world.virtual import VirtualLoop


class Client:
    def __init__(self) -> None:
        self.now = asyncio.get_running_loop().time
        self.origin_s = self.now()
        self.sent: list[tuple[float, float]] = []

    def send(self, shot: Shot) -> None:
        self.sent.append((shot.intended_s, self.now() - self.origin_s))


async def load(*times_s: float, stop_s: float | None = None) -> list[tuple[float, float]]:
    client = Client()
    made = OpenLoad(cast("Any", client), iter([(RunTime(at_s), RequestChoice(), 0) for at_s in times_s]))
    made.start()
    if stop_s is not None:
        await asyncio.sleep(stop_s)
        made.stop()
    await made.ended
    return client.sent


def sent(*times_s: float, stop_s: float | None = None) -> list[tuple[float, float]]:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(load(*times_s, stop_s=stop_s))


def test_requests_are_sent_at_their_times_whatever_the_responses() -> None:
    assert sent(0.0, 0.5, 0.5, 2.0) == [(0.0, 0.0), (0.5, 0.5), (0.5, 0.5), (2.0, 2.0)]


def test_a_source_without_requests_ends_at_once() -> None:
    assert sent() == []


def test_stopping_ends_the_load_and_sends_nothing_more() -> None:
    assert sent(0.0, 5.0, stop_s=1.0) == [(0.0, 0.0)]
