"""The control plane of a run: its services are App Runner services, RUNNING since before the run, with all operations.

It exists only in a run whose timeline deploys or calls the API, or that is watched. Pulls and builds are simulated, so
that the run is the same on both clocks; the scenario defines the instances, and the platform's own code deploys them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from simulator.assembly.control_plane import ControlPlane, ControlPlaneSettings
from simulator.control.api_context import ApiSettings
from simulator.control.operations.service_events import EVENTS_STREAM
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import profile_named
from simulator.control.operations.workload import DeploymentProgress, ServiceRevision
from simulator.control.principal import Principal
from simulator.control.service_api import ServiceApi
from simulator.control.state.log_entries import EntriesAdded, EntryKind
from simulator.control.wall_clock import live_wall_clock, virtual_wall_clock
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.api_resources import (
    ArnResource,
    ConnectionResource,
    ServiceResource,
    VpcConnectorResource,
    VpcIngressResource,
)
from simulator.model.resources.arn import Arn
from simulator.model.resources.quotas import Quotas
from simulator.model.sizes import InstanceSize
from simulator.platform.platform import Platform
from simulator.records.events import EventLogged, LineLogged
from simulator.replay.control_workload import ScenarioWorkload
from simulator.replay.versions import Versions
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.deploy_spec import ApiCall, DeploySpec, with_arns
from simulator.scenario.sections.origin_spec import ACCOUNT, REGION
from simulator.scenario.sections.service_spec import ServiceSpec
from simulator.world.clock import ClockKind
from simulator.world.random_streams import RandomStreams

_CALLER: Final = Principal(ACCOUNT, REGION, "SCENARIO", "timeline", "127.0.0.1", "apprunner-simulator")
_UNBOUNDED: Final = 10_000  # a scenario may have more services than an AWS account
_PREFIX: Final = "[AppRunner] "


class RunControl:
    """The control plane of one run.

    Open it after the platform and before its clock starts; close it before the platform.
    """

    def __init__(self, scenario: ScenarioSpec, platform: Platform, streams: RandomStreams, clock: ClockKind) -> None:
        self._scenario = scenario
        self._platform = platform
        self._versions = Versions(scenario, streams, clock)
        self._workload = ScenarioWorkload(scenario, platform, streams, clock, self._versions)
        given = scenario.operations
        self._api = ApiSettings(quotas=Quotas(services=_UNBOUNDED, auto_scaling_names=_UNBOUNDED))
        settings = ControlPlaneSettings(
            listener=None,
            profile=profile_named(given.time_profile, given.time_factor, given.durations.laws),
            api=self._api,
            seed=scenario.seed,
            now=virtual_wall_clock() if clock is ClockKind.VIRTUAL else live_wall_clock,
        )
        self._plane = ControlPlane(settings, self._workload, platform.journal)

    async def open(self) -> None:
        """Create the scenario's services as if they had existed for a long time; their log lines go to the journal."""
        plane = self._plane
        settings = replace(self._api, size_of=InstanceSize)  # also sizes that only other platforms offer
        workload = _Adopting(self._versions)
        adopting = ServiceApi(plane.registry, workload, now=plane.now, tasks=plane.tasks, settings=settings)
        for name, spec in self._scenario.services.items():
            adopting.handle(_CALLER, "CreateAutoScalingConfiguration", _auto_scaling_request(name, spec))
            adopting.handle(_CALLER, "CreateService", _service_request(name, spec))
        await adopting.operations.settled()
        for service in plane.registry.all(ServiceResource):
            self._workload.adopt(service.arn)
            with plane.registry.change():
                plane.registry.put(replace(service, host=self._platform.services[service.name].host))
        self._platform.journal.subscribe(EntriesAdded, self._written)
        self._platform.tasks.spawn(_watch(plane), "control plane")

    async def close(self) -> None:
        await self._plane.close()

    @property
    def plane(self) -> ControlPlane:
        """The control plane, for readers of its resources."""
        return self._plane

    @property
    def built_s(self) -> Mapping[str, float]:
        """Seconds of builds, by service."""
        return self._workload.built_s

    # --- calls by the timeline ---------------------------------------------------------------------------------------

    def deploy(self, spec: DeploySpec) -> str:
        """Deploy a new version. Return a text about the operation that began, or about why none began."""
        version = self._versions.push(spec)
        what = f"{spec.service}: version {version.name.removeprefix('sha256:')[:12]}"
        if self._workload.deploys_in_stages(spec.service):
            self._workload.deploy_in_stages(spec.service, version)
            return f"{what} is deployed"
        if spec.trigger == "push":
            operation = self._plane.api.deploy_automatically(self._arn("service", spec.service))
            return f"{what} is pushed, {'and deployed' if operation is not None else 'and not deployed'}"
        try:
            self._plane.calls.call(_CALLER, "StartDeployment", {"ServiceArn": self._arn("service", spec.service)})
        except ApiError as error:
            return f"{what} is not deployed: {error.code}: {error.explained}"
        return f"{what} is deployed"

    def call(self, call: ApiCall) -> str:
        """Call an operation of the API. Return its name and result, without the request, which may contain secrets."""
        request = with_arns(dict(call.request), self._arn)
        about = f"{call.request['ServiceArn']}: " if "ServiceArn" in call.request else ""
        try:
            answer = self._plane.calls.call(_CALLER, call.operation, request)
        except ApiError as error:
            return f"{about}{call.operation} is rejected: {error.code}: {error.explained}"
        operation = answer.get("OperationId")
        return f"{about}{call.operation}" + (f", operation {operation}" if operation else "")

    def _arn(self, kind: str, name: str) -> str:
        """Return the ARN of the newest resource of that name; if there is none, an ARN without revision and id."""
        registry = self._plane.registry
        resources: list[ArnResource] = [
            *registry.all(ServiceResource),
            *registry.all(ConnectionResource),
            *registry.all(VpcConnectorResource),
            *registry.all(VpcIngressResource),
        ]
        found = [each.arn for each in resources if (each.place.kind, each.name) == (kind, name)]
        return found[-1] if found else str(Arn(REGION, ACCOUNT, kind, name))

    # --- internals ---------------------------------------------------------------------------------------------------

    def _written(self, added: EntriesAdded) -> None:
        journal = self._platform.journal
        for entry in added.entries:
            if entry.kind is not EntryKind.LOG:
                continue
            name = Arn.parse(entry.service).name
            if entry.stream != EVENTS_STREAM:
                journal.publish(LineLogged(name, entry.stream, entry.text))
            else:
                journal.record(EventLogged(self._platform.clock.at_s(), name, entry.text.removeprefix(_PREFIX)))


