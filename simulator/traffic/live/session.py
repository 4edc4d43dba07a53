"""Open-loop load in which each arrival is a user who runs a session."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from simulator.model.times import RunTime
from simulator.traffic.live.client import LoadClient
from simulator.traffic.live.followed import FollowedLoad
from simulator.traffic.live.request import RequestChoice, Shot
from simulator.traffic.live.values import Sent
from simulator.traffic.scripts import Script, User


class SessionLoad(FollowedLoad[tuple[User, int]]):
    """Begins a session of `script` with each of `arrivals`.

    The item of a following request is its user, with the source.
    """

    def __init__(
        self, client: LoadClient, arrivals: Iterator[tuple[RunTime, RequestChoice, int]], script: Script[Sent]
    ) -> None:
        super().__init__(client, arrivals)
        self._script = script

    def _begin(self, intended_s: RunTime, choice: RequestChoice, source: int) -> None:  # noqa: ARG002 the script chooses
        self._send(intended_s, User(), source)

    def _follow(self, intended_s: RunTime, item: tuple[User, int]) -> None:
        self._send(intended_s, *item)

    def _send(self, intended_s: RunTime, user: User, source: int) -> None:
        sent = self._script.request(user)
        assert sent is not None, "a session of an arrival is one iteration"
        shot = Shot(source, intended_s, sent.filled(user, self._client.origin))
        shot.ended = partial(self._answered, shot, user, sent, source)
        self._client.send(shot)

    def _answered(self, shot: Shot, user: User, sent: Sent, source: int, now_s: RunTime, status: int) -> None:
        pause_s = self._script.pause_s(user, status, found=sent.takes(shot, user, self._client.origin))
        self._answered_with(now_s, pause_s if user.place else None, (user, source))
