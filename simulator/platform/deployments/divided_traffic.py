"""The upstream of a service during a canary: a share of the requests goes to the new revision, the rest to the old one.

Each request is assigned at random with the weights, as a load balancer with two weighted target groups does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

from simulator.edge.ports import Upstream
from simulator.fleet.exchange import PooledExchange
from simulator.fleet.pool.unavailable_upstream import StandInUpstream
from simulator.platform.revision import Revision


class _RoutedExchange(Protocol):
    upstream: Upstream


class DividedTraffic(StandInUpstream):
    """Passes each request on to one of two pools. `random` returns numbers from 0 to 1, without 1."""

    def __init__(self, old: Revision, new: Revision, share: float, random: Callable[[], float]) -> None:
        self._old = old
        self._new = new
        self._share = share
        self._random = random

    @property
    def service(self) -> str:
        return self._old.settings.service

    def offer(self, exchange: PooledExchange) -> None:
        is_new = self._random() < self._share
        if is_new:
            self._new.draw(exchange)  # the client has sampled the work of the old version's application
        pool = (self._new if is_new else self._old).upstream
        cast("_RoutedExchange", exchange).upstream = pool
        pool.offer(exchange)

    def abandon(self, exchange: PooledExchange) -> None:
        """Do nothing: a request belongs to its pool from its offer on."""
