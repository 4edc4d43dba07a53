"""Health of instances: the consecutive probe results that make an instance healthy or unhealthy, and the delay before
an instance that crashes repeatedly is replaced.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from simulator.model.text.units import duration_text

# ASSUMPTION: App Runner's delay between replacements of an instance that crashes repeatedly is unknown. The rule used
# is that of Kubernetes and ECS: no delay after the first crash, then a delay that doubles up to a bound. A log of a
# crash loop settles it.
RESTART_DELAY_S_FIRST = 1.0
RESTART_DELAY_S_MAX = 60.0
# ASSUMPTION: which crashes App Runner counts as failed starts is unknown as well. With a TCP check an application is
# healthy as soon as it listens, so one that crashes soon afterwards counts here as in a crash loop too. The log of such
# an application settles it.
STEADY_S = 10.0


class Health(Enum):
    """Whether an instance is healthy, by its consecutive probe results."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class ProbeThresholds(Protocol):
    """Consecutive probe results that change the health, as a health check or a container's probe has them."""

    @property
    def healthy_threshold(self) -> int: ...

    @property
    def unhealthy_threshold(self) -> int: ...


class Streak:
    """Compares the number of consecutive probe results with the thresholds of a health check."""

    __slots__ = ("_check", "_failed", "_healthy_threshold", "_passed", "health")

    def __init__(
        self, check: ProbeThresholds, health: Health = Health.UNKNOWN, healthy_threshold: int | None = None
    ) -> None:
        """Create a streak. `healthy_threshold` replaces that of the check."""
        self._check = check
        self._healthy_threshold = check.healthy_threshold if healthy_threshold is None else healthy_threshold
        self._passed = self._failed = 0
        self.health = health

    def probed(self, *, passed: bool) -> Health:
        if passed:
            self._passed, self._failed = self._passed + 1, 0
            if self._passed >= self._healthy_threshold:
                self.health = Health.HEALTHY
        else:
            self._passed, self._failed = 0, self._failed + 1
            if self._failed >= self._check.unhealthy_threshold:
                self.health = Health.UNHEALTHY
        return self.health


class CrashLoop:
    """Counts consecutive crashes of instances without a stable instance between them. Times are in seconds of one
    clock.

    An instance is stable after it has been healthy for `steady_s`.
    """

    __slots__ = ("_healthy_s", "_steady_s", "crashes")

    def __init__(self, steady_s: float = STEADY_S) -> None:
        self._steady_s = steady_s
        self.crashes = 0  # consecutive crashes
        self._healthy_s = float("inf")  # time of the first instance that became healthy after the last crash

    def became_healthy(self, now_s: float) -> None:
        self._healthy_s = min(self._healthy_s, now_s)

    def crashed(self, now_s: float, healthy_s: float) -> None:
        """Count the crash of an instance that became healthy at `healthy_s` (infinite if it never did)."""
        if now_s - self._healthy_s >= self._steady_s:
            self.crashes = 0  # another instance has been stable since the last crash
        self.crashes = 0 if now_s - healthy_s >= self._steady_s else self.crashes + 1
        self._healthy_s = float("inf")

    @property
    def delay_s(self) -> float:
        """Seconds to wait before the next start; 0 if any instance has become healthy since the last crash."""
        return restart_delay_s(self.crashes) if self._healthy_s == float("inf") else 0.0

    def __str__(self) -> str:
        """Return the text for the event log after a crash that delays the next start."""
        wait = duration_text(self.delay_s)
        return f"{self.crashes} consecutive instances have crashed: the next one starts in {wait}"


def restart_delay_s(consecutive_crashes: int) -> float:
    """Return the seconds to wait before an instance is replaced after that many consecutive crashes (>= 0)."""
    if consecutive_crashes <= 1:
        return 0.0
    return float(min(RESTART_DELAY_S_MAX, RESTART_DELAY_S_FIRST * 2.0 ** min(consecutive_crashes - 2, 16)))