class _Adopting(SimulatedWorkload):
    """A workload whose services run already; their deployed version is the newest one."""

    def __init__(self, versions: Versions) -> None:
        super().__init__()
        self._versions = versions

    async def provision(self, revision: ServiceRevision, steps: DeploymentProgress) -> str:
        await SimulatedWorkload.provision(self, revision, steps)
        return self._versions.newest(revision.name).name


async def _watch(plane: ControlPlane) -> None:
    """Wait until the control plane fails, and raise its error, which ends the run."""
    await plane.tasks.failed


def _auto_scaling_request(name: str, spec: ServiceSpec) -> dict[str, Any]:
    return {
        "AutoScalingConfigurationName": name,
        "MaxConcurrency": spec.max_concurrency,
        "MinSize": spec.min_size,
        "MaxSize": spec.max_size,
    }


def _service_request(name: str, spec: ServiceSpec) -> dict[str, Any]:
    health = spec.health_check_of_api
    return {
        "ServiceName": name,
        "SourceConfiguration": spec.source.configuration(name),
        "InstanceConfiguration": {"Cpu": str(spec.cpu_units), "Memory": str(spec.memory_mb)},
        "AutoScalingConfigurationArn": str(Arn(REGION, ACCOUNT, "autoscalingconfiguration", name)),
        "HealthCheckConfiguration": {
            "Protocol": str(health.protocol),
            "Path": health.path,
            "Interval": int(health.interval_s),
            "Timeout": int(health.timeout_s),
            "HealthyThreshold": health.healthy_threshold,
            "UnhealthyThreshold": health.unhealthy_threshold,
        },
    }
