"""Limits on the changes that follow a recommendation: the `behavior` of Kubernetes' HPA v2 (policies 3.2).

Two parts, in this order. Stabilisation: the replicas do not exceed the smallest recommendation of the up window and do
not go below the largest of the down window. Rate limits: within a period only a certain number or share of the replicas
at its start may be added or removed. Of several limits the most permissive (`max`) or the strictest (`min`) applies;
`disabled` allows no change.

Follows `stabilizeRecommendationWithBehaviors` and `convertDesiredReplicasWithBehaviorRate` of
pkg/controller/podautoscaler/horizontal.go (read), defaults of pkg/apis/autoscaling/v2/defaults.go (1adaa753; read).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final, Literal, get_args

from simulator.rules.policies.ranges import check_choice, check_within

Select = Literal["max", "min", "disabled"]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Maximum change within any `period_s`: a number of `pods`, or a `share` of the pods at the start of the period.

    Raises:
        ValueError: if a number is out of range, or unless exactly one of pods and share is given.
    """

    pods: int | None = None
    share: float | None = None
    period_s: float = 15.0

    def __post_init__(self) -> None:
        if self.pods is not None and self.share is not None:
            msg = f"pods = {self.pods}, must be left out where share is given"
            raise ValueError(msg)
        if self.pods is None and self.share is None:
            msg = "pods = nothing, must be given where share is not"
            raise ValueError(msg)
        if self.pods is not None:
            check_within("pods", self.pods, 1, 1000)
        if self.share is not None:
            check_within("share", self.share, 0.01, 1000)
        check_within("period_s", self.period_s, 1, 1800)  # the bounds of the API (memory)

    def most(self, start: int) -> int:
        """Return the upper limit in a period that began with `start` pods, rounded up to whole pods."""
        if self.pods is not None:
            return start + self.pods
        assert self.share is not None
        return math.ceil(start * (1 + self.share))

    def least(self, start: int) -> int:
        """Return the lower limit in a period that began with `start` pods, truncated as in the controller."""
        if self.pods is not None:
            return start - self.pods
        assert self.share is not None
        return int(start * (1 - self.share))


# defaults.go: scale up by 4 pods or 100 % per 15 s, whichever is more; scale down by 100 % per 15 s.
UP_LIMITS: Final = (RateLimit(pods=4), RateLimit(share=1.0))
DOWN_LIMITS: Final = (RateLimit(share=1.0),)
UP_STABILISATION_S: Final = 0.0
DOWN_STABILISATION_S: Final = 300.0  # --horizontal-pod-autoscaler-downscale-stabilization 5m0s


@dataclass(frozen=True, slots=True)
class Direction:
    """The rules for one direction. `floor`: a number of replicas that is always allowed at once (up only).

    Raises:
        ValueError: if a number is out of range.
    """

    stabilisation_s: float
    limits: tuple[RateLimit, ...]
    select: Select = "max"
    floor: int = 0

    def __post_init__(self) -> None:
        check_within("stabilisation_s", self.stabilisation_s, 0, 3600)
        check_choice("select", self.select, get_args(Select))
        if not self.limits and self.select != "disabled":
            msg = "limits = [], must be at least one"
            raise ValueError(msg)


UP: Final = Direction(UP_STABILISATION_S, UP_LIMITS)
DOWN: Final = Direction(DOWN_STABILISATION_S, DOWN_LIMITS)


class HpaBehaviour:
    """Applies both parts; keeps past recommendations and changes for as long as the rules need them."""

    __slots__ = ("_added", "_down", "_longest_s", "_recommended", "_removed", "_up")

    def __init__(self, up: Direction = UP, down: Direction = DOWN) -> None:
        self._up = up
        self._down = down
        self._longest_s = max((limit.period_s for limit in up.limits + down.limits), default=0.0)
        self._recommended: deque[tuple[float, int]] = deque()
        self._added: deque[tuple[float, int]] = deque()  # (time, number of replicas)
        self._removed: deque[tuple[float, int]] = deque()

    def reconcile(self, now_s: float, current: int) -> None:
        """Record a reconciliation. At the first one the current number of replicas is recorded as a recommendation,
        before any rule applies (`recordInitialRecommendation`), so nothing is removed within the first down window.
        """
        if not self._recommended:
            self._recommended.append((now_s, current))

    def settle(self, now_s: float, current: int, wanted: int) -> tuple[int, tuple[str, ...]]:
        """Return the number of replicas that is allowed now for a recommendation of `wanted`, and the clamps. Times
        must not decrease.
        """
        clamps: tuple[str, ...] = ()
        stable = self._stabilised(now_s, current, wanted)
        if stable != wanted:
            clamps = (f"stabilisation: {stable}",)
        allowed = self._limited(now_s, current, stable)
        if allowed != stable:
            clamps += (f"rate limit: {allowed}",)
        return allowed, clamps

    def moved(self, now_s: float, before: int, after: int) -> None:
        """Record a change of the replicas, which counts against the limits of this period."""
        if after > before:
            _remember(self._added, now_s, after - before, self._longest_s)
        elif after < before:
            _remember(self._removed, now_s, before - after, self._longest_s)

    def _stabilised(self, now_s: float, current: int, wanted: int) -> int:
        ceiling = floor = wanted
        up_after_s = now_s - self._up.stabilisation_s
        down_after_s = now_s - self._down.stabilisation_s
        for at_s, replicas in self._recommended:
            if at_s > up_after_s and replicas < ceiling:
                ceiling = replicas
            if at_s > down_after_s and replicas > floor:
                floor = replicas
        _remember(self._recommended, now_s, wanted, max(self._up.stabilisation_s, self._down.stabilisation_s))
        return min(max(current, ceiling), floor)

    def _limited(self, now_s: float, current: int, wanted: int) -> int:
        if wanted > current:
            return min(wanted, max(self._most(now_s, current), self._up.floor, current))
        if wanted < current:
            return max(wanted, min(self._least(now_s, current), current))
        return wanted

    def _most(self, now_s: float, current: int) -> int:
        """Return the upper limit now; it is below `current` if more than allowed was added in the period."""
        if self._up.select == "disabled":
            return current
        limits = [limit.most(self._start(now_s, current, limit.period_s)) for limit in self._up.limits]
        return max(limits) if self._up.select == "max" else min(limits)

    def _least(self, now_s: float, current: int) -> int:
        if self._down.select == "disabled":
            return current
        limits = [limit.least(self._start(now_s, current, limit.period_s)) for limit in self._down.limits]
        return min(limits) if self._down.select == "max" else max(limits)

    def _start(self, now_s: float, current: int, period_s: float) -> int:
        """Return the number of replicas at the start of the period that ends now."""
        after_s = now_s - period_s
        added = sum(change for at_s, change in self._added if at_s > after_s)
        removed = sum(change for at_s, change in self._removed if at_s > after_s)
        return current - added + removed


def _remember(past: deque[tuple[float, int]], now_s: float, value: int, span_s: float) -> None:
    past.append((now_s, value))
    while past[0][0] <= now_s - span_s and len(past) > 1:
        past.popleft()
