"""The sections under `services`: the App Runner settings of a service.

The section `application` is in application_spec.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from simulator.model.health import HealthCheck, HealthProtocol
from simulator.model.resources.secret_reference import parse_reference
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.rules.pricing import Rates
from simulator.rules.region_prices import REGION_DEFAULT, REGIONS, rates_of
from simulator.scenario.sections.application_spec import ApplicationSpec
from simulator.scenario.sections.base_model import Count, Cpu, Duration, Memory, Number, Section
from simulator.scenario.sections.distribution_spec import DistributionSpec
from simulator.scenario.sections.origin_spec import Deployment, DeploymentSpec, ServiceSourceSpec
from simulator.scenario.sections.policy_spec import DEFAULT_POLICY, Policy, policy_named
from simulator.scenario.web_acl import WebAclSetting


class HealthCheckSpec(Section):
    """App Runner's health check configuration."""

    protocol: Literal["TCP", "HTTP"] = "TCP"
    """TCP: the port accepts a connection. HTTP: a GET of `path` succeeds."""
    path: str = Field(default="/", pattern="^/")
    """The path that an HTTP check requests."""
    interval_s: Duration = Field(default=5.0, ge=1, le=20)
    """Time between checks, 1 to 20 s."""
    timeout_s: Duration = Field(default=2.0, ge=1, le=20)
    """Time limit of a check, 1 to 20 s."""
    healthy_threshold: Count = Field(default=1, ge=1, le=20)
    """Successes in a row that make an instance healthy, 1 to 20."""
    unhealthy_threshold: Count = Field(default=5, ge=1, le=20)
    """Failures in a row that make an instance unhealthy, 1 to 20."""


class OverflowSpec(Section):
    """What happens to a request when every instance has MaxConcurrency requests in progress."""

    mode: Literal["reject", "queue"] = "reject"
    """reject: 429 at once, as App Runner does. queue: wait for a free slot."""
    wait_s: Duration = 10.0
    """With queue: how long a request waits before it is rejected."""
    queue: Count = Field(default=1000, ge=1)
    """With queue: how many requests may wait; one more is rejected at once."""


Balancing = Literal["least-outstanding", "round-robin", "two-choices", "random", "newest-first"]


def _known_region(region: str) -> str:
    rates_of(region)
    return region


class PricesSpec(Section):
    """The prices for the bill, in USD: those of a Region, replaced by the ones given here."""

    region: Annotated[str, AfterValidator(_known_region), WithJsonSchema({"type": "string", "enum": list(REGIONS)})] = (
        REGION_DEFAULT
    )
    """The Region whose prices apply. For six of the eleven Regions the prices are estimates, which the report states.
    """
    provisioned_gb_hour: Number | None = Field(default=None, ge=0)
    """USD per GB of provisioned memory, per hour."""
    active_vcpu_hour: Number | None = Field(default=None, ge=0)
    """USD per active vCPU, per hour."""
    active_gb_hour: Number | None = Field(default=None, ge=0)
    """USD per GB of active memory, per hour."""

    @property
    def rates(self) -> Rates:
        replaced = self.model_dump(exclude={"region"}, exclude_none=True)
        return rates_of(self.region)._replace(**replaced)


ROLE_ARN_PATTERN: Final = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}$"


def _is_positive(spec: DistributionSpec) -> DistributionSpec:
    if spec.distribution.mean == 0:
        msg = "instance_lifetime = 0 s, must be above 0 s: each instance would be replaced at once"
        raise ValueError(msg)
    return spec


def _reference(text: str) -> str:
    parse_reference(text)
    return text


