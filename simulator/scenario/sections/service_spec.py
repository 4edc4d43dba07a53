"""The sections under `services`: the App Runner settings of a service.

The section `application` is in application_spec.py.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from simulator.model.health import HealthCheck, HealthProtocol, TargetHealthCheck
from simulator.model.instance import WAKE_MEDIAN_S, WAKE_P95_S
from simulator.model.resources.secret_reference import parse_reference
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.rules.pricing import Rates
from simulator.rules.region_prices import REGION_DEFAULT, REGIONS, rates_of
from simulator.scenario.sections.application_spec import ApplicationSpec
from simulator.scenario.sections.base_model import Count, Cpu, Duration, Memory, Number, Section
from simulator.scenario.sections.distribution_spec import DistributionSpec, log_normal_spec
from simulator.scenario.sections.origin_spec import Deployment, DeploymentSpec, ServiceSourceSpec
from simulator.scenario.sections.policy_spec import DEFAULT_POLICY, Policy, policy_named
from simulator.scenario.web_acl import WebAclSetting

if TYPE_CHECKING:
    from simulator.rules.deployments.strategy import StagedDeployment
    from simulator.rules.load_balancer.settings import ApplicationLoadBalancer


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
    """reject: 429 at once, as App Runner is assumed to do. queue: wait for a free slot."""
    wait_s: Duration = 10.0
    """With queue: how long a request waits before it is rejected."""
    queue: Count = Field(default=1000, ge=1)
    """With queue: how many requests may wait; one more is rejected at once."""


class TargetHealthCheckSpec(Section):
    """The health check of a target group behind an Application Load Balancer, over HTTP."""

    path: str = Field(default="/", pattern="^/")
    """The path that a check requests."""
    interval_s: Duration = Field(default=30.0, ge=5, le=300)
    """Time between checks, 5 to 300 s."""
    timeout_s: Duration = Field(default=5.0, ge=2, le=120)
    """Time limit of a check, 2 to 120 s."""
    healthy_threshold: Count = Field(default=5, ge=2, le=10)
    """Successes in a row that make an unhealthy target healthy, 2 to 10; a new target needs one."""
    unhealthy_threshold: Count = Field(default=2, ge=2, le=10)
    """Failures in a row that make a target unhealthy, 2 to 10."""


class LoadBalancerSpec(Section):
    """An Application Load Balancer in front of an ECS service, in place of App Runner's load balancer.

    It has no limit of requests per target and no queue: requests wait inside the target.
    """

    kind: Literal["application"]
    """application: the Application Load Balancer of AWS."""
    algorithm: Literal["round-robin", "least-outstanding"] = "round-robin"
    """Which target receives a request: each in turn, or the one with the fewest outstanding requests."""
    slow_start_s: Duration = 0.0
    """Time during which the share of a new target increases linearly, 30 to 900 s; 0: it has its full share at once.
    Only with round robin.
    """
    idle_timeout_s: Duration = Field(default=60.0, ge=1, le=4000)
    """Time without a byte in either direction after which a request ends with 504, 1 to 4000 s."""
    deregistration_delay_s: Duration = Field(default=300.0, le=3600)
    """How long a target that is removed may continue its requests, up to 3600 s."""
    minimum_healthy: Count = Field(default=1, ge=1, le=1000)
    """With fewer healthy targets, all registered targets receive requests (fail open)."""
    grace_period_s: Duration = 0.0
    """How long ECS ignores failed health checks after the start of a task."""
    health_check_spec: TargetHealthCheckSpec = TargetHealthCheckSpec.unchanged()
    """The health check of the target group."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Validate with the rule's own class.

        Raises:
            ValueError: if the class rejects the values.
        """
        _ = self.value
        return self

    @property
    def value(self) -> ApplicationLoadBalancer:
        """Return the settings for the platform."""
        from simulator.rules.load_balancer.settings import (  # noqa: PLC0415 few services have one
            ApplicationLoadBalancer,
            RoutingAlgorithm,
        )

        check = self.health_check_spec
        return ApplicationLoadBalancer(
            RoutingAlgorithm(self.algorithm),
            self.slow_start_s,
            self.idle_timeout_s,
            self.deregistration_delay_s,
            self.minimum_healthy,
            self.grace_period_s,
            TargetHealthCheck(
                path=check.path,
                interval_s=check.interval_s,
                timeout_s=check.timeout_s,
                healthy_threshold=check.healthy_threshold,
                unhealthy_threshold=check.unhealthy_threshold,
            ),
        )


def load_balancer_spec(settings: ApplicationLoadBalancer) -> LoadBalancerSpec:
    """Return the section that has these settings."""
    check = settings.health_check
    return LoadBalancerSpec.model_validate(
        {
            "kind": "application",
            "algorithm": settings.algorithm.value,
            "slow_start": f"{settings.slow_start_s:g}s",
            "idle_timeout": f"{settings.idle_timeout_s:g}s",
            "deregistration_delay": f"{settings.deregistration_delay_s:g}s",
            "minimum_healthy": settings.minimum_healthy,
            "grace_period": f"{settings.grace_period_s:g}s",
            "health_check": {
                "path": check.path,
                "interval": f"{check.interval_s:g}s",
                "timeout": f"{check.timeout_s:g}s",
                "healthy_threshold": check.healthy_threshold,
                "unhealthy_threshold": check.unhealthy_threshold,
            },
        }
    )


_WAKE: Final = log_normal_spec(WAKE_MEDIAN_S, WAKE_P95_S)

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


def _known_platform(name: str) -> str:
    from simulator.rules.platforms.presets import platform_named  # noqa: PLC0415 few services are of another platform

    return platform_named(name).name


class PlatformNames:
    """Annotates the name of a platform: its JSON schema lists all of them."""

    def __get_pydantic_json_schema__(self, _schema: object, _handler: object) -> dict[str, object]:
        from simulator.rules.platforms.presets import PLATFORMS  # noqa: PLC0415 as in `_known_platform`

        return {"type": "string", "enum": list(PLATFORMS)}


class ServiceSpec(Section):
    """One App Runner service."""

    cpu_units: Cpu = 1024
    """vCPU of an instance: 0.25, 0.5, 1, 2 or 4; with `platform` the nearest that it offers."""
    memory_mb: Memory = 2048
    """Memory of an instance; App Runner offers certain pairs of vCPU and memory only, other platforms others."""
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
    platform: Annotated[str, AfterValidator(_known_platform), PlatformNames()] | None = None
    """The platform whose defaults apply to all keys that are left out here (default: App Runner)."""
    policy: Policy = Field(default_factory=lambda: policy_named(DEFAULT_POLICY))
    """The scaling policy: a name, or a name with parameters."""
    overflow: Annotated[OverflowSpec, BeforeValidator(lambda v: {"mode": v} if isinstance(v, str) else v)] = (
        OverflowSpec.unchanged()
    )
    """What happens when every instance is full."""
    balancing: Balancing = "least-outstanding"
    """Which instance with a free slot receives a request."""
    load_balancer: (
        Annotated[LoadBalancerSpec, BeforeValidator(lambda v: {"kind": v} if isinstance(v, str) else v)] | None
    ) = None
    """The load balancer in front: `application`, or its settings. Default: App Runner's own."""
    request_timeout_s: Duration = Field(default=120.0, gt=0)
    """Total time limit of a request; App Runner's is 120 s and fixed."""
    drain_timeout_s: Duration = 120.0
    """How long a draining instance may continue its requests."""
    stop_grace_s: Duration = 30.0
    """Time between SIGTERM and SIGKILL."""
    wake: DistributionSpec = _WAKE
    """Time until an idle instance has its CPU again: the delay of a request that wakes it, in virtual time and of
    simulated instances. Default: log-normal with median 0.5 ms and p95 4 ms, measured on real instances.
    """
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
    def staged_deployment(self) -> StagedDeployment | None:
        """The strategy of deployments; None for that of App Runner."""
        balancer = self.load_balancer
        return self.deployment.staged(None if balancer is None else balancer.deregistration_delay_s)

    @property
    def waiting(self) -> OverflowSpec:
        """How a request waits when every instance is full: behind a load balancer inside its target, without a limit
        of their number, for at most its idle time-out.
        """
        if self.load_balancer is None:
            return self.overflow
        return OverflowSpec.model_construct(mode="queue", wait_s=self.load_balancer.idle_timeout_s, queue=sys.maxsize)

    @property
    def idle_s(self) -> float:
        """The value of `idle_after`, set in the service or as a parameter of its policy."""
        given: float | None = getattr(self.policy, "idle_after_s", None)
        return self.idle_after_s if given is None else given

    @property
    def ready_at_start(self) -> int:
        """Instances that are ready when the run starts."""
        return self.min_size if self.initial_size is None else self.initial_size
