"""Health: how many probes in a row make an instance healthy or unhealthy, and how long a crash loop waits."""

from __future__ import annotations

from enum import Enum

from simulator.model.health import HealthCheck
from simulator.model.units import duration_text

# ASSUMPTION: App Runner's delay between replacements of an instance that keeps dying is unknown; this is the shape that
# Kubernetes and ECS use (nothing after a first death, then doubling to a bound). Settled by a log of a crash loop.
RESTART_DELAY_S_FIRST = 1.0
RESTART_DELAY_S_MAX = 60.0
# ASSUMPTION: what counts as a start that failed is unknown as well. With a TCP check an application is healthy as soon
# as it listens, so one that falls soon after is in a loop all the same; settled by the log of such an application.
STEADY_S = 10.0


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


class CrashLoop:
    """Counts instances that die one after another without one that stays. Times in seconds of one clock.

    `steady_s`: how long an instance has to be healthy to have stayed.
    """

    __slots__ = ("_healthy_s", "_steady_s", "deaths")

    def __init__(self, steady_s: float = STEADY_S) -> None:
        self._steady_s = steady_s
        self.deaths = 0  # in a row
        self._healthy_s = float("inf")  # when, after the last death, an instance became healthy first

    def became_healthy(self, now_s: float) -> None:
        self._healthy_s = min(self._healthy_s, now_s)

    def died(self, now_s: float, healthy_s: float) -> None:
        """An instance died that had become healthy at `healthy_s`, infinite when it never did."""
        if now_s - self._healthy_s >= self._steady_s:
            self.deaths = 0  # another has stayed meanwhile
        self.deaths = 0 if now_s - healthy_s >= self._steady_s else self.deaths + 1
        self._healthy_s = float("inf")

    @property
    def delay_s(self) -> float:
        """To wait before the next start. None once an instance is healthy, whatever becomes of it."""
        return restart_delay_s(self.deaths) if self._healthy_s == float("inf") else 0.0

    def __str__(self) -> str:
        """For the event log, after a death that makes others wait."""
        wait = duration_text(self.delay_s)
        return f"{self.deaths} instances in a row have died without one that stays: the next one starts in {wait}"


def restart_delay_s(deaths_in_a_row: int) -> float:
    """Seconds to wait before the replacement of an instance, given how many died in a row (>= 0)."""
    if deaths_in_a_row <= 1:
        return 0.0
    return float(min(RESTART_DELAY_S_MAX, RESTART_DELAY_S_FIRST * 2.0 ** min(deaths_in_a_row - 2, 16)))
