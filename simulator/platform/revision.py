"""A starting, running or draining revision of a service: its driver, its requests and its instances."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from simulator.fleet.applications import Application
from simulator.fleet.credentials.secrets import SecretsError, SecretsPlace, resolve
from simulator.fleet.instance import Instance
from simulator.fleet.pool.fault_injection import FaultInjection
from simulator.fleet.pool.pool import Pool
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import Driver, LaunchError, OnLine, PoolSupply
from simulator.fleet.process.throttling import Throttling
from simulator.fleet.replicas.autoscaler import ScaledRevision
from simulator.fleet.replicas.replica_set import ReplicaSet
from simulator.fleet.replicas.zones import PlatformZones
from simulator.model.wire_fault import WireFault
from simulator.records.events import InstanceReported
from simulator.records.journal import Journal
from simulator.rules.ejection import EjectionSettings
from simulator.rules.policies.port import Policy
from simulator.world.clock import RunClock
from simulator.world.random_streams import RandomStreams
from simulator.world.tasks import Tasks

if TYPE_CHECKING:
    import numpy as np

    from simulator.fleet.network.egress_rules import EgressRules
    from simulator.fleet.pool.response_counts import ResponseCounts
    from simulator.fleet.simulated.application import SimulatedApplication
    from simulator.platform.roles import InstanceRole
    from simulator.records.outcomes import OutcomeReceiver, Outcomes
    from simulator.rules.deployments.strategy import StagedDeployment


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """The plan of a revision: its pool, its policy, and the application that it runs.

    Only the policy of the service's first revision is used; later revisions keep it.
    """

    settings: PoolSettings
    policy: Policy
    application: Application
    needs: frozenset[str] = frozenset()  # signals beyond concurrency that the policy reads: "cpu", "memory", "latency"
    # number of instances that run the real application, the others are simulated; None: all are real
    real_instances: int | None = None
    further: SimulatedApplication | None = None  # what the others run; None: they sample from measured responses
    throttling: Throttling = Throttling.NONE  # what idle instances lose, unless they are simulated
    secrets: Mapping[str, str] = field(default_factory=dict)  # variables of real instances, to references
    variables: Mapping[str, str] = field(default_factory=dict)  # the simulator's own variables for real instances
    secrets_from: SecretsPlace | None = None
    egress_rules: EgressRules | None = None  # what real instances may reach; None: as the application specifies
    deployment: StagedDeployment | None = None  # how a later revision replaces it; None: as on App Runner
    instance_role: str | None = None  # its credentials are issued at the endpoint of `secrets_from`


# Creates the driver of a plan's application. Arguments: plan, name of its random streams, receiver of output lines.
MakeDriver = Callable[[ServicePlan, str, OnLine], Driver]
# Creates the supply of a service whose requests are computed elsewhere than in `Pool`.
MakeSupply = Callable[[PoolSettings], PoolSupply[Instance]]


class RevisionEnvironment(Protocol):
    """The objects that the revisions of a platform share."""

    streams: RandomStreams
    clock: RunClock
    journal: Journal
    tasks: Tasks
    make_driver: MakeDriver
    ejection: EjectionSettings | None
    make_supply: MakeSupply | None
    zones: PlatformZones

    def output_line(self, service: str, number: int, stream: str, line: str) -> None:
        """Record a line that an instance wrote."""

    def outcomes(self, service: str) -> Outcomes | None:
        """Return the counter of how the service's requests end; None without metrics."""


