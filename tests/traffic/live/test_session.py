"""Open-loop sessions: each arrival sends the steps, and stops after a failed request."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from simulator.model.times import RunTime
from simulator.traffic.live.request import RequestChoice, Shot
from simulator.traffic.live.session import SessionLoad
from simulator.traffic.live.values import Sent
from simulator.traffic.scripts import Script
from simulator.world.virtual import VirtualLoop


class Client:
    """Responds to each request after a second; requests to `fails` get 503."""

    origin = "https://web.test"

    def __init__(self, fails: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.now = self.loop.time
        self.origin_s = self.now()
        self.fails = fails
        self.sent: list[tuple[float, str]] = []

    def send(self, shot: Shot) -> None:
        self.sent.append((self.now(), shot.choice.path))
        self.loop.call_later(1.0, self._answer, shot)

    def _answer(self, shot: Shot) -> None:
        assert shot.ended is not None
        shot.ended(RunTime(self.now()), 503 if shot.choice.path == self.fails else 200)


def sent(*arrivals_s: float, fails: str = "", stop_s: float | None = None) -> list[tuple[float, str]]:
    async def main() -> list[tuple[float, str]]:
        client = Client(fails)
        steps = [Sent(RequestChoice(path=path)) for path in ("/a", "/b", "/c")]
        script = Script(lambda: steps[0], lambda: 0.0, steps=steps, thinks=[lambda: 2.0] * 3, iterations=1)
        arrivals = iter([(RunTime(at_s), RequestChoice(), 0) for at_s in arrivals_s])
        load = SessionLoad(cast("Any", client), arrivals, script)
        load.start()
        if stop_s is not None:
            await asyncio.sleep(stop_s)
            load.stop()
        await load.ended
        return client.sent

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


def test_an_arrival_sends_its_steps_with_thinking_times() -> None:
    assert sent(0.0) == [(0.0, "/a"), (3.0, "/b"), (6.0, "/c")]


def test_arrivals_do_not_wait_for_one_another() -> None:
    assert sent(0.0, 0.5) == [(0.0, "/a"), (0.5, "/a"), (3.0, "/b"), (3.5, "/b"), (6.0, "/c"), (6.5, "/c")]


def test_a_session_ends_after_a_failed_request() -> None:
    assert sent(0.0, fails="/b") == [(0.0, "/a"), (3.0, "/b")]


def test_stopping_sends_no_further_step() -> None:
    assert sent(0.0, stop_s=2.0) == [(0.0, "/a")]
