"""Closed-loop load: a population of users, each of whom waits for its answer and thinks before it asks again."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator

from simulator.replay.load_chain import BATCH, DueChain
from simulator.replay.load_client import LoadClient
from simulator.replay.load_request import RequestChoice, Shot
from simulator.replay.retries import MIN_PAUSE_S


class ClosedLoad:
    """`users` of one source, from `from_s` until `until_s` of the run.

    As with simulated users (clients.py), each begins with a thought, so that they do not march in step, and pauses for
    at least `MIN_PAUSE_S`. `think()` gives the next thinking time in seconds; `choices` must not end. A request is
    intended for the moment at which its user's thought ends.
    """

    def __init__(
        self,
        client: LoadClient,
        source: int,
        choices: Iterator[RequestChoice],
        think: Callable[[], float],
        *,
        users: int,
        from_s: float,
        until_s: float,
    ) -> None:
        self._client = client
        self._source = source
        self._choices = choices
        self._think = think
        self._planned = self._wanted = self._users = users
        self._from_s = from_s
        self._until_s = until_s
        self._thoughts: list[float] = []  # when each thinking user's thought ends, as a heap; users are all alike
        self._chain = DueChain(self._fire, client.origin_s, client.now)
        self.broken = self._chain.broken
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self) -> None:
        self._thoughts = [self._from_s + self._think() for _ in range(self._users)]
        heapq.heapify(self._thoughts)
        self._chain.due(self._first_s())

    def stop(self) -> None:
        """Send nothing new."""
        self._until_s = 0.0
        self._chain.stop()
        self._end()

    def turn(self, factor: float) -> None:
        """Another population from now on, as that of simulated users."""
        self._wanted = round(self._planned * factor)
        begin_s = max(self._client.now() - self._client.origin_s, self._from_s)
        while self._users < self._wanted:
            self._users += 1
            heapq.heappush(self._thoughts, begin_s + self._think())
        self._chain.due(self._first_s())

    def _fire(self, now_s: float) -> float | None:
        thoughts = self._thoughts
        for _ in range(BATCH):
            if now_s >= self._until_s:
                self._end()
                return None
            if not thoughts or thoughts[0] > now_s:
                break
            # One thought that ended after the end of the source is not sent, however late we look.
            intended_s = heapq.heappop(thoughts)
            self._client.send(Shot(self._source, intended_s, next(self._choices), self._answered))
        return self._first_s()

    def _answered(self, now_s: float, _status: int) -> None:
        if self._users > self._wanted:
            self._users -= 1
        elif now_s < self._until_s:
            heapq.heappush(self._thoughts, now_s + max(self._think(), MIN_PAUSE_S))
            self._chain.due(self._first_s())

    def _first_s(self) -> float:
        """When something is to be done: a thought ends, or the source does."""
        return min(self._thoughts[0], self._until_s) if self._thoughts else self._until_s

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
