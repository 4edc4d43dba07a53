"""Closed-loop load with a client that responds after a fixed time."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Sequence
from typing import Any, cast

from simulator.model.times import RUN_START, RunTime
from simulator.records.events import UserPaused
from simulator.records.journal import Journal
from simulator.rules.retries import MIN_PAUSE_S
from simulator.traffic.live.closed import ClosedLoad
from simulator.traffic.live.request import RequestChoice, Shot
from simulator.traffic.live.values import Sent
from simulator.traffic.scripts import Script
from simulator.world.virtual import VirtualLoop


class Client:
    """Responds to each request after `takes_s`."""

    origin = "https://web.test"

    def __init__(self, takes_s: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.now = self.loop.time
        self.origin_s = self.now()
        self.takes_s = takes_s
        self.sent: list[float] = []
        self.open = self.open_max = 0

    def send(self, shot: Shot) -> None:
        self.sent.append(self.now())
        self.open += 1
        self.open_max = max(self.open_max, self.open)
        self.loop.call_later(self.takes_s, self._answer, shot)

    def _answer(self, shot: Shot) -> None:
        self.open -= 1
        assert shot.ended is not None
        shot.ended(RunTime(self.now()), 200)


def played(
    users: int,
    think_s: float,
    takes_s: float,
    until_s: float,
    turn: tuple[float, float] = (0, 1),
    *,
    thinks_first: bool = True,
    changes: Sequence[tuple[float, int]] = (),
    journal: Journal | None = None,
) -> Client:
    async def main() -> Client:
        client = Client(takes_s)
        script = Script(lambda: Sent(RequestChoice()), lambda: think_s, thinks_first=thinks_first)
        load = ClosedLoad(
            cast("Any", client),
            0,
            itertools.repeat(RequestChoice()),
            lambda: think_s,
            users=users,
            from_s=RUN_START,
            until_s=RunTime(until_s),
            script=script,
            changes=iter(changes),
            journal=journal,
        )
        load.start()
        at_s, factor = turn
        if at_s:
            await asyncio.sleep(at_s)
            load.set_factor(factor)
        await load.ended
        await asyncio.sleep(takes_s)
        return client

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


def test_a_user_thinks_first_and_waits_for_each_response() -> None:
    client = played(1, think_s=1.0, takes_s=2.0, until_s=9.5)
    assert client.sent == [1.0, 4.0, 7.0]
    assert client.open_max == 1


def test_a_user_may_begin_with_a_request() -> None:
    assert played(1, think_s=1.0, takes_s=2.0, until_s=6.5, thinks_first=False).sent == [0.0, 3.0, 6.0]


def test_there_are_never_more_requests_than_users() -> None:
    client = played(3, think_s=0.0, takes_s=1.0, until_s=10.0)
    assert client.open_max == 3
    rounds = math.ceil(10.0 / (1.0 + MIN_PAUSE_S))  # each user sends at 0 s, and a pause after each response
    assert len(client.sent) == 3 * rounds


def test_a_larger_population_joins_and_a_smaller_one_leaves() -> None:
    more = played(2, think_s=0.5, takes_s=1.0, until_s=20.0, turn=(10.0, 2.0))
    fewer = played(2, think_s=0.5, takes_s=1.0, until_s=20.0, turn=(10.0, 0.5))
    assert (more.open_max, fewer.open_max) == (4, 2)
    assert sum(at_s > 12 for at_s in more.sent) >= 3 * sum(at_s > 12 for at_s in fewer.sent)


def test_the_last_user_that_joined_finishes_its_iteration_and_leaves_first() -> None:
    client = played(
        2, think_s=0.5, takes_s=1.0, until_s=6.0, thinks_first=False, changes=[(1.0, 3), (2.0, 2), (3.5, 1), (4.0, 2)]
    )
    # Users 0 and 1 send every 1.5 s; user 2 joins at 1 s and ends its iteration at 2.5 s. User 1 has to stop at 3.5 s,
    # while its request is in progress, and is planned again before the end of its iteration, at 4.5 s.
    assert client.sent == [0.0, 0.0, 1.0, 1.5, 1.5, 3.0, 3.0, 4.5, 4.5]


def test_a_reader_of_pauses_gets_each_with_its_end() -> None:
    journal = Journal()
    pauses: list[UserPaused] = []
    journal.subscribe(UserPaused, pauses.append)
    client = played(1, think_s=1.0, takes_s=2.0, until_s=9.5, journal=journal)
    assert pauses == [UserPaused(0, RunTime(at_s + 2.0), RunTime(at_s + 3.0)) for at_s in client.sent]
