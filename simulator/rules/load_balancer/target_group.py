"""Routing of an Application Load Balancer: round robin, with slow start, or least outstanding requests.

These are the algorithms of rules/balancing.py without a limit of requests per target: MaxConcurrency has no meaning
for them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, assert_never

from simulator.rules.balancing import Balancer, LeastOutstanding, RoundRobin, Target
from simulator.rules.load_balancer.settings import ApplicationLoadBalancer, RoutingAlgorithm

_NO_LIMIT: Final = sys.maxsize
_QUEUES: Final = 64  # initial number of queues of least outstanding requests; it doubles on demand


class UnlimitedRoundRobin(RoundRobin):
    """Sends requests to the targets in turn.

    A target that enters while another target has its full share ramps up for `slow_start_s` seconds: its share of a
    full one increases linearly from 0 to 1. Of the requests it then skips its turns, except for that share of them.

    Theory: each turn of a ramping target adds its present share to its credit, and a request costs a credit of 1. So
    among n full targets and ramping ones with the shares s, a target gets s / (n + the sum of s) of the requests.
    ASSUMPTION: if only ramping targets are left, the ramps have no effect; the user guide names only the condition to
    begin one. Counts of requests per target after the last full target has left settle it.
    """

    def __init__(self, slow_start_s: float, now_s: Callable[[], float]) -> None:
        super().__init__(_NO_LIMIT)
        self._slow_start_s = slow_start_s
        self._now_s = now_s
        self._ramps: dict[Target, _Ramp] = {}

    def add(self, target: Target) -> None:
        self._end_ramps()
        if self._slow_start_s and len(self._places) > len(self._ramps):
            self._ramps[target] = _Ramp(self._now_s())
        super().add(target)

    def discard(self, target: Target) -> None:
        self._ramps.pop(target, None)
        super().discard(target)

    def take(self) -> Target | None:
        if self._ramps:
            self._skip_turns()
        return super().take()

    def resize(self, capacity: int) -> None:
        """Do nothing: the load balancer has no limit of requests per target."""

    def share(self, target: Target) -> float:
        """Return the share of a full one that `target` has, 0 to 1."""
        ramp = self._ramps.get(target)
        return 1.0 if ramp is None else min(1.0, (self._now_s() - ramp.began_s) / self._slow_start_s)

    def _end_ramps(self) -> None:
        for target in [target for target in self._ramps if self.share(target) >= 1]:
            del self._ramps[target]

    def _skip_turns(self) -> None:
        """Move ramping targets without credit to the end of the round, until the first one may take a request."""
        self._end_ramps()
        if len(self._ramps) == len(self._places):
            return
        while (ramp := self._ramps.get(target := next(iter(self._round)))) is not None:
            ramp.credit += self.share(target)
            if ramp.credit >= 1:
                ramp.credit -= 1
                return
            self._round.move_to_end(target)


class _Ramp:
    """The slow start of a target: when it began, and the part of a request that has been saved up."""

    __slots__ = ("began_s", "credit")

    def __init__(self, began_s: float) -> None:
        self.began_s = began_s
        self.credit = 0.0


class UnlimitedLeastOutstanding(LeastOutstanding):
    """Sends a request to the target with the fewest outstanding requests."""

    def __init__(self) -> None:
        super().__init__(_QUEUES)

    def take(self) -> Target | None:
        target = super().take()
        while target is None and any(self._queues):
            super().resize(2 * self.capacity)  # every target has as many requests as there are queues
            target = super().take()
        return target

    def resize(self, capacity: int) -> None:
        """Do nothing: the load balancer has no limit of requests per target."""


def target_group(settings: ApplicationLoadBalancer, now_s: Callable[[], float]) -> Balancer:
    """Return the routing of a target group. `now_s` returns the time of the clock that slow start follows."""
    match settings.algorithm:
        case RoutingAlgorithm.ROUND_ROBIN:
            return UnlimitedRoundRobin(settings.slow_start_s, now_s)
        case RoutingAlgorithm.LEAST_OUTSTANDING:
            return UnlimitedLeastOutstanding()
        case _:
            assert_never(settings.algorithm)
