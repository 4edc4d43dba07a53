"""Open-loop load: requests are sent at their intended times, whatever the responses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from simulator.model.times import RunTime
from simulator.traffic.live.chain import BATCH, DueChain
from simulator.traffic.live.client import LoadClient
from simulator.traffic.live.request import RequestChoice, Shot


class OpenLoad:
    """Sends the requests of `arrivals`: (seconds of the run, request, source), in the order of time."""

    def __init__(self, client: LoadClient, arrivals: Iterator[tuple[RunTime, RequestChoice, int]]) -> None:
        self._client = client
        self._arrivals = arrivals
        self._next: tuple[RunTime, RequestChoice, int] | None = None
        self._chain = DueChain(self._fire, client.origin_s, client.now)
        self.broken = self._chain.broken
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self) -> None:
        self._chain.due(0.0)
        self._next = next(self._arrivals, None)

    def stop(self) -> None:
        """Send no new requests."""
        self._chain.stop()
        self._next = None
        self._end()

    def _fire(self, now_s: RunTime) -> float | None:
        send, arrivals = self._client.send, self._arrivals
        for _ in range(BATCH):
            if self._next is None:
                self._end()
                return None
            intended_s, choice, source = self._next
            if intended_s > now_s:
                return intended_s
            send(Shot(source, intended_s, choice))
            self._next = next(arrivals, None)
        return now_s

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
