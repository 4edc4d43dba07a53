"""Open-loop load whose clients ask again when they have lost."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from functools import partial

from simulator.replay.load_chain import BATCH
from simulator.replay.load_client import LoadClient
from simulator.replay.load_open import OpenLoad
from simulator.replay.load_request import RequestChoice, Shot
from simulator.replay.retries import Retries


class RetryingLoad(OpenLoad):
    """Sends `arrivals` as an open load does, and lost ones again; it has ended when no answer can bring another."""

    def __init__(
        self, client: LoadClient, arrivals: Iterator[tuple[float, RequestChoice, int]], retries: Retries
    ) -> None:
        super().__init__(client, arrivals)
        self._retries = retries
        self._again: list[tuple[float, int, Shot, int]] = []  # (due, order, the failed one, attempt)
        self._order = itertools.count()
        self._open = 0
        self._stopped = False

    def stop(self) -> None:
        """Send nothing new, and nothing again."""
        self._stopped = True
        self._again.clear()
        super().stop()

    def _fire(self, now_s: float) -> float | None:
        for _ in range(BATCH):
            due_s = self._due_s()
            if due_s is None or due_s > now_s:
                if due_s is None and not self._open:
                    self._end()
                return due_s
            if self._again and self._again[0][0] == due_s:
                intended_s, _, failed, attempt = heapq.heappop(self._again)
                choice, source = failed.choice, failed.source
                self._retries.on_retry(source, failed.intended_s)
            else:
                assert self._next is not None, "something is due"
                (intended_s, choice, source), attempt = self._next, 1
                self._next = next(self._arrivals, None)
            self._open += 1
            shot = Shot(source, intended_s, choice)
            shot.ended = partial(self._answered, shot, attempt)
            self._client.send(shot)
        return now_s

    def _due_s(self) -> float | None:
        """When the next attempt or the next arrival is due."""
        times = [self._again[0][0]] if self._again else []
        if self._next is not None:
            times.append(self._next[0])
        return min(times, default=None)

    def _answered(self, shot: Shot, attempt: int, now_s: float, status: int) -> None:
        self._open -= 1
        if self._stopped:
            return
        pause_s = self._retries.pause_s(attempt, status)
        if pause_s is not None:
            heapq.heappush(self._again, (now_s + pause_s, next(self._order), shot, attempt + 1))
        self._chain.due(now_s if pause_s is None else now_s + pause_s)
