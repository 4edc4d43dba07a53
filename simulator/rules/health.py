"""Health: how many probes in a row make an instance healthy or unhealthy, and how long a crash loop waits."""

from __future__ import annotations

from enum import Enum

from simulator.model.health import HealthCheck

# ASSUMPTION: App Runner's delay between replacements of an instance that keeps dying is unknown; this is the shape that
# Kubernetes and ECS use (nothing after a first death, then doubling to a bound). Settled by a log of a crash loop.
RESTART_DELAY_S_FIRST = 1.0
RESTART_DELAY_S_MAX = 60.0


class Health(Enum):
    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class Streak:
    """Counts probes in a row against the thresholds of a health check."""

    __slots__ = ("_check", "_failed", "_passed", "health")

    def __init__(self, check: HealthCheck, health: Health = Health.UNKNOWN) -> None:
        self._check = check
        self._passed = self._failed = 0
        self.health = health

    def probed(self, *, passed: bool) -> Health:
        if passed:
            self._passed, self._failed = self._passed + 1, 0
            if self._passed >= self._check.healthy_threshold:
                self.health = Health.HEALTHY
        else:
            self._passed, self._failed = 0, self._failed + 1
            if self._failed >= self._check.unhealthy_threshold:
                self.health = Health.UNHEALTHY
        return self.health


def restart_delay_s(deaths_in_a_row: int) -> float:
    """Seconds to wait before the replacement of an instance, given how many died without one becoming ready (>= 0)."""
    if deaths_in_a_row <= 1:
        return 0.0
    return float(min(RESTART_DELAY_S_MAX, RESTART_DELAY_S_FIRST * 2.0 ** min(deaths_in_a_row - 2, 16)))
