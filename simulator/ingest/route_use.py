"""How often each route of a service is requested, how long it takes, and how much it sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.ingest.blocks import Floats, Integers, Requests
from simulator.ingest.duration_histogram import DurationHistogram

# Routes that a scenario lists: the busiest. The rest is one request to `/`.
LISTED_MAX: Final = 12
# A route with fewer durations has no distribution of its own.
_DURATIONS_MIN: Final = 100
_STATUS_CLASSES: Final = 6


@dataclass(frozen=True, slots=True)
class RouteShare:
    """A route in the mix of a service. `sent_bytes`: the mean size of its responses.

    `durations`: None if it has too few for a distribution of its own.
    """

    method: str
    path: str
    requests: float
    sent_bytes: float
    durations: DurationHistogram | None


class RouteUse:
    """Counts the requests, the durations and the bytes of each route, and the statuses of all."""

    def __init__(self) -> None:
        self.statuses: Integers = np.zeros(_STATUS_CLASSES, dtype=np.int64)
        """Responses by the first digit of their status; index 0: without a response."""
        self._requests: Floats = np.zeros(0)
        self._sent: Floats = np.zeros(0)
        self._durations: dict[int, DurationHistogram] = {}

    def add(self, block: Requests) -> None:
        """Add requests; those without a route are counted by their status only."""
        if block.status is not None:
            classes = np.clip(block.status // 100, 0, _STATUS_CLASSES - 1)
            self.statuses += np.bincount(classes, minlength=_STATUS_CLASSES)
        if block.route is None or not len(block.route):
            return
        known = block.route >= 0
        routes = block.route[known]
        if not len(routes):
            return
        self._reach(int(routes.max()) + 1)
        self._requests += np.bincount(routes, minlength=len(self._requests))
        if block.sent_bytes is not None:
            sent = np.nan_to_num(block.sent_bytes[known])
            self._sent += np.bincount(routes, weights=sent, minlength=len(self._requests))
        if block.duration_s is not None:
            self._add_durations(routes, block.duration_s[known])

    def shares(self, names: Sequence[str]) -> list[RouteShare]:
        """Return the busiest routes, the busiest first, and the rest as one.

        `names`: of all routes of the import; routes of the same name are one.
        """
        used: dict[str, list[int]] = {}
        for route in np.flatnonzero(self._requests).tolist():
            used.setdefault(names[route], []).append(route)
        order = sorted(used, key=lambda name: -float(self._requests[used[name]].sum()))
        shares = [self._share(name, used[name]) for name in order[:LISTED_MAX]]
        if len(order) > LISTED_MAX:
            shares.append(self._share("GET /", [route for name in order[LISTED_MAX:] for route in used[name]]))
        return shares

    def _share(self, name: str, routes: Sequence[int]) -> RouteShare:
        method, _, path = name.partition(" ")
        requests = float(self._requests[list(routes)].sum())
        durations = DurationHistogram()
        for route in routes:
            if route in self._durations:
                durations.merge(self._durations[route])
        sent = float(self._sent[list(routes)].sum()) / requests
        return RouteShare(method, path, requests, sent, durations if durations.count >= _DURATIONS_MIN else None)

    def _reach(self, size: int) -> None:
        if size > len(self._requests):
            more = np.zeros(size - len(self._requests))
            self._requests = np.concatenate([self._requests, more])
            self._sent = np.concatenate([self._sent, more])

    def _add_durations(self, routes: Integers, seconds: Floats) -> None:
        order = np.argsort(routes, kind="stable")
        ordered, found = np.unique(routes[order], return_index=True)
        for route, part in zip(ordered.tolist(), np.split(seconds[order], found[1:]), strict=True):
            self._durations.setdefault(route, DurationHistogram()).add(part)
