"""Shadow policies: evaluated on the signal of a run, on either clock, without acting; how far they would have diverged.

A shadow observes every closed second that the acting policy observes, and decides on its own tick, at whole seconds. A
policy that decides more often, or that reacts to queued requests, decides once a second. A shadow sees the instances of
the *acting* policy, so it says what it would have decided in that situation, not where its own decisions would have
led. `simulator compare` answers that.

A shadow never breaks the run: a user's policy that fails is told, and holds its desired count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from simulator.assembly import Platform, Service
from simulator.replay.plan import build_policy
from simulator.replay.policy_fit import PolicyNote, policy_notes
from simulator.replay.scenario import Scenario
from simulator.replay.user_policy import GuardedPolicy, OnPolicyError
from simulator.rules.policies.port import Decision, Observation, Policy, Sample

# Of one shadow: enough to see its story; the figures count all.
DECISIONS_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class ShadowDecision:
    """The shadow's desired count changed. `acting`: the desired count in force."""

    at_s: float
    before: int
    desired: int
    acting: int
    formula: str


@dataclass(slots=True)
class Divergence:
    """How a shadow differed from the policy that acted, second by second. Instances."""

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
        """Share of the time in which it wanted another number."""
        return self.differing / self.seconds if self.seconds else None

    @property
    def mean_difference(self) -> float | None:
        """Shadow minus acting: above 0, it would have wanted more."""
        return self.sum_of_differences / self.seconds if self.seconds else None

    @property
    def mean_gap(self) -> float | None:
        """The same without its sign."""
        return self.sum_of_gaps / self.seconds if self.seconds else None

    def passed(self, difference: int) -> None:
        """A second went by with this difference."""
        self.seconds += 1
        self.differing += difference != 0
        self.sum_of_differences += difference
        self.sum_of_gaps += abs(difference)
        self.most_more = max(self.most_more, difference)
        self.most_fewer = max(self.most_fewer, -difference)


class Shadows:
    """The shadows of a run. Hand `attach` to `Run.on_open`; read `divergences` when the run is over."""

    def __init__(self, scenario: Scenario, policies: Sequence[str]) -> None:
        """Raises ValueError for a policy that is not there or does not fit the scenario."""
        self.divergences: list[Divergence] = []
        self.notes: list[PolicyNote] = policy_notes(scenario)
        self._made: dict[str, list[tuple[Policy, frozenset[str]]]] = {name: [] for name in scenario.services}
        for told in policies:
            shadowed = scenario.with_policy(told, OnPolicyError.HOLD)
            shadowed.require("virtual")
            # A shadow sees the signal of the run as it is: nothing of its own platform comes along.
            alone = {name: {"policy": service.policy} for name, service in shadowed.services.items()}
            self.notes += policy_notes(scenario.with_services(alone))
            for name, service in shadowed.services.items():
                self._made[name].append((build_policy(shadowed, name), service.policy.needs))

    def attach(self, platform: Platform) -> None:
        """Listen to the platform's closed seconds, beside whoever listens already."""
        listening: dict[str, list[Callable[[Sample], None]]] = {}
        for name, made in self._made.items():
            service = platform.services[name]
            listening[name] = [self._shadow(service, policy, needs, platform.clock.at_s) for policy, needs in made]
        before = platform.on_sample

        def on_sample(name: str, sample: Sample) -> None:
            before(name, sample)
            for listen in listening.get(name, ()):
                listen(sample)

        platform.on_sample = on_sample

    def _shadow(
        self, service: Service, policy: Policy, needs: Iterable[str], at_s: Callable[[], float]
    ) -> Callable[[Sample], None]:
        divergence = Divergence(service.name, service.autoscaler.policy.name, policy.name)
        self.divergences.append(divergence)
        if isinstance(policy, GuardedPolicy):
            policy.tell = divergence.failures.append
        if "latency" in needs:
            service.pool.keep_latencies()
        cpu = _CpuMeter(service) if "cpu" in needs else None
        return _Shadow(service, policy, divergence, at_s, cpu).second_closed


class _CpuMeter:
    """CPU seconds of a service that nobody else measures."""

    def __init__(self, service: Service) -> None:
        self._used_s: Callable[[], float] | None = getattr(service.serving.driver, "cpu_used_s", None)
        if self._used_s is None:
            msg = f"services.{service.name} = a real application, must be simulated for a shadow that needs its CPU"
            raise ValueError(msg)
        self._before_s = self._used_s()

    def added(self, sample: Sample) -> Sample:
        assert self._used_s is not None
        before_s, self._before_s = self._before_s, self._used_s()
        return sample._replace(cpu_s=self._before_s - before_s)


class _Shadow:
    """One policy at one service."""

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
        self._desired = service.roster.desired

    def second_closed(self, sample: Sample) -> None:
        """The desired counts of the second that has just ended are compared; then the shadow learns of it and may
        decide.
        """
        self._divergence.passed(self._desired - self._service.roster.desired)
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
            acting = self._service.roster.desired
            self._divergence.decisions.append(
                ShadowDecision(self._at_s(), self._desired, decision.desired, acting, decision.formula)
            )
        self._desired = decision.desired

    def _observation(self) -> Observation:
        pool, roster = self._service.pool, self._service.roster
        return Observation(
            now_s=self._at_s(),
            ready=len(pool.ready),
            coming=roster.coming,
            in_flight=pool.in_flight,
            waiting=pool.waiting,
            scaling=pool.scaling,
        )
