"""A platform: services and what they share, on either clock."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from simulator.assembly.drivers import Application, driver_of
from simulator.assembly.front import REGION, Front, LiveSettings, service_host
from simulator.assembly.roles import InstanceRole
from simulator.control.autoscaler import Autoscaler
from simulator.fleet.application import SimulatedApplication
from simulator.fleet.docker import DockerApplication, DockerDriver
from simulator.fleet.docker_engine import DEFAULT_HOST
from simulator.fleet.driver import LaunchError
from simulator.fleet.instance import Instance
from simulator.fleet.mixed import MixedDriver
from simulator.fleet.pool import Pool
from simulator.fleet.process_backend import Throttling
from simulator.fleet.roster import Roster
from simulator.fleet.secrets import SecretsError, SecretsPlace, resolve
from simulator.fleet.settings import PoolSettings
from simulator.fleet.simulated import SimulatedDriver
from simulator.fleet.wire_faults import WireFaults
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.units import duration_text
from simulator.model.wire_fault import WireFault
from simulator.records.facts import EventLogged
from simulator.records.journal import Journal
from simulator.rules.policies.port import Policy, Sample
from simulator.world.chance import Chance
from simulator.world.clock import RunClock
from simulator.world.tasks import Tasks

LINES_KEPT = 20  # of the instances' output, for the message of a run that broke


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """One service as it is wanted: its pool, its policy (a fresh one for every platform), and what runs in it."""

    settings: PoolSettings
    policy: Policy
    application: Application
    needs: frozenset[str] = frozenset()  # signals beyond concurrency that the policy reads: "cpu", "latency"
    real_instances: int | None = None  # of a real application: those beyond are simulated; None: all are real
    throttling: Throttling = Throttling.NONE  # what idle instances lose, those of the real kinds
    secrets: Mapping[str, str] = field(default_factory=dict)  # variables of instances of the real kinds, by reference
    secrets_from: SecretsPlace | None = None
    instance_role: str | None = None  # its credentials come from the endpoint of `secrets_from`


class Service:
    """One running service. `host` is the name of its URL."""

    def __init__(self, plan: ServicePlan, platform: Platform, host: str) -> None:
        self.name = plan.settings.service
        self.host = host
        self.settings = plan.settings
        self._plan = plan
        self._role: InstanceRole | None = None
        self._secrets = plan.secrets
        self._secrets_from = plan.secrets_from
        self.driver, self.draw = driver_of(
            plan.application,
            self.name,
            throttling=plan.throttling,
            chance=platform.chance,
            limits=platform.limits,
            on_line=platform.heard,
            engine=platform.engine,
            real_instances=plan.real_instances,
        )
        self.pool = Pool(
            plan.settings,
            None if isinstance(plan.application, SimulatedApplication) else platform.ejection,
            platform.chance.stream("service", self.name, "balancing").random,
        )
        if isinstance(self.driver, MixedDriver):
            self.pool.on_finished = self.driver.finished
        self.pool.outliers.on_change = lambda instance, until_s: platform.ejection_changed(self.name, instance, until_s)
        self.roster = Roster(
            self.pool,
            self.driver,
            plan.policy.actuator,
            clock=platform.clock,
            journal=platform.journal,
            tasks=platform.tasks,
        )
        self.autoscaler = Autoscaler(
            self.pool,
            self.roster,
            plan.policy,
            clock=platform.clock,
            journal=platform.journal,
            on_sample=lambda sample: platform.on_sample(self.name, sample),
            cpu_used_s=self.driver.cpu_used_s if "cpu" in plan.needs else None,
        )
        if "latency" in plan.needs:
            self.pool.keep_latencies()
        self._faults = WireFaults(platform.chance.stream("service", self.name, "wire faults").random)

    async def resolve_secrets(self) -> None:
        """Once, as App Runner does it with a deployment (facts 8); a simulated application has no use for them.

        Raises:
            LaunchError: naming every reference that has no value.
        """
        if self._secrets and self._secrets_from is not None and not isinstance(self.driver, SimulatedDriver):
            try:
                self.roster.environment = await resolve(self._secrets, self._secrets_from.source())
            except (SecretsError, ValueError) as error:
                raise LaunchError(f"service {self.name}: {error}") from error

    async def open_role(self) -> None:
        """From now on instances get credentials of the service's role. Raises OSError when no port can be had."""
        plan, place = self._plan, self._secrets_from
        driver = self.driver.real if isinstance(self.driver, MixedDriver) else self.driver
        if plan.instance_role is None or place is None or place.endpoint is None or isinstance(driver, SimulatedDriver):
            return
        self._role = role = InstanceRole(plan.instance_role, place.endpoint, place.region)
        if isinstance(driver, DockerDriver) and isinstance(plan.application, DockerApplication):
            role.open_inside(self.roster, driver, plan.application)
        else:
            await role.open_beside(self.roster)

    async def close(self) -> None:
        """After its instances have ended."""
        await self.driver.close()
        if self._role is not None:
            await self._role.close()

    def add_fault(self, fault: WireFault) -> int:
        """On the wire to its instances, from now on; the number is for `remove_fault`."""
        self.pool.faults = self._faults
        return self._faults.add(fault)

    def remove_fault(self, number: int) -> None:
        self._faults.remove(number)
        if not self._faults.is_active:
            self.pool.faults = None


