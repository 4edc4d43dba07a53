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
from simulator.rules.policies.port import Decision, Observation, Policy
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


class Autoscaler:
    """The autoscaler of one service. The journal gets every closed second and every decision."""

    def __init__(self, scaled: ScaledRevision, policy: Policy, *, clock: RunClock, journal: Journal) -> None:
        self.policy = policy
        self.decisions = 0  # decisions requested so far, including those that changed nothing
        self.deploys = False  # a deployment of the service is in progress
        self._scaled = scaled
        self._pool = scaled.pool
        self._replica_set = scaled.replica_set
        self._clock = clock
        self._journal = journal
        self._service = scaled.replica_set.settings.service
        self._cpu_closed_s = 0.0
        self._loop = asyncio.get_running_loop()
        if policy.reacts_to_queue:
            self._pool.on_queued(self.trigger)

    @property
    def settings(self) -> PoolSettings:
        """The settings of the revision that is scaled."""
        return self._replica_set.settings

    def turn_to(self, scaled: ScaledRevision) -> None:
        """Scale another revision from now on; the policy keeps its observations of the service's traffic."""
        self._pool.on_queued(None)
        scaled.pool.close_second(-1)
        if self.policy.reacts_to_queue:
            scaled.pool.on_queued(self.trigger)
        self._scaled, self._pool, self._replica_set = scaled, scaled.pool, scaled.replica_set
        self._cpu_closed_s = scaled.cpu_used_s() if scaled.cpu_used_s is not None else 0.0

    def follow(self, policy: Policy) -> None:
        """Let another policy decide from now on, beginning with its next tick.

        Its actuator may differ in the start lag only.
        """
        self.policy = policy
        self._pool.on_queued(self.trigger if policy.reacts_to_queue else None)
        self._replica_set.actuator = policy.actuator

    async def run(self) -> None:
        """Run until cancelled: sample at whole seconds of the run, and decide at whole ticks after the sample."""
        self._pool.close_second(-1)  # requests before the run do not belong to any sample
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
        self._replica_set.resize(decision.desired, decision.active)

    def _close(self, second: int) -> None:
        sample = self._pool.close_second(second, self._cpu_s())
        if self._scaled.memory_bytes is not None:
            sample = sample._replace(memory_bytes=self._scaled.memory_bytes())
        self.policy.observe(sample)
        self._journal.publish(SecondClosed(self._service, sample))

    def _cpu_s(self) -> float:
        """Return the CPU seconds used since the last second was closed."""
        used_s = self._scaled.cpu_used_s
        if used_s is None:
            return 0.0
        before, self._cpu_closed_s = self._cpu_closed_s, used_s()
        return self._cpu_closed_s - before

    def observation(self) -> Observation:
        """Return the current observation for a policy."""
        return Observation(
            now_s=self._clock.at_s(),
            ready=len(self._pool.ready),
            coming=self._replica_set.coming,
            in_flight=self._pool.in_flight,
            waiting=self._pool.queued,
            scaling=self._pool.scaling,
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
