"""The autoscaler's loop: close each second, let the policy observe it, request a decision every tick, and apply it.

Policies compute decisions from observations only. This loop is the only one that runs them, on either clock.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import NamedTuple

from simulator.fleet.instance import Instance
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import PoolSupply
from simulator.fleet.replicas.replica_set import ReplicaSet
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.times import RunTime
from simulator.records.events import ConfigurationChanged, PolicyEvaluated, ScalingDecided, SecondClosed
from simulator.records.journal import Journal
from simulator.rules.meter import combined
from simulator.rules.policies.port import Decision, Observation, Policy, Sample
from simulator.world.clock import RunClock


class ScaledRevision(NamedTuple):
    """A revision as the autoscaler scales and measures it.

    `cpu_used_s` returns the CPU seconds of its instances so far, `memory_bytes` the memory in use by the ready ones;
    None: not measured.
    """

    pool: PoolSupply[Instance]
    replica_set: ReplicaSet
    cpu_used_s: Callable[[], float] | None = None
    memory_bytes: Callable[[], float] | None = None

    def cpu_s(self) -> float:
        """Return the CPU seconds used so far; 0 if they are not measured."""
        return 0.0 if self.cpu_used_s is None else self.cpu_used_s()

    def sample(self, second: int, cpu_s: float) -> Sample:
        """Return the sample of a second, in which the instances used `cpu_s`."""
        sample = self.pool.close_second(second, cpu_s)
        return sample if self.memory_bytes is None else sample._replace(memory_bytes=self.memory_bytes())


class Autoscaler:
    """The autoscaler of one service. The journal gets every closed second and every decision.

    It scales one revision, or during some deployments several to the same count: they are one service, whose traffic
    and instances are measured together.
    """

    def __init__(self, scaled: ScaledRevision, policy: Policy, *, clock: RunClock, journal: Journal) -> None:
        self.policy = policy
        self.decisions = 0  # decisions requested so far, including those that changed nothing
        self.deploys = False  # a deployment of the service is in progress
        self._scaled: tuple[ScaledRevision, ...] = (scaled,)
        self._cpu_closed_s = [0.0]  # of each revision, at the end of the last second
        self._replica_set = scaled.replica_set  # of the revision whose count is recorded
        self._clock = clock
        self._journal = journal
        self._service = scaled.replica_set.settings.service
        self._loop = asyncio.get_running_loop()
        if policy.reacts_to_queue:
            scaled.pool.on_queued(self.trigger)

    @property
    def settings(self) -> PoolSettings:
        """The settings of the revision that is scaled."""
        return self._replica_set.settings

    def turn_to(self, scaled: ScaledRevision, *others: ScaledRevision) -> None:
        """Scale other revisions from now on; the policy keeps its observations of the service's traffic.

        The first is the one whose desired count is recorded.
        """
        before = dict(zip((each.replica_set for each in self._scaled), self._cpu_closed_s, strict=True))
        for each in self._scaled:
            each.pool.on_queued(None)
        self._scaled, self._replica_set = (scaled, *others), scaled.replica_set
        for each in self._scaled:
            if each.replica_set not in before:
                each.pool.close_second(-1)
                before[each.replica_set] = each.cpu_s()
        self._cpu_closed_s = [before[each.replica_set] for each in self._scaled]
        self._follow_queues()

    def follow(self, policy: Policy) -> None:
        """Let another policy decide from now on, beginning with its next tick.

        Its actuator may differ in the start lag only.
        """
        self.policy = policy
        self._follow_queues()
        for each in self._scaled:
            each.replica_set.actuator = policy.actuator
            each.pool.limit_queue(self.settings.overflow.queue)

    async def run(self) -> None:
        """Run until cancelled: sample at whole seconds of the run, and decide at whole ticks after the sample."""
        for each in self._scaled:
            each.pool.close_second(-1)  # requests before the run do not belong to any sample
        second = math.floor(self._clock.at_s())
        policy = self.policy
        tick = math.floor(self._clock.at_s() / policy.tick_s) + 1
        while True:
            due_at_s = RunTime(min(second + 1.0, tick * policy.tick_s))
            await asyncio.sleep(self._clock.loop_s(due_at_s) - self._loop.time())
            if due_at_s == second + 1.0:
                self._close(second)
                second += 1
            if self.policy is not policy:  # another policy decides now, and has its own ticks
                policy = self.policy
                tick = math.ceil(due_at_s / policy.tick_s)
            elif due_at_s == tick * policy.tick_s:
                self.decide()
                tick += 1

    def trigger(self) -> None:
        """Decide immediately, because a request is queued."""
        self.decide()

    def decide(self) -> None:
        decision = self.policy.decide(self.observation())
        if decision is None:
            return
        self.decisions += 1
        self._journal.publish(PolicyEvaluated(self._clock.at_s(), self._service, decision))
        if decision.desired != self._replica_set.desired:
            self._record(decision)
        for each in self._scaled:
            each.replica_set.resize(decision.desired, decision.active)
            if decision.queue_max is not None:
                each.pool.limit_queue(min(decision.queue_max, self.settings.overflow.queue))

    def _close(self, second: int) -> None:
        samples: list[Sample] = []
        for index, each in enumerate(self._scaled):
            used_s = each.cpu_s()
            samples.append(each.sample(second, used_s - self._cpu_closed_s[index]))
            self._cpu_closed_s[index] = used_s
        sample = combined(samples)
        self.policy.observe(sample)
        self._journal.publish(SecondClosed(self._service, sample))

    def _follow_queues(self) -> None:
        for each in self._scaled:
            each.pool.on_queued(self.trigger if self.policy.reacts_to_queue else None)

    def observation(self) -> Observation:
        """Return the current observation for a policy."""
        ready = coming = in_flight = waiting = 0
        for each in self._scaled:  # a loop, as several sums would take longer than the policy
            pool = each.pool
            ready += len(pool.ready)
            coming += each.replica_set.coming
            in_flight += pool.in_flight
            waiting += pool.queued
        return Observation(
            now_s=self._clock.at_s(),
            ready=ready,
            coming=coming,
            in_flight=in_flight,
            waiting=waiting,
            scaling=self._scaled[0].pool.scaling,
            deploys=self.deploys,
        )

    def _record(self, decision: Decision) -> None:
        self._journal.record(
            ScalingDecided(
                at_s=self._clock.at_s(),
                service=self._service,
                policy=self.policy.name,
                before=self._replica_set.desired,
                desired=decision.desired,
                formula=decision.formula,
                reason=self._replica_set.capacity.explained(decision.reason, decision.desired),
                inputs=decision.inputs,
                clamps=decision.clamps,
                assumes=decision.assumes,
            )
        )


def change_configuration(
    replica_set: ReplicaSet,
    *,
    max_concurrency: int | None,
    min_size: int | None,
    max_size: int | None,
    clock: RunClock,
    journal: Journal,
) -> AutoScalingConfiguration:
    """Change the auto scaling configuration; None keeps a value. Raises ValueError if the values are inconsistent."""
    before = replica_set.pool.scaling
    scaling = AutoScalingConfiguration(
        max_concurrency=before.max_concurrency if max_concurrency is None else max_concurrency,
        min_size=before.min_size if min_size is None else min_size,
        max_size=before.max_size if max_size is None else max_size,
    )
    replica_set.configure(scaling)
    journal.record(
        ConfigurationChanged(
            clock.at_s(), replica_set.settings.service, scaling.max_concurrency, scaling.min_size, scaling.max_size
        )
    )
    return scaling
