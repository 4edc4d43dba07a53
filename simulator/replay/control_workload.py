"""The workload of a run's services: versions are pulled or built in simulated time, and instances are simulated.

The platform's own code deploys (platform/deployments). The records keep every revision, so the bill includes the
instances of failed deployments.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from simulator.control.operations.workload import (
    DeploymentProgress,
    Log,
    ServiceRevision,
    WorkloadFailed,
    build_failed,
    pull_failed,
)
from simulator.edge.live.service_host import service_host
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import LaunchError
from simulator.fleet.simulated.application import WAKE, SimulatedApplication
from simulator.model.resources.phase import Phase
from simulator.platform.deployments.blue_green import beside, deploy, failure_of
from simulator.platform.deployments.staged import StagedRun
from simulator.platform.platform import Platform
from simulator.platform.revision import ServicePlan
from simulator.records.events import EventLogged
from simulator.replay.service_plans import service_plan
from simulator.replay.versions import Version, Versions
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.origin_spec import REGION, ServiceSourceSpec
from simulator.world.clock import ClockKind
from simulator.world.random_streams import RandomStreams

if TYPE_CHECKING:
    from simulator.rules.waf.web_acl import WebAcl

_DRAWS: Final = 16  # durations of pulls and builds sampled at a time
_POLICY: Final = "app-runner"  # the policy of services that the timeline creates


class ScenarioWorkload:
    """Implements `Workload`. `built_s` has the seconds of builds of each service, failed ones included."""

    def __init__(
        self, scenario: ScenarioSpec, platform: Platform, streams: RandomStreams, clock: ClockKind, versions: Versions
    ) -> None:
        self.built_s: dict[str, float] = defaultdict(float)
        self._scenario = scenario
        self._platform = platform
        self._streams = streams
        self._clock = clock
        self._versions = versions
        self._arns: dict[str, str] = {}  # key: the service's name
        self._deployments: dict[str, asyncio.Task[None]] = {}  # those in stages, by service
        self._fetches = {name: _durations(spec.source, name, streams) for name, spec in scenario.services.items()}

    def attach(self, log: Log) -> None:
        """Do nothing: the journal of the run already records the log lines of instances."""

    def adopt(self, service_arn: str) -> None:
        """Let the name of a service on the platform mean this one, which exists already or is created."""
        self._arns[_name(service_arn)] = service_arn

    def arn(self, name: str) -> str | None:
        return self._arns.get(name)

    # --- start --------------------------------------------------------------------------------------------------------

    async def provision(self, revision: ServiceRevision, steps: DeploymentProgress) -> str:
        self.adopt(revision.service_arn)
        if revision.name not in self._platform.services:
            self._platform.add(revision.name, (service_host(revision.name, REGION, self._streams),))
        return await self.deploy(revision, steps)

    async def deploy(self, revision: ServiceRevision, steps: DeploymentProgress) -> str:
        version = await self._fetch(revision, steps)
        service = self._platform.services[revision.name]
        try:
            await deploy(service, self._plan(revision, version), steps, self._platform.tasks)
        except (LaunchError, OSError) as error:
            raise failure_of(error, revision, revision.configuration.port) from error
        return version.name if version is not None else ""

    def deploys_in_stages(self, name: str) -> bool:
        """Return True if the service has a strategy of another platform, which App Runner's operations do not know."""
        spec = self._scenario.services.get(name)
        return spec is not None and spec.staged_deployment is not None

    def deploy_in_stages(self, name: str, version: Version) -> None:
        """Begin a deployment. One that is still in progress ends first: its revision is removed.

        # ASSUMPTION: ECS then reconciles the active revisions (stage RECONCILE_SERVICE), whose rules are not published.
        # A second update during a bake settles it.
        """
        running = self._deployments.get(name)
        platform = self._platform
        self._deployments[name] = platform.tasks.spawn(self._in_stages(name, version, running), f"deployment of {name}")

    async def _in_stages(self, name: str, version: Version, running: asyncio.Task[None] | None) -> None:
        platform, service = self._platform, self._platform.services[name]

        def log(line: str) -> None:
            platform.journal.record(EventLogged(platform.clock.at_s(), name, line))

        if running is not None and not running.done():
            log("A newer deployment replaces the one in progress.")
            running.cancel()
            await asyncio.wait((running,))
        if version.fails == "pull":  # the instances pull the image themselves, so each start fails
            log("CannotPullContainerError: the image of the new version does not exist.")
            version = replace(version, fails="start")
        plan = service_plan(self._scenario, name, self._clock)
        if service.revision is not None:
            plan = replace(plan, settings=replace(plan.settings, scaling=service.pool.scaling))
        run = StagedRun(
            service,
            replace(plan, application=self._versions.application(version)),
            clock=platform.clock,
            journal=platform.journal,
            random=self._streams.stream("service", name, "divided traffic").random,
            log=log,
        )
        await run.run()

    async def roll_back(self, revision: ServiceRevision) -> None:
        """Route traffic to the old revision again.

        It still has the traffic, unless its instances had stopped already when the new ones crashed.
        """
        if self._platform.services[revision.name].revision is None:
            await self.resume(revision)

    async def resume(self, revision: ServiceRevision) -> None:
        service = self._platform.services[revision.name]
        version = self._versions.named(revision.name, revision.version) if self._versions.knows(revision.name) else None
        new = service.new_revision(beside(service, self._plan(revision, version)))
        try:
            await new.begin()
        except (LaunchError, OSError) as error:
            await new.end()
            raise failure_of(error, revision, revision.configuration.port) from error
        service.switch_to(new)

    async def restore(self, revision: ServiceRevision) -> None:
        """Not called: a run does not restart while it is in progress."""
        raise AssertionError(revision)

    # --- stop ---------------------------------------------------------------------------------------------------------

    async def pause(self, revision: ServiceRevision) -> None:
        service = self._platform.services.get(revision.name)
        before = service.switch_to(None) if service is not None else None
        if before is not None:
            await before.drain("the service is paused")

    async def delete(self, revision: ServiceRevision) -> None:
        """Delete the service: end its instances. It remains in the records of the run."""
        await self.pause(revision)

    def protect(self, service_arn: str, acl: WebAcl | None) -> None:
        self._platform.services[_name(service_arn)].protect(acl)

    async def bind_domain(self, service_arn: str, names: tuple[str, ...], endpoint: str = "") -> None:
        del endpoint  # a scenario has no VPC
        service = self._platform.services[_name(service_arn)]
        try:
            for name in names:
                service.add_host(name)
        except ValueError as error:
            raise WorkloadFailed(f"{error}.") from error

    async def unbind_domain(self, service_arn: str, names: tuple[str, ...]) -> None:
        for name in names:
            self._platform.services[_name(service_arn)].remove_host(name)

    # --- internals ----------------------------------------------------------------------------------------------------

    async def _fetch(self, revision: ServiceRevision, steps: DeploymentProgress) -> Version | None:
        """Pull or build the newest version of the source and return it; None for a service that is not in the
        scenario.
        """
        name, is_image = revision.name, revision.configuration.is_image
        version = self._versions.newest(name) if self._versions.knows(name) else None
        duration_s = next(self._fetches[name]) if version is not None else 0.0
        if not is_image:
            await steps.reach(Phase.SOURCE_PULLED)
            await steps.reach(Phase.BUILDING)
            self.built_s[name] += duration_s
        await asyncio.sleep(duration_s)
        if version is not None and version.fails == "build":
            raise build_failed("The build command exited with code 1.")
        if version is not None and version.fails == "pull":
            raise pull_failed(f"There is no image {revision.configuration.image}.")
        await steps.reach(Phase.SOURCE_READY)
        return version

    def _plan(self, revision: ServiceRevision, version: Version | None) -> ServicePlan:
        configuration, service = revision.configuration, self._platform.services[revision.name]
        if version is None:
            kind = POLICIES[_POLICY]
            settings = PoolSettings(revision.name, configuration.size, revision.scaling, configuration.health)
            return ServicePlan(
                settings, kind.build(kind.parameters(), revision.scaling), SimulatedApplication(wake=WAKE)
            )
        plan = service_plan(self._scenario, revision.name, self._clock)
        spec = self._scenario.services[revision.name]
        given = plan.settings
        scaling, health = revision.scaling, configuration.health
        if scaling == spec.scaling and service.revision is not None:
            scaling = service.pool.scaling  # the timeline may have changed it without the API
        if health == spec.health_check_of_api:
            health = given.health_check
        settings = replace(given, size=configuration.size, scaling=scaling, health_check=health)
        return replace(plan, settings=settings, application=self._versions.application(version))


def _durations(source: ServiceSourceSpec, name: str, streams: RandomStreams) -> Iterator[float]:
    """Yield the seconds of each pull or build of a service, without end."""
    distribution = source.pull.distribution if source.repository is None else source.build.distribution
    rng = streams.stream("service", name, "source")
    while True:
        yield from distribution.draw(rng, _DRAWS).tolist()


def _name(service_arn: str) -> str:
    return service_arn.split("/")[1]
