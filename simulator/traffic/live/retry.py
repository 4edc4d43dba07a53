"""Open-loop load whose clients retry requests that failed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from simulator.model.times import RunTime
from simulator.records.events import RequestRetried
from simulator.records.journal import Journal
from simulator.rules.retries import Retries
from simulator.traffic.live.client import LoadClient
from simulator.traffic.live.followed import FollowedLoad
from simulator.traffic.live.request import RequestChoice, Shot


class RetryingLoad(FollowedLoad[tuple[Shot, int]]):
    """Sends `arrivals` as an open load does, retries failed requests, and writes retries to `journal`.

    The item of a retry is the failed request with the number of the next attempt.
    """

    def __init__(
        self,
        client: LoadClient,
        arrivals: Iterator[tuple[RunTime, RequestChoice, int]],
        retries: Retries,
        journal: Journal,
    ) -> None:
        super().__init__(client, arrivals)
        self._retries = retries
        self._journal = journal

    def _begin(self, intended_s: RunTime, choice: RequestChoice, source: int) -> None:
        self._send(Shot(source, intended_s, choice), 1)

    def _follow(self, intended_s: RunTime, item: tuple[Shot, int]) -> None:
        failed, attempt = item
        self._journal.publish(RequestRetried(failed.source, failed.intended_s))
        self._send(Shot(failed.source, intended_s, failed.choice), attempt)

    def _send(self, shot: Shot, attempt: int) -> None:
        shot.ended = partial(self._answered, shot, attempt)
        self._client.send(shot)

    def _answered(self, shot: Shot, attempt: int, now_s: RunTime, status: int) -> None:
        pause_s = None if self._stopped else self._retries.pause_s(attempt, status)
        self._answered_with(now_s, pause_s, (shot, attempt + 1))
