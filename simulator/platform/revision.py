"""A running, starting or draining revision of a service: its driver, its requests, its instances."""

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
from simulator.fleet.pool.replica_set import ReplicaSet
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import Driver, LaunchError, OnLine, PoolSupply
from simulator.fleet.process.throttling import Throttling
from simulator.model.wire_fault import WireFault
from simulator.records.events import Event, EventLogged
from simulator.records.journal import Journal
from simulator.records.outcomes import Outcomes
from simulator.rules.ejection import EjectionSettings
from simulator.rules.policies.port import Policy
from simulator.world.clock import RunClock
from simulator.world.random_streams import RandomStreams
from simulator.world.tasks import Tasks

if TYPE_CHECKING:
    from simulator.platform.roles import InstanceRole


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """The plan of one revision of a service: its pool, its policy, and the application that runs in it.

    The policy of the service's first revision is used; later revisions keep it.
    """

    settings: PoolSettings
    policy: Policy
    application: Application
    needs: frozenset[str] = frozenset()  # signals beyond concurrency that the policy reads: "cpu", "latency"
    real_instances: int | None = None  # of a real application, the others are simulated; None: all are real
    throttling: Throttling = Throttling.NONE  # what idle instances of the real kinds lose
    secrets: Mapping[str, str] = field(default_factory=dict)  # variables of real instances -> references
    variables: Mapping[str, str] = field(default_factory=dict)  # the simulator's own variables for real instances
    secrets_from: SecretsPlace | None = None
    instance_role: str | None = None  # its credentials come from the endpoint of `secrets_from`


# Creates the driver of a plan's application, from the name of its random streams and the receiver of output lines.
MakeDriver = Callable[[ServicePlan, str, OnLine], Driver]
# Creates the supply of a service whose requests are played elsewhere than in `Pool`.
MakeSupply = Callable[[PoolSettings], PoolSupply[Instance]]


class RevisionEnvironment(Protocol):
    """What the revisions of a platform share."""

    streams: RandomStreams
    clock: RunClock
    journal: Journal
    tasks: Tasks
    make_driver: MakeDriver
    ejection: EjectionSettings | None
    make_supply: MakeSupply | None

    def heard(self, service: str, number: int, stream: str, line: str) -> None:
        """Keep a line that an instance wrote."""

    def outcomes(self, service: str) -> Outcomes | None:
        """Return what counts how the service's requests end; None if metrics are not read."""

    def ejection_changed(self, service: str, instance: Instance, until_s: float) -> None:
        """Record that an instance was ejected until `until_s`, or is back (`until_s` 0)."""


class _Tap(Journal):
    """The platform's journal for one revision; it also passes lines of the event log to `Revision.on_event`."""

    def __init__(self, journal: Journal, revision: Revision) -> None:
        super().__init__()
        self._journal = journal
        self._revision = revision

    def record(self, event: Event) -> None:
        self._journal.record(event)
        if isinstance(event, EventLogged):
            self._revision.on_event(event.line)


def _ignore_line(_line: str) -> None:
    """Ignore the event: the default of `on_event`."""