class ServiceSpec(Section):
    """One App Runner service."""

    cpu_units: Cpu = 1024
    """vCPU of an instance: 0.25, 0.5, 1, 2 or 4."""
    memory_mb: Memory = 2048
    """Memory of an instance; App Runner offers certain pairs of vCPU and memory only."""
    max_concurrency: Count = Field(default=100, ge=1, le=200)
    """Highest number of concurrent requests of an instance, 1 to 200."""
    min_size: Count = Field(default=1, ge=0, le=25)
    """Instances that are always provisioned, 1 to 25; 0 only with a policy that scales to zero."""
    max_size: Count = Field(default=25, ge=1)
    """Highest number of instances."""
    initial_size: Count | None = Field(default=None, ge=0)
    """Instances that are ready when the run starts (default: `min_size`)."""
    capacity: Count | None = Field(default=None, ge=1)
    """Highest number of instances that the platform can provide at a time, as with a vCPU quota of Fargate; draining
    ones included. Further instances start when others have ended. Default: no limit except `max_size`.
    """
    instance_lifetime: Annotated[DistributionSpec, AfterValidator(_is_positive)] | None = None
    """Time after which the platform replaces a ready instance by a new one, as a distribution. Default: unlimited."""
    health_check_spec: HealthCheckSpec = HealthCheckSpec.unchanged()
    """The health check configuration."""
    startup_probe_s: Duration | None = None
    """Time between the checks of an instance that starts; 0: ready as soon as it listens. Default: the behaviour of the
    policy's platform.
    """
    route_after_s: Duration = 0.0
    """Time from healthy until an instance that the autoscaler adds receives requests."""
    policy: Policy = Field(default_factory=lambda: policy_named(DEFAULT_POLICY))
    """The scaling policy: a name, or a name with parameters."""
    overflow: Annotated[OverflowSpec, BeforeValidator(lambda v: {"mode": v} if isinstance(v, str) else v)] = (
        OverflowSpec.unchanged()
    )
    """What happens when every instance is full."""
    balancing: Balancing = "least-outstanding"
    """Which instance with a free slot receives a request."""
    request_timeout_s: Duration = Field(default=120.0, gt=0)
    """Total time limit of a request; App Runner's is 120 s and fixed."""
    drain_timeout_s: Duration = 120.0
    """How long a draining instance may continue its requests."""
    stop_grace_s: Duration = 30.0
    """Time between SIGTERM and SIGKILL."""
    wake_s: Duration = 0.0
    """Delay of a request that wakes an idle instance."""
    idle_after_s: Duration = 60.0
    """Time without a request after which an active instance becomes idle."""
    throttling: Literal["none", "share", "freeze"] = "share"
    """CPU of an idle instance in real time. share: nearly none; freeze: none at all; none: no throttling."""
    secrets: Mapping[str, Annotated[str, AfterValidator(_reference)]] = Field(default_factory=dict)
    """Variables from Secrets Manager and SSM in real time: for each an ARN or the name of a parameter."""
    instance_role: str | None = Field(default=None, pattern=ROLE_ARN_PATTERN)
    """The role whose credentials a real instance receives in real time, from STS of `aws: endpoint`."""
    prices: PricesSpec = PricesSpec.unchanged()
    """The prices for the bill."""
    deployment: Deployment = DeploymentSpec.unchanged()
    """How a new version replaces the old one: a strategy, or a strategy with its settings."""
    source: ServiceSourceSpec = ServiceSourceSpec.unchanged()
    """The origin of the application, for deployments: an image or a repository."""
    web_acl: WebAclSetting | None = None
    """A web ACL of AWS WAF, evaluated before admission: a JSON file, a document in place, or a list of these."""
    application: ApplicationSpec
    """What runs in an instance."""

    @property
    def size(self) -> InstanceSize:
        return InstanceSize(self.cpu_units, self.memory_mb)

    @property
    def scaling(self) -> AutoScalingConfiguration:
        return AutoScalingConfiguration(self.max_concurrency, self.min_size, self.max_size)

    @property
    def health_check(self) -> HealthCheck:
        given = self.health_check_spec
        return HealthCheck(
            HealthProtocol(given.protocol),
            given.path,
            given.interval_s,
            given.timeout_s,
            given.healthy_threshold,
            given.unhealthy_threshold,
        )

    @property
    def health_check_of_api(self) -> HealthCheck:
        """The health check in whole seconds, as in the API."""
        given = self.health_check
        return dataclasses.replace(given, interval_s=round(given.interval_s), timeout_s=round(given.timeout_s))

    @property
    def idle_s(self) -> float:
        """The value of `idle_after`, set in the service or as a parameter of its policy."""
        given: float | None = getattr(self.policy, "idle_after_s", None)
        return self.idle_after_s if given is None else given

    @property
    def ready_at_start(self) -> int:
        """Instances that are ready when the run starts."""
        return self.min_size if self.initial_size is None else self.initial_size
