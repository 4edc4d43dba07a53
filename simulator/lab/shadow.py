"""Shadow policies: evaluated on a run's metrics, on either clock, without acting, to see how far they diverge from it.

A shadow observes every closed second that the acting policy observes, and decides on its own tick, at whole seconds. A
policy that decides more often, or that reacts to queued requests, decides once a second. A shadow sees the instances of
the *acting* policy, so it says what it would have decided in that situation, not where its own decisions would have
led. `simulator compare` answers that.

A shadow never breaks the run: if a user's policy fails, the error is reported and its desired count stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from simulator.platform.platform import Platform, Service
from simulator.records.events import SecondClosed
from simulator.records.journal import Journal
from simulator.replay.run_context import PlatformOpened
from simulator.replay.service_plans import build_policy
from simulator.rules.policies.port import Decision, Observation, Policy, Sample
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.user_policy import GuardedPolicy, PolicyFailed
from simulator.traffic.policy_fit import PolicyNote, policy_notes

# Per shadow: enough for its history; the figures count all decisions.
DECISIONS_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class ShadowDecision:
    """A change of the shadow's desired count. `acting`: the desired count in force."""

    at_s: float
    before: int
    desired: int
    acting: int
    formula: str


@dataclass(slots=True)
class Divergence:
    """How a shadow differed from the acting policy, second by second, in instances."""

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
        """Share of the time in which the shadow desired another number."""
        return self.differing / self.seconds if self.seconds else None

    @property
    def mean_difference(self) -> float | None:
        """Mean of shadow minus acting: above 0, it would have desired more."""
        return self.sum_of_differences / self.seconds if self.seconds else None

    @property
    def mean_gap(self) -> float | None:
        """Mean of the absolute difference."""
        return self.sum_of_gaps / self.seconds if self.seconds else None

    def passed(self, difference: int) -> None:
        """Record a second with this difference."""
        self.seconds += 1
        self.differing += difference != 0
        self.sum_of_differences += difference
        self.sum_of_gaps += abs(difference)
        self.most_more = max(self.most_more, difference)
        self.most_fewer = max(self.most_fewer, -difference)


class Shadows:
    """The shadows of a run. Call `follow` before the run; read `divergences` after it."""

    def __init__(self, scenario: ScenarioSpec, policies: Sequence[str]) -> None:
        """Create the policies. Raises ValueError for a policy that does not exist or does not fit the scenario."""
        self.divergences: list[Divergence] = []
        self.notes: list[PolicyNote] = policy_notes(scenario)
        self._made: dict[str, list[tuple[Policy, frozenset[str]]]] = {name: [] for name in scenario.services}
        for given in policies:
            shadowed = scenario.with_policy(given, OnPolicyError.HOLD)
            shadowed.require("virtual")
            # A shadow sees the metrics of the run as they are: its platform settings are not applied.
            alone = {name: {"policy": service.policy} for name, service in shadowed.services.items()}
            self.notes += policy_notes(scenario.with_services(alone))
            for name, service in shadowed.services.items():
                self._made[name].append((build_policy(shadowed, name), service.policy.needs))

    def follow(self, journal: Journal) -> None:
        """Observe the run that tells `journal` of its course."""
        journal.subscribe(PlatformOpened, lambda opened: self._attach(opened.platform))

    def _attach(self, platform: Platform) -> None:
        listening: dict[str, list[Callable[[Sample], None]]] = {}
        for name, made in self._made.items():
            service = platform.services[name]
            listening[name] = [self._shadow(service, policy, needs, platform.clock.at_s) for policy, needs in made]

        def closed(second: SecondClosed) -> None:
            for listen in listening.get(second.service, ()):
                listen(second.sample)

        platform.journal.subscribe(SecondClosed, closed)

    def _shadow(
        self, service: Service, policy: Policy, needs: Iterable[str], at_s: Callable[[], float]
    ) -> Callable[[Sample], None]:
        divergence = Divergence(service.name, service.autoscaler.policy.name, policy.name)
        self.divergences.append(divergence)
        if isinstance(policy, GuardedPolicy):
            policy.journal.subscribe(PolicyFailed, lambda failed: divergence.failures.append(failed.line))
        if "latency" in needs:
            service.pool.keep_latencies()
        cpu = _CpuMeter(service) if "cpu" in needs else None
        return _Shadow(service, policy, divergence, at_s, cpu).second_closed


class _CpuMeter:
    """Adds the CPU seconds of a service to its samples, for a shadow policy that needs them."""

    def __init__(self, service: Service) -> None:
        self._used_s = service.serving.driver.cpu_used_s
        self._before_s = self._used_s()

    def added(self, sample: Sample) -> Sample:
        before_s, self._before_s = self._before_s, self._used_s()
        return sample._replace(cpu_s=self._before_s - before_s)


class _Shadow:
    """One shadow policy at one service."""

    def __init__(
        self,
        service: Service,
        policy: Policy,
        divergence: Divergence,
        at_s: Callable[[], float],
        cpu: _CpuMeter | None,
    ) -> None:
        self._service = service
        self._policy = policy
        self._divergence = divergence
        self._at_s = at_s
        self._cpu = cpu
        self._desired = service.replica_set.desired

    def second_closed(self, sample: Sample) -> None:
        """Compare the desired counts of the second that has ended; then pass it to the shadow, which may decide."""
        self._divergence.passed(self._desired - self._service.replica_set.desired)
        self._policy.observe(sample if self._cpu is None else self._cpu.added(sample))
        ticks_before, ticks_now = (
            math.floor(moment / self._policy.tick_s) for moment in (sample.second, sample.second + 1)
        )
        if ticks_now > ticks_before:
            decision = self._policy.decide(self._observation())
            if decision is not None and decision.desired != self._desired:
                self._changed(decision)

    def _changed(self, decision: Decision) -> None:
        if len(self._divergence.decisions) < DECISIONS_KEPT:
            acting = self._service.replica_set.desired
            self._divergence.decisions.append(
                ShadowDecision(self._at_s(), self._desired, decision.desired, acting, decision.formula)
            )
        self._desired = decision.desired

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