class Revision:
    """One revision. `number` counts the service's revisions from 1; the first uses the random streams of the service.

    `on_event` receives the lines that crashes and health checks of its instances add to the service's event log.
    """

    def __init__(
        self, plan: ServicePlan, around: RevisionEnvironment, number: int, instance_numbers: Iterator[int]
    ) -> None:
        name = plan.settings.service
        stream = name if number == 1 else f"{name}/{number}"
        self.plan = plan
        self.number = number
        self.settings = plan.settings
        self.has_ended = False
        self.on_event: Callable[[str], None] = _ignore_line
        self._role: InstanceRole | None = None
        self.driver = around.make_driver(plan, stream, around.heard)
        self.draw = self.driver.draw
        self.pool: PoolSupply[Instance]
        self._requests: Pool | None = None  # None: they are played elsewhere
        if around.make_supply is not None:
            self.pool = around.make_supply(plan.settings)
        else:
            self.pool = self._requests = Pool(
                plan.settings,
                around.ejection if self.driver.ejection_applies else None,
                around.streams.stream("service", stream, "balancing").random,
                finished=self.driver.finished,
                outcomes=around.outcomes(name),
            )
            self.pool.outliers.on_change = lambda instance, until_s: around.ejection_changed(name, instance, until_s)
        if "latency" in plan.needs:
            self.pool.keep_latencies()
        self.replica_set = ReplicaSet(
            plan.settings,
            self.pool,
            self.driver,
            plan.policy.actuator,
            clock=around.clock,
            journal=_Tap(around.journal, self),
            tasks=around.tasks,
            numbers=instance_numbers,
        )
        self.replica_set.starts.is_logged = not self.driver.is_simulated
        self._faults = FaultInjection(around.streams.stream("service", stream, "wire faults").random)

    @property
    def upstream(self) -> Pool:
        """The destination of its requests. There is none if they are played elsewhere."""
        assert self._requests is not None, f"the requests of {self.settings.service} are played elsewhere"
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
        """True if an instance occupies the service's own port on this machine, so that only one can run."""
        return self.driver.has_fixed_port

    @property
    def cpu_used_s(self) -> Callable[[], float] | None:
        """Return a function for the CPU seconds used so far by its instances; None if the policy does not need it."""
        return self.driver.cpu_used_s if "cpu" in self.plan.needs else None

    async def begin(self) -> None:
        """Start the initial instances and wait until they are ready.

        Raises:
            LaunchError: if secrets are not available, or an instance does not become ready. Call `end` in any case.
            OSError: if no port is available for role credentials.
        """
        await self.prepare()
        await self.replica_set.begin()

    async def prepare(self) -> None:
        """Resolve secrets and open the role endpoint; required before instances start. Raises the errors of `begin`."""
        await self._resolve_secrets()
        await self._open_role()

    async def finish(self, why: str) -> None:
        """Stop new requests and finish those in progress, within their time limit. `recall` or `drain` follows.

        The instances stay, so that this revision can serve again until its successor has proved to be stable.
        """
        await self.pool.queue_empty()
        drained = self.replica_set.drain(why)
        if drained:
            await asyncio.wait(drained, timeout=self.settings.drain_timeout_s)

    def recall(self) -> None:
        """Serve again, after `finish`."""
        self.replica_set.recall()

    async def drain(self, why: str) -> None:
        """Do the same as `finish`, then stop all instances."""
        await self.pool.queue_empty()
        lives = self.replica_set.terminate(why)
        if lives:
            await asyncio.wait(lives)
        await self.end()

    def dismiss(self) -> list[asyncio.Task[None]]:
        """Fail open requests and stop every instance. Return the tasks of lifecycles that have not ended yet."""
        return self.replica_set.dismiss()

    async def end(self) -> None:
        """Fail open requests and wait until nothing of the revision is left. Idempotent."""
        lives = self.dismiss()
        if lives:
            await asyncio.wait(lives)
        await self.close()
        self.has_ended = True

    async def close(self) -> None:
        """Release its resources after its instances have ended."""
        await self.driver.close()
        if self._role is not None:
            await self._role.close()

    async def _resolve_secrets(self) -> None:
        """Resolve secrets once, as App Runner does for a deployment (facts 8), if instances can read them."""
        plan = self.plan
        self.replica_set.environment = dict(plan.variables)
        if not plan.secrets or plan.secrets_from is None or not self.driver.takes_variables:
            return
        try:
            self.replica_set.environment |= await resolve(plan.secrets, plan.secrets_from.source())
        except (SecretsError, ValueError) as error:
            raise LaunchError(f"service {self.settings.service}: {error}") from error

    async def _open_role(self) -> None:
        """Give instances credentials of the service's role from now on."""
        plan, place = self.plan, self.plan.secrets_from
        if plan.instance_role is None or place is None or place.endpoint is None or not self.driver.takes_variables:
            return
        from simulator.platform.roles import (  # noqa: PLC0415 an HTTP server, for real instances with a role
            InstanceRole,
        )

        self._role = InstanceRole(plan.instance_role, place.endpoint, place.region)
        await self._role.open(self.replica_set, self.driver.own_loopback)

    # --- injected faults ---------------------------------------------------------------------------------------------

    def add_fault(self, fault: WireFault) -> int:
        """Inject a fault on the connections to its instances; return the number to pass to `remove_fault`."""
        self.upstream.faults = self._faults
        return self._faults.add(fault)

    def remove_fault(self, number: int) -> None:
        self._faults.remove(number)
        if not self._faults.is_active:
            self.upstream.faults = None