class Platform:
    """Services and what they share; close it in every case. `live` opens sockets, None is for virtual time.

    `on_sample` hears every closed second of every service; `lines` holds the last lines that instances wrote.
    """

    def __init__(
        self,
        plans: Sequence[ServicePlan],
        chance: Chance,
        on_sample: Callable[[str, Sample], None] = lambda _service, _sample: None,
        live: LiveSettings | None = None,
    ) -> None:
        self.chance = chance
        self.clock = RunClock()
        self.journal = Journal()
        self.tasks = Tasks("platform")
        self.on_sample = on_sample
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self.limits = live.limits if live is not None else DataPlaneLimits()
        self.engine = live.engine if live is not None else DEFAULT_HOST
        self.ejection = live.ejection if live is not None else None
        region = live.region if live is not None else REGION
        self.services = {
            plan.settings.service: Service(plan, self, service_host(plan.settings.service, region, chance))
            for plan in plans
        }
        self.front = Front(live, chance) if live is not None else None

    async def open(self) -> None:
        """Bring every service to its initial size, then let requests in.

        Raises:
            LaunchError: when an instance does not become ready.
            OSError: when a port cannot be had or the state folder not be written.
        """
        for service in self.services.values():
            await service.resolve_secrets()
            await service.open_role()
            await service.roster.begin()
            if not isinstance(service.driver, SimulatedDriver):
                self.journal.record(EventLogged(0.0, service.name, service.driver.limits_in_force))
        if self.front is not None:
            await self.front.open({service.host: service.pool for service in self.services.values()})

    def heard(self, service: str, number: int, _stream: str, line: str) -> None:
        """An instance wrote a line."""
        self.lines.append(f"{service}/{number}: {line}")

    def ejection_changed(self, service: str, instance: Instance, until_s: float) -> None:
        """An instance left service for a while, or is back (`until_s` 0)."""
        line = f"Instance {instance.number} gets requests again"
        if until_s:
            wait_s = until_s - asyncio.get_running_loop().time()
            line = f"Instance {instance.number} keeps failing requests and gets none for {duration_text(wait_s)}"
        self.journal.record(EventLogged(self.clock.at_s(), service, line))

    def start(self) -> None:
        """The run begins now: its clock is at 0, its instances are those of a service that has been there before."""
        self.clock.start()
        for service in self.services.values():
            service.roster.settle()
            self.tasks.spawn(service.autoscaler.run(), f"autoscaler of {service.name}")

    async def close(self) -> None:
        """Close the front, stop every instance, in order, and wait until nothing of them is left."""
        if self.front is not None:
            await self.front.close()
        lives: list[asyncio.Task[None]] = []
        for service in self.services.values():
            lives += service.roster.dismiss()
        if lives:
            await asyncio.wait(lives)
        await self.tasks.close()
        for service in self.services.values():
            await service.close()
