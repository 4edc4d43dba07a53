"""Closed-loop load: a population of users, each of which waits for its response and thinks before its next request."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Iterator
from functools import partial

from simulator.model.times import RUN_START, RunTime
from simulator.records.events import UserPaused
from simulator.records.journal import Journal
from simulator.traffic.live.chain import BATCH, DueChain
from simulator.traffic.live.client import LoadClient
from simulator.traffic.live.request import RequestChoice, Shot
from simulator.traffic.live.values import Sent
from simulator.traffic.scripts import Population, Script, User


class ClosedLoad:
    """The `users` of one source, from `from_s` until `until_s` of the run.

    Like simulated users (traffic/clients.py), each begins as its script says, with a thinking time or with a request,
    and pauses for at least `MIN_PAUSE_S`. `think()` returns the next thinking time in seconds; `choices` is endless.
    The intended time of a request is the end of its user's thinking time. `script` defines the requests of each user,
    `changes` the changes of their number. `journal` gets the pauses of users.
    """

    def __init__(
        self,
        client: LoadClient,
        source: int,
        choices: Iterator[RequestChoice],
        think: Callable[[], float],
        *,
        users: int,
        from_s: RunTime,
        until_s: RunTime,
        script: Script[Sent] | None = None,
        changes: Iterator[tuple[float, int]] = iter(()),  # noqa: B008 an empty one
        journal: Journal | None = None,
    ) -> None:
        self._pauses = journal if journal is not None and journal.has_reader(UserPaused) else None
        self._client = client
        self._source = source
        self._script = script or Script(lambda: Sent(next(choices)), think)
        self._users = Population(users, changes)
        self._from_s = from_s
        self._until_s = until_s
        self._thinking: list[tuple[RunTime, int, User]] = []  # the end of each user's thinking time, as a heap
        self._order = itertools.count()
        self._chain = DueChain(self._fire, client.origin_s, client.now)
        self.broken = self._chain.broken
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self) -> None:
        self._join(self._from_s)
        self._chain.due(self._first_s())

    def stop(self) -> None:
        """Send no new requests."""
        self._until_s = RUN_START
        self._chain.stop()
        self._end()

    def set_factor(self, factor: float) -> None:
        """Multiply the planned size of the population by `factor`, as for simulated users."""
        self._users.set_factor(factor)
        self._join(max(RunTime(self._client.now() - self._client.origin_s), self._from_s))
        self._chain.due(self._first_s())

    def _join(self, begin_s: RunTime) -> None:
        for user in self._users.joining():
            self._push(RunTime(begin_s + self._script.first_pause_s()), user)

    def _push(self, at_s: RunTime, user: User) -> None:
        heapq.heappush(self._thinking, (at_s, next(self._order), user))

    def _fire(self, now_s: RunTime) -> float | None:
        thinking = self._thinking
        for _ in range(BATCH):
            if now_s >= self._until_s:
                self._end()
                return None
            if self._from_s + self._users.next_change_s <= now_s:
                change_s = RunTime(self._from_s + self._users.next_change_s)
                self._users.change()
                self._join(change_s)
                continue
            if not thinking or thinking[0][0] > now_s:
                break
            # After the end of the source nothing is sent, even for a thinking time that ended before and is handled
            # late.
            intended_s, _, user = heapq.heappop(thinking)
            self._send(intended_s, user)
        return self._first_s()

    def _send(self, intended_s: RunTime, user: User) -> None:
        if user.place == 0 and self._users.leaves(user):
            return
        sent = self._script.request(user)
        if sent is None:
            return
        shot = Shot(self._source, intended_s, sent.filled(user, self._client.origin))
        shot.ended = partial(self._answered, shot, user, sent)
        self._client.send(shot)

    def _answered(self, shot: Shot, user: User, sent: Sent, now_s: RunTime, status: int) -> None:
        pause_s = self._script.pause_s(user, status, found=sent.takes(shot, user, self._client.origin))
        if now_s < self._until_s:
            self._push(RunTime(now_s + pause_s), user)
            self._chain.due(self._first_s())
        if self._pauses is not None:
            self._pauses.publish(UserPaused(shot.source, now_s, RunTime(now_s + pause_s)))

    def _first_s(self) -> float:
        """Return when something is due next: the end of a thinking time, a change of the number of users, or the
        source's end.
        """
        first_s = min(self._from_s + self._users.next_change_s, self._until_s)
        return min(self._thinking[0][0], first_s) if self._thinking else first_s

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
