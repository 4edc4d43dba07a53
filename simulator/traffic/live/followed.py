"""Open-loop load in which a response may cause another request: the next step of a session, or a retry."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from typing import Generic, TypeVar

from simulator.model.times import RunTime
from simulator.traffic.live.chain import BATCH
from simulator.traffic.live.client import LoadClient
from simulator.traffic.live.open import OpenLoad
from simulator.traffic.live.request import RequestChoice

Item = TypeVar("Item")


class FollowedLoad(OpenLoad, Generic[Item]):
    """Sends `arrivals` and the requests that follow them; it ends when no response can cause another request.

    `Item` is the data that a subclass stores for a following request.
    """

    def __init__(self, client: LoadClient, arrivals: Iterator[tuple[RunTime, RequestChoice, int]]) -> None:
        super().__init__(client, arrivals)
        self._later: list[tuple[RunTime, int, Item]] = []  # (due, order, item), as a heap
        self._order = itertools.count()
        self._open = 0
        self._stopped = False

    def stop(self) -> None:
        """Send no new requests, including those that follow a response."""
        self._stopped = True
        self._later.clear()
        super().stop()

    def _begin(self, intended_s: RunTime, choice: RequestChoice, source: int) -> None:
        """Send an arrival."""
        raise NotImplementedError

    def _follow(self, intended_s: RunTime, item: Item) -> None:
        """Send the request that follows a response."""
        raise NotImplementedError

    def _fire(self, now_s: RunTime) -> float | None:
        for _ in range(BATCH):
            due_s = self._due_s()
            if due_s is None or due_s > now_s:
                if due_s is None and not self._open:
                    self._end()
                return due_s
            self._open += 1
            if self._later and self._later[0][0] == due_s:
                intended_s, _, item = heapq.heappop(self._later)
                self._follow(intended_s, item)
            else:
                assert self._next is not None, "something is due"
                arrival, self._next = self._next, next(self._arrivals, None)
                self._begin(*arrival)
        return now_s

    def _due_s(self) -> float | None:
        """Return when the next arrival, or the next request that follows a response, is due."""
        times = [self._later[0][0]] if self._later else []
        if self._next is not None:
            times.append(self._next[0])
        return min(times, default=None)

    def _answered_with(self, now_s: RunTime, pause_s: float | None, item: Item) -> None:
        """Handle the response to a request. If `pause_s` is not None, the request of `item` follows after
        this pause.
        """
        self._open -= 1
        if self._stopped:
            return
        if pause_s is not None:
            heapq.heappush(self._later, (RunTime(now_s + pause_s), next(self._order), item))
        self._chain.due(now_s if pause_s is None else now_s + pause_s)
