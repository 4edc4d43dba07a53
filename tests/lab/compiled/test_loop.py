"""The virtual loop with a player of events between its timers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simulator.lab.compiled.loop import CompiledLoop


class Player:
    """Has one event at `at_s`, which calls `act`."""

    def __init__(self, loop: CompiledLoop, at_s: float, act: Callable[[], None]) -> None:
        self.loop, self.at_s, self.act = loop, at_s, act
        self.limits: list[float] = []
        self.played = False

    def play(self, limit_s: float, _limit_order: int) -> Callable[[], None] | None:
        self.limits.append(limit_s)
        if self.played or self.at_s >= limit_s:
            return None
        self.played = True
        self.loop.turn_to(self.at_s)
        return self.act


def test_an_event_runs_at_its_time_before_the_next_timer() -> None:
    seen: list[tuple[str, float]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, CompiledLoop)
        player = Player(loop, 2.5, lambda: seen.append(("event", loop.time())))
        loop.attach(player)
        await asyncio.sleep(2)
        seen.append(("timer", loop.time()))
        await asyncio.sleep(3)
        seen.append(("timer", loop.time()))
        loop.attach(None)
        count = len(player.limits)
        await asyncio.sleep(1)
        assert len(player.limits) == count

    with asyncio.Runner(loop_factory=CompiledLoop) as runner:
        runner.run(main())
    assert seen == [("timer", 2.0), ("event", 2.5), ("timer", 5.0)]


def test_an_event_may_set_a_timer_that_comes_first() -> None:
    seen: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, CompiledLoop)

        def act() -> None:
            loop.call_later(1.0, lambda: seen.append(loop.time()))

        loop.attach(Player(loop, 1.0, act))
        await asyncio.sleep(10)
        seen.append(loop.time())

    with asyncio.Runner(loop_factory=CompiledLoop) as runner:
        runner.run(main())
    assert seen == [2.0, 10.0]
