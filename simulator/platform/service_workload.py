"""The control plane's workload on the platform: implements the operations of `Workload` with running instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from simulator.control.operations.workload import DeploymentProgress, Log, ServiceRevision, WorkloadFailed
from simulator.control.rejections import SECRETS_WITHOUT_ROLE
from simulator.fleet.credentials.secrets import SecretsPlace
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import LaunchError
from simulator.fleet.process.throttling import Throttling
from simulator.model.health import STARTUP_ALLOWANCE_S
from simulator.model.resources.phase import Phase
from simulator.platform.applications import Applications, Runnable
from simulator.platform.collector import XRAY, collector_variables
from simulator.platform.deployments.blue_green import SETTLE_S, beside, deploy, failure_of, settle
from simulator.platform.host_places import HostPlaces
from simulator.platform.platform import Platform, Service
from simulator.platform.revision import Revision, ServicePlan
from simulator.platform.scaling.policy_choice import PolicyChoice, on_policy_failure
from simulator.platform.service_network import NetworkSettings, change_network, service_network
from simulator.records.events import InstanceReported, OutputWritten

if TYPE_CHECKING:
    from simulator.rules.waf.web_acl import WebAcl

# App Runner's names resolve to App Runner itself. The same label in a top-level domain that always resolves to loopback
# (RFC 6761) reaches the service from any client on this machine.
_AWS_DOMAIN: Final = ".awsapprunner.com"
LOCAL_DOMAIN: Final = ".awsapprunner.localhost"


@dataclass(frozen=True, slots=True)
class WorkloadSettings:
    """Settings of every service of the control plane. Times are in seconds.

    `startup_probe_s`: the interval between the probes of a starting instance; None: as observed on App Runner.
    `settle_s`: how long instances of a new revision must stay healthy before they get traffic. `policy`: the acting
    policy of every service; `shadows`: policies that are only evaluated. `balancing`: which instance gets a request;
    `balancing_of`: the same for single services, by name. `network`: VPCs whose rules are enforced; None: no rules.
    `collector`: complete URL of the trace collector, for services with X-Ray in their configuration.
    """

    throttling: Throttling = Throttling.SHARE
    secrets_from: SecretsPlace = field(default_factory=SecretsPlace)
    startup_allowance_s: float = STARTUP_ALLOWANCE_S
    startup_probe_s: float | None = None
    settle_s: float = SETTLE_S
    policy: PolicyChoice = field(default_factory=PolicyChoice)
    shadows: tuple[PolicyChoice, ...] = ()
    balancing: str = PoolSettings("").balancing
    balancing_of: Mapping[str, str] = field(default_factory=dict)
    drain_timeout_s: float = PoolSettings("").drain_timeout_s
    stop_grace_s: float = PoolSettings("").stop_grace_s
    network: NetworkSettings | None = None
    collector: str | None = None


_DEFAULTS: Final = WorkloadSettings()


def local_host(host: str) -> str:
    """Return the host name with which clients on this machine reach a service whose AWS host name is `host`."""
    return host.removesuffix(_AWS_DOMAIN) + LOCAL_DOMAIN


def _with_local_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return (*names, *(local_host(name) for name in names if name.endswith(_AWS_DOMAIN)))


class PlatformWorkload:
    """Implements `Workload`. Open and start `platform` before the first call, and close it after the last."""

    def __init__(self, platform: Platform, applications: Applications, settings: WorkloadSettings = _DEFAULTS) -> None:
        self._platform = platform
        self._applications = applications
        self._settings = settings
        self._log: Log | None = None
        self._services: dict[str, Service] = {}  # key: ARN
        self._arns: dict[str, str] = {}  # key: the service's name on the platform
        self._web_acls: dict[str, WebAcl | None] = {}  # key: ARN
        self._serving: dict[str, ServiceRevision] = {}  # by service ARN
        self._hosts = HostPlaces()
        self._domains: dict[str, dict[str, None]] = {}  # key: ARN; host names
        # key: the service's name on the platform; revisions whose reports are written to its event log
        self._logged: dict[str, set[int]] = {}
        platform.journal.subscribe(OutputWritten, self._written)
        platform.journal.subscribe(InstanceReported, self._reported)

    def attach(self, log: Log) -> None:
        self._log = log

    def service(self, service_arn: str) -> Service | None:
        """Return the service on the platform; None if it never had a revision."""
        return self._services.get(service_arn)

    def arn(self, name: str) -> str | None:
        """Return the ARN of the service with this name on the platform."""
        return self._arns.get(name)

    def instance_id(self, service_arn: str, number: int) -> str:
        """Return the id of an instance, which is also the name of its log stream."""
        return self._platform.streams.identifier("instance", service_arn, number)

    # --- starting a revision -----------------------------------------------------------------------------------------

    async def provision(self, revision: ServiceRevision, steps: DeploymentProgress) -> str:
        try:
            return await self._deploy(revision, steps, is_new=True)
        except BaseException:
            self._remove(revision.service_arn)
            raise

    async def deploy(self, revision: ServiceRevision, steps: DeploymentProgress) -> str:
        return await self._deploy(revision, steps, is_new=False)

    async def _deploy(self, revision: ServiceRevision, steps: DeploymentProgress, *, is_new: bool) -> str:
        runnable = await self._applications.find(revision, steps, is_new=is_new)
        if runnable.secrets and revision.configuration.instance_role_arn is None:
            # the secrets come from an apprunner.yaml (facts 19.2)
            raise WorkloadFailed(SECRETS_WITHOUT_ROLE, (SECRETS_WITHOUT_ROLE,))
        steps.listens(runnable.port)
        await steps.reach(Phase.SOURCE_READY)
        service = self._known(revision)
        try:
            await deploy(
                service,
                self._plan(service, revision, runnable),
                steps,
                self._platform.tasks,
                lambda line: self._report_line(revision, steps, line),
                settle_s=self._settings.settle_s,
            )
        except (LaunchError, OSError) as error:
            raise failure_of(error, revision, runnable.port) from error
        finally:
            service.forget_ended()
        self._serves(revision, service)
        return runnable.version

    async def roll_back(self, revision: ServiceRevision) -> None:
        service = self._services.get(revision.service_arn)
        if service is None or service.revision is None:
            await self.restore(revision)

    async def resume(self, revision: ServiceRevision) -> None:
        new, service = await self._new_revision(revision)
        try:
            await new.begin()
            await settle(new, self._settings.settle_s)
        except (LaunchError, OSError) as error:
            await new.end()
            service.forget_ended()
            raise failure_of(error, revision, new.settings.port) from error
        service.switch_to(new)
        self._serves(revision, service)

    async def restore(self, revision: ServiceRevision) -> None:
        """Serve as soon as possible. Instances that fail are replaced, as for a service that runs already."""
        new, service = await self._new_revision(revision, needs_key=False)
        try:
            await new.prepare()  # from the switch on, the autoscaler provisions instances, which need their secrets
        except (LaunchError, OSError) as error:
            await new.end()
            service.forget_ended()
            raise failure_of(error, revision, new.settings.port) from error
        service.switch_to(new)
        self._serves(revision, service)
        try:
            await new.replica_set.begin()
        except LaunchError as error:
            raise failure_of(error, revision, new.settings.port) from error

    # --- stopping a service ------------------------------------------------------------------------------------------

    async def pause(self, revision: ServiceRevision) -> None:
        service = self._services.get(revision.service_arn)
        if service is not None:
            before = service.switch_to(None)
            if before is not None:
                await before.drain("the service is paused")
                service.forget_ended()
                await self._applications.remove_paused(revision)

    async def delete(self, revision: ServiceRevision) -> None:
        await self.pause(revision)
        self._remove(revision.service_arn)

    # --- web ACLs ----------------------------------------------------------------------------------------------------

    def protect(self, service_arn: str, acl: WebAcl | None) -> None:
        self._web_acls[service_arn] = acl
        service = self._services.get(service_arn)
        if service is not None:
            service.protect(acl)
        for gap in acl.gaps if acl is not None else ():
            if self._log is not None and acl is not None:
                self._log.event(service_arn, f"Web ACL {acl.name}: not evaluated: {gap}")

    async def network_changed(self) -> None:
        """Enforce the present rules of VPCs on running instances."""
        for arn, revision in list(self._serving.items()):
            service, log = self._services.get(arn), self._log
            if service is not None and service.revision is not None and log is not None:
                hosts, plan = self._hosts.of_front(self._platform.front), service.revision.plan
                await change_network(self._settings.network, revision, plan, hosts, partial(log.event, arn))

    # --- custom domains ----------------------------------------------------------------------------------------------

    async def bind_domain(self, service_arn: str, names: tuple[str, ...], endpoint: str = "") -> None:
        """Bind host names. A name in AWS's domain, as of a VPC ingress connection, also gets its local counterpart."""
        names = _with_local_names(names)
        if endpoint:
            self._hosts.private |= dict.fromkeys(names, endpoint)
        self._domains.setdefault(service_arn, {}).update(dict.fromkeys(names))
        service = self._services.get(service_arn)
        if service is not None:
            try:
                for name in names:
                    self._hosts.place(self._platform.front, service_arn, name)
                    service.add_host(name)
            except ValueError as error:
                raise WorkloadFailed(f"{error}.") from error

    async def unbind_domain(self, service_arn: str, names: tuple[str, ...]) -> None:
        names = _with_local_names(names)
        service = self._services.get(service_arn)
        for name in names:
            self._domains.get(service_arn, {}).pop(name, None)
            self._hosts.private.pop(name, None)
            if service is not None:
                service.remove_host(name)

    # --- internals ---------------------------------------------------------------------------------------------------

    async def _new_revision(self, revision: ServiceRevision, *, needs_key: bool = True) -> tuple[Revision, Service]:
        runnable = await self._applications.find(revision, needs_key=needs_key)
        service = self._known(revision)
        return service.new_revision(beside(service, self._plan(service, revision, runnable))), service

    def _known(self, revision: ServiceRevision) -> Service:
        """Return the service on the platform; add it if it is new."""
        service = self._services.get(revision.service_arn)
        if service is None:
            service = self._platform.add(self._name(revision), ())
            self._services[revision.service_arn] = service
            self._arns[service.name] = revision.service_arn
            service.protect(self._web_acls.get(revision.service_arn))
        return service

    def _name(self, revision: ServiceRevision) -> str:
        """Return the service's own name; append an id if another account or Region uses that name."""
        taken = revision.name in self._platform.services
        return f"{revision.name}-{revision.service_id[:8]}" if taken else revision.name

    def _plan(self, service: Service, revision: ServiceRevision, runnable: Runnable) -> ServicePlan:
        configuration, settings = revision.configuration, self._settings
        collector = settings.collector if revision.tracing == XRAY else None
        policy = settings.policy.build(configuration.size, revision.scaling)
        on_policy_failure(policy, lambda line: self.policy_failed(service.name, line))
        network = service_network(
            settings.network, revision, runnable.application, self._hosts.of_front(self._platform.front)
        )
        if self._log is not None:
            for note in network.notes:
                self._log.event(revision.service_arn, note)
        return ServicePlan(
            PoolSettings(
                service.name,
                port=runnable.port,
                size=configuration.size,
                scaling=revision.scaling,
                health_check=configuration.health,
                balancing=settings.balancing_of.get(service.name, settings.balancing),
                startup_allowance_s=settings.startup_allowance_s,
                startup_probe_s=settings.startup_probe_s,
                drain_timeout_s=settings.drain_timeout_s,
                stop_grace_s=settings.stop_grace_s,
            ),
            policy,
            runnable.application,
            needs=settings.policy.needs,
            throttling=settings.throttling,
            secrets=runnable.secrets,
            variables=collector_variables(collector, runnable.application, runnable.secrets),
            secrets_from=settings.secrets_from,
            instance_role=configuration.instance_role_arn,
            egress_rules=network.rules,
        )

    def _serves(self, revision: ServiceRevision, service: Service) -> None:
        """Record that the revision serves: route its names to it, and log the reports of its instances."""
        arn = revision.service_arn
        self._serving[arn] = revision
        self._applications.serves(revision)
        self._platform.set_traced(service, traced=revision.tracing == XRAY)
        logged = self._logged.get(service.name, set()) & {each.number for each in service.revisions}
        self._logged[service.name] = logged | {service.serving.number}
        public = (revision.host, local_host(revision.host)) if revision.configuration.is_public else ()
        wanted = dict.fromkeys((*public, *self._domains.get(arn, ())))
        for host in [host for host in service.hosts if host not in wanted]:
            service.remove_host(host)
        self._hosts.serves(revision)
        for host in wanted:
            self._hosts.place(self._platform.front, arn, host)
            if host not in service.hosts:
                service.add_host(host)

    def _remove(self, service_arn: str) -> None:
        self._domains.pop(service_arn, None)
        self._web_acls.pop(service_arn, None)
        self._serving.pop(service_arn, None)
        self._applications.forget(service_arn)
        self._hosts.forget(service_arn)
        service = self._services.pop(service_arn, None)
        if service is not None:
            del self._arns[service.name]
            self._logged.pop(service.name, None)
            self._platform.remove(service)

    def _report_line(self, revision: ServiceRevision, steps: DeploymentProgress, line: str) -> None:
        """Write a report about instances that a deployment starts to both logs."""
        steps.log(line)
        if self._log is not None:
            self._log.event(revision.service_arn, line)

    def _reported(self, report: InstanceReported) -> None:
        arn = self._arns.get(report.service)
        if arn is not None and self._log is not None and report.revision in self._logged.get(report.service, ()):
            self._log.event(arn, report.line)

    def policy_failed(self, name: str, line: str) -> None:
        """Write a failure of a user's policy to the event log of the service with this name on the platform."""
        arn = self._arns.get(name)
        if arn is not None and self._log is not None:
            self._log.event(arn, line)

    def _written(self, output: OutputWritten) -> None:
        arn = self._arns.get(output.service)
        if arn is not None and self._log is not None:
            self._log.application(arn, self.instance_id(arn, output.instance), output.line)

    def id_of_instance(self, name: str, number: int) -> str:
        """Return the id of an instance, given the service's name on the platform."""
        return self.instance_id(self._arns.get(name, name), number)