class Revision:
    """A revision. `number` counts the service's revisions from 1; the first uses the service's own random streams.

    It implements `InstanceVariables` for its replica set, because its role is opened later than the replica set is
    created.
    """

    def __init__(
        self, plan: ServicePlan, environment: RevisionEnvironment, number: int, instance_numbers: Iterator[int]
    ) -> None:
        name = plan.settings.service
        stream = name if number == 1 else f"{name}/{number}"
        self.plan = plan
        self.number = number
        self.settings = plan.settings
        self.has_ended = False
        self._journal = environment.journal
        self._role: InstanceRole | None = None
        self._variables: Mapping[str, str] = {}  # resolved secrets of the service, and the simulator's own variables
        self.driver = environment.make_driver(plan, stream, environment.output_line)
        self.draw = self.driver.draw
        self.responses: ResponseCounts | None = None  # counted if a deployment can be rolled back because of them
        self.pool: PoolSupply[Instance]
        self._requests: Pool | None = None  # None if requests are computed elsewhere
        if environment.make_supply is not None:
            self.pool = environment.make_supply(plan.settings)
        else:
            self.pool = self._requests = Pool(
                plan.settings,
                environment.ejection if self.driver.ejection_applies else None,
                environment.streams.stream("service", stream, "balancing").random,
                finished=self.driver.finished,
                outcomes=self._receiver(environment.outcomes(name)),
                journal=environment.journal,
            )
        if "latency" in plan.needs:
            self.pool.keep_latencies()
        self.replica_set = ReplicaSet(
            plan.settings,
            self.pool,
            self.driver,
            plan.policy.actuator,
            clock=environment.clock,
            journal=environment.journal,
            tasks=environment.tasks,
            numbers=instance_numbers,
            revision=number,
            variables=self,
            zones=environment.zones,
            random=environment.streams.stream("service", stream, "start stages").random,
            lifetimes=_lifetimes(plan.settings, environment.streams, stream),
            logs_starts=not self.driver.is_simulated,
        )
        self._faults = FaultInjection(environment.streams.stream("service", stream, "wire faults").random)

    @property
    def upstream(self) -> Pool:
        """The destination of requests. Call this only if requests are not computed elsewhere."""
        assert self._requests is not None, f"the requests of {self.settings.service} are computed elsewhere"
        return self._requests

    @property
    def is_simulated(self) -> bool:
        return self.driver.is_simulated

    @property
    def limits_in_force(self) -> str:
        """The limits that apply to its instances on this machine, as text for users; empty for simulated instances."""
        return self.driver.limits_in_force

    @property
    def has_fixed_port(self) -> bool:
        """True if an instance occupies the service's own port on this machine, so that no second one can run."""
        return self.driver.has_fixed_port

    @property
    def scaled(self) -> ScaledRevision:
        """Return the revision for the autoscaler, with the signals that the policy needs."""
        needs = self.plan.needs
        cpu_used_s = self.driver.cpu_used_s if "cpu" in needs else None
        return ScaledRevision(self.pool, self.replica_set, cpu_used_s, self.memory_bytes if "memory" in needs else None)

    def memory_bytes(self) -> float:
        """Return the memory that its ready instances use now, as far as it can be measured."""
        usages = (instance.backend.usage() for instance in self.pool.ready.values())
        return sum(usage.memory_bytes for usage in usages if usage is not None)

    def of_instance(self, number: int) -> Mapping[str, str]:
        of_role = {} if self._role is None else self._role.of_instance(number)
        return {**self._variables, **of_role}

    def instance_ended(self, number: int) -> None:
        if self._role is not None:
            self._role.instance_ended(number)

    def _receiver(self, receiver: OutcomeReceiver | None) -> OutcomeReceiver | None:
        """Return the receiver of the outcomes of requests; it counts them if the strategy has an alarm."""
        if self.plan.deployment is not None and self.plan.deployment.alarm is not None:
            from simulator.fleet.pool.response_counts import ResponseCounts  # noqa: PLC0415 few services have an alarm

            self.responses = ResponseCounts(receiver)
        return self.responses or receiver

    def follow_starts(self, report: Callable[[str], None]) -> Callable[[], None]:
        """Call `report` with lines about what delays the starts of its instances, until the result is called."""

        def reported(event: InstanceReported) -> None:
            if event.is_start and (event.service, event.revision) == (self.settings.service, self.number):
                report(event.line)

        return self._journal.subscribe(InstanceReported, reported)

    async def begin(self) -> None:
        """Start the initial instances and wait until they are ready.

        Raises:
            LaunchError: if secrets are not available, or an instance does not become ready. The caller must call `end`
                in any case.
            OSError: if no port is available for role credentials.
        """
        await self.prepare()
        await self.replica_set.begin()

    async def prepare(self) -> None:
        """Resolve secrets and open the role's endpoint; required before instances start. Raises as `begin` does."""
        await self._resolve_secrets()
        await self._open_role()

    async def finish(self, why: str) -> None:
        """Stop new requests and wait for those in progress, within their time limit.

        Call `recall` or `drain` afterwards. The instances stay, so that this revision can serve again until its
        successor has proved to be stable.
        """
        await self.pool.queue_empty()
        drained = self.replica_set.drain(why)
        if drained:
            await asyncio.wait(drained, timeout=self.settings.drain_timeout_s)

    def recall(self) -> None:
        """Serve again after `finish`."""
        self.replica_set.recall()

    async def drain(self, why: str) -> None:
        """Do what `finish` does, then stop all instances."""
        await self.pool.queue_empty()
        lifecycles = self.replica_set.terminate(why)
        if lifecycles:
            await asyncio.wait(lifecycles)
        await self.end()

    def dismiss(self) -> list[asyncio.Task[None]]:
        """Fail open requests and stop every instance. Return the tasks of lifecycles that have not yet ended."""
        return self.replica_set.dismiss()

    async def end(self) -> None:
        """Fail open requests and wait until the revision has ended completely. Idempotent."""
        lifecycles = self.dismiss()
        if lifecycles:
            await asyncio.wait(lifecycles)
        await self.close()
        self.has_ended = True

    async def close(self) -> None:
        """Release its resources. Call this after its instances have ended."""
        await self.driver.close()
        if self._role is not None:
            await self._role.close()

    async def _resolve_secrets(self) -> None:
        """Resolve secrets once, as App Runner does for a deployment (facts 8), if instances can read them."""
        plan = self.plan
        self._variables = plan.variables
        if not plan.secrets or plan.secrets_from is None or not self.driver.takes_variables:
            return
        try:
            self._variables = {**plan.variables, **await resolve(plan.secrets, plan.secrets_from.source())}
        except (SecretsError, ValueError) as error:
            raise LaunchError(f"service {self.settings.service}: {error}") from error

    async def _open_role(self) -> None:
        """Issue credentials of the service's role to instances from now on."""
        plan, place = self.plan, self.plan.secrets_from
        if plan.instance_role is None or place is None or place.endpoint is None or not self.driver.takes_variables:
            return
        from simulator.platform.roles import (  # noqa: PLC0415 an HTTP server, for real instances with a role
            InstanceRole,
        )

        self._role = InstanceRole(self.settings.service, plan.instance_role, place.endpoint, place.region)
        await self._role.open(self.driver.own_loopback)

    # --- injected faults ---------------------------------------------------------------------------------------------

    def add_fault(self, fault: WireFault) -> int:
        """Inject a fault on the connections to its instances; return the number to pass to `remove_fault`."""
        self.upstream.faults = self._faults
        return self._faults.add(fault)

    def remove_fault(self, number: int) -> None:
        self._faults.remove(number)
        if not self._faults.is_active:
            self.upstream.faults = None


def _lifetimes(settings: PoolSettings, streams: RandomStreams, stream: str) -> np.random.Generator | None:
    return None if settings.lifetime is None else streams.stream("service", stream, "lifetimes")
