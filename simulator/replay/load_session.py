"""Open-loop load whose arrivals are users that go through a session."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from functools import partial

from simulator.replay.load_chain import BATCH
from simulator.replay.load_client import LoadClient
from simulator.replay.load_open import OpenLoad
from simulator.replay.load_request import RequestChoice, Shot
from simulator.replay.scripts import Script, User
from simulator.replay.values import Sent, filled


class SessionLoad(OpenLoad):
    """Each of `arrivals` begins a session of `script`; the load has ended when no answer can bring another step."""

    def __init__(
        self, client: LoadClient, arrivals: Iterator[tuple[float, RequestChoice, int]], script: Script[Sent]
    ) -> None:
        super().__init__(client, arrivals)
        self._script = script
        self._later: list[tuple[float, int, User, int]] = []  # (due, order, user, source) of next steps, as a heap
        self._order = itertools.count()
        self._open = 0
        self._stopped = False

    def stop(self) -> None:
        """Send nothing new, no next step either."""
        self._stopped = True
        self._later.clear()
        super().stop()

    def _fire(self, now_s: float) -> float | None:
        for _ in range(BATCH):
            due_s = self._due_s()
            if due_s is None or due_s > now_s:
                if due_s is None and not self._open:
                    self._end()
                return due_s
            if self._later and self._later[0][0] == due_s:
                intended_s, _, user, source = heapq.heappop(self._later)
            else:
                assert self._next is not None, "something is due"
                (intended_s, _, source), user = self._next, User()
                self._next = next(self._arrivals, None)
            self._send(intended_s, user, source)
        return now_s

    def _due_s(self) -> float | None:
        """When the next step or the next arrival is due."""
        times = [self._later[0][0]] if self._later else []
        if self._next is not None:
            times.append(self._next[0])
        return min(times, default=None)

    def _send(self, intended_s: float, user: User, source: int) -> None:
        sent = self._script.request(user)
        assert sent is not None, "a session of an arrival is one iteration"
        shot = Shot(source, intended_s, filled(sent.choice, user.values))
        shot.ended = partial(self._answered, shot, user, sent, source)
        self._open += 1
        self._client.send(shot)

    def _answered(self, shot: Shot, user: User, sent: Sent, source: int, now_s: float, status: int) -> None:
        self._open -= 1
        pause_s = self._script.pause_s(user, status, found=sent.takes(shot.answer, user.values))
        if self._stopped:
            return
        if user.place:
            heapq.heappush(self._later, (now_s + pause_s, next(self._order), user, source))
        self._chain.due(now_s + pause_s if user.place else now_s)
