"""A shadow: a policy that is evaluated on a service's metrics, on either clock, without acting.

A shadow observes every closed second that the acting policy observes, and decides on its own tick, at whole seconds. A
policy that decides more often, or that reacts to queued requests, decides once per second. A shadow observes the
instances of the *acting* policy, so its decisions are those for that situation; the effect of its own decisions is not
simulated. `simulator compare` does that.

A failure of a shadow does not end the run: if a user's policy fails, the error is reported and its desired count stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from simulator.fleet.instance import Instance
from simulator.fleet.ports import PoolSupply
from simulator.platform.platform import Service
from simulator.rules.policies.port import Decision, Observation, Policy, Sample
from simulator.scenario.user_policy import ERRORS_SHOWN, GuardedPolicy, PolicyFailed

# per shadow: enough for its history; the figures count all decisions
DECISIONS_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class ShadowDecision:
    """A change of the shadow's desired count. `acting`: the acting policy's desired count at that time."""

    at_s: float
    before: int
    desired: int
    acting: int
    formula: str


@dataclass(slots=True)
class Divergence:
    """Difference of a shadow from the acting policy, in instances, second by second."""

    service: str
    acting: str
    shadow: str
    seconds: int = 0
    differing: int = 0
    sum_of_differences: int = 0
    sum_of_gaps: int = 0
    most_more: int = 0
    most_fewer: int = 0
    decisions: list[ShadowDecision] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def differing_share(self) -> float | None:
        """Share of the seconds in which the shadow desired another number of instances."""
        return self.differing / self.seconds if self.seconds else None

    @property
    def mean_difference(self) -> float | None:
        """Mean of shadow minus acting, in instances; above 0, the shadow would have desired more."""
        return self.sum_of_differences / self.seconds if self.seconds else None

    @property
    def mean_gap(self) -> float | None:
        """Mean of the absolute difference in instances."""
        return self.sum_of_gaps / self.seconds if self.seconds else None

    def passed(self, difference: int) -> None:
        """Record a second with this difference."""
        self.seconds += 1
        self.differing += difference != 0
        self.sum_of_differences += difference
        self.sum_of_gaps += abs(difference)
        self.most_more = max(self.most_more, difference)
        self.most_fewer = max(self.most_fewer, -difference)


class _CpuMeter:
    """Adds the CPU seconds of a service to its samples, for a shadow policy that reads them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._driver = service.serving.driver
        self._before_s = self._driver.cpu_used_s()

    def added(self, sample: Sample) -> Sample:
        driver = self._service.serving.driver
        if driver is not self._driver:  # another revision serves, with its own CPU clock
            self._driver, self._before_s = driver, 0.0
        before_s, self._before_s = self._before_s, driver.cpu_used_s()
        return sample._replace(cpu_s=self._before_s - before_s)


class Shadow:
    """A shadow policy at one service, whose revisions may change."""

    def __init__(
        self,
        service: Service,
        policy: Policy,
        needs: Iterable[str],
        at_s: Callable[[], float],
        decided: Callable[[ShadowDecision], None] | None = None,
    ) -> None:
        """Create the shadow. `needs`: metrics that it reads; `decided` gets each change of the desired count."""
        self.divergence = Divergence(service.name, service.autoscaler.policy.name, policy.name)
        self.desired = service.replica_set.desired
        self._service = service
        self._at_s = at_s
        self._decided = decided
        self._reads_latency = "latency" in needs
        self._pool: PoolSupply[Instance] | None = None
        self._reads_memory = "memory" in needs
        self._cpu = _CpuMeter(service) if "cpu" in needs else None
        self.follow(policy)
        self._attend()

    def follow(self, policy: Policy) -> None:
        """Evaluate another policy from now on, such as a new version of a user's file."""
        self._policy = policy
        if isinstance(policy, GuardedPolicy):
            policy.journal.subscribe(PolicyFailed, self._failed)

    def _failed(self, failed: PolicyFailed) -> None:
        if len(self.divergence.failures) < ERRORS_SHOWN:
            self.divergence.failures.append(failed.line)

    def _attend(self) -> None:
        """Make the serving pool measure what the policy reads."""
        if self._reads_latency and self._pool is not self._service.pool:
            self._pool = self._service.pool
            self._pool.keep_latencies()

    def second_closed(self, sample: Sample) -> None:
        """Compare the desired counts of the second that has ended, then let the shadow observe it; it may decide."""
        self._attend()
        self.divergence.passed(self.desired - self._service.replica_set.desired)
        if self._reads_memory:
            sample = sample._replace(memory_bytes=self._service.serving.memory_bytes())
        self._policy.observe(sample if self._cpu is None else self._cpu.added(sample))
        ticks_before, ticks_now = (
            math.floor(moment / self._policy.tick_s) for moment in (sample.second, sample.second + 1)
        )
        if ticks_now > ticks_before:
            decision = self._policy.decide(self._observation())
            if decision is not None and decision.desired != self.desired:
                self._changed(decision)

    def _changed(self, decision: Decision) -> None:
        acting = self._service.replica_set.desired
        change = ShadowDecision(self._at_s(), self.desired, decision.desired, acting, decision.formula)
        if len(self.divergence.decisions) < DECISIONS_KEPT:
            self.divergence.decisions.append(change)
        self.desired = decision.desired
        if self._decided is not None:
            self._decided(change)

    def _observation(self) -> Observation:
        pool, replica_set = self._service.pool, self._service.replica_set
        return Observation(
            now_s=self._at_s(),
            ready=len(pool.ready),
            coming=replica_set.coming,
            in_flight=pool.in_flight,
            waiting=pool.queued,
            scaling=pool.scaling,
        )
