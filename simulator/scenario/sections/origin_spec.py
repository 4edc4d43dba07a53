"""The sections `source` and `deployment` of a service: where its application comes from, and how versions replace
each other.

In a scenario pulls and builds are simulated on both clocks, with the durations given here. The service's `application`
defines what then runs; in real time it may have been built from source code before the run (replay/source_builds.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, assert_never

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from simulator.model.images import ImageIdentifier, RegistryKind
from simulator.model.resources.operation import OperationType
from simulator.scenario.sections.base_model import Count, Duration, Flag, PositiveDuration, Section, Share
from simulator.scenario.sections.distribution_spec import NOTHING, DistributionSpec

if TYPE_CHECKING:
    from simulator.rules.deployments.rollback_alarm import RollbackAlarm
    from simulator.rules.deployments.strategy import StagedDeployment
    from simulator.world.distributions import Distribution

ACCOUNT: Final = "123456789012"  # the account and Region of a scenario's services
REGION: Final = "us-east-1"
# Default: an image in the account's own ECR registry.
DEFAULT_REGISTRY: Final = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
ROLE_ARN: Final = f"arn:aws:iam::{ACCOUNT}:role/apprunner-access"


def _of_ecr(text: str) -> str:
    identifier = ImageIdentifier(text)
    if identifier.registry is RegistryKind.LOCAL:
        msg = f"image = {text}, must be of ECR or ECR Public: <account>.dkr.ecr.<region>.amazonaws.com/<name>:<tag>"
        raise ValueError(msg)
    return text


class ServiceSourceSpec(Section):
    """The origin of the application (default: an image in the account's own ECR registry)."""

    image: Annotated[str, AfterValidator(_of_ecr)] | None = None
    """The identifier of an ECR or ECR Public image."""
    repository: str | None = Field(default=None, min_length=1, max_length=1024)
    """The URL of a repository with source code."""
    branch: str = Field(default="main", min_length=1, max_length=255)
    """With repository: the branch."""
    pull: DistributionSpec = NOTHING
    """With image: duration of the pull in a deployment."""
    build: DistributionSpec = NOTHING
    """With repository: duration of a build. Build minutes are billed."""
    auto_deployments: Flag = False
    """Pushes deploy (`deploy: {trigger: push}`); the bill includes the monthly dollar for automatic deployments."""

    @model_validator(mode="after")
    def _is_one(self) -> ServiceSourceSpec:
        if self.image is not None and self.repository is not None:
            msg = "source = image and repository, must be one of them"
            raise ValueError(msg)
        if self.repository is None and "build" in self.model_fields_set:
            msg = "build = given, must be left out without repository"
            raise ValueError(msg)
        if self.repository is not None and "pull" in self.model_fields_set:
            msg = "pull = given, must be left out with repository"
            raise ValueError(msg)
        if self.auto_deployments and not self.may_deploy_automatically:
            msg = "auto_deployments = true, must be false for ECR Public, another account's ECR and a digest"
            raise ValueError(msg)
        return self

    @property
    def may_deploy_automatically(self) -> bool:
        """True if automatic deployments are possible (facts 6.7, 7)."""
        if self.image is None:
            return True
        return self.image.startswith(f"{ACCOUNT}.dkr.ecr.") and "@sha256:" not in self.image

    def configuration(self, name: str) -> dict[str, Any]:
        """Return the SourceConfiguration of the API for the service `name`."""
        automatic = {"AutoDeploymentsEnabled": self.auto_deployments}
        if self.repository is not None:
            values = {"Runtime": "PYTHON_311", "StartCommand": "start"}
            code = {"ConfigurationSource": "API", "CodeConfigurationValues": values}
            version = {"Type": "BRANCH", "Value": self.branch}
            repository = {
                "RepositoryUrl": self.repository,
                "SourceCodeVersion": version,
                "CodeConfiguration": code,
            }
            return automatic | {"CodeRepository": repository}
        image = self.image or f"{DEFAULT_REGISTRY}/{name}:latest"
        public = ImageIdentifier(image).registry is RegistryKind.ECR_PUBLIC
        kind = "ECR_PUBLIC" if public else "ECR"
        given = automatic | {"ImageRepository": {"ImageIdentifier": image, "ImageRepositoryType": kind}}
        return given if public else given | {"AuthenticationConfiguration": {"AccessRoleArn": ROLE_ARN}}


TimeProfileKind = Literal["instant", "app-runner", "app-runner-spread"]


class DurationsSpec(Section):
    """Distributions of the durations of operations, in place of those of the time profile. 0: as long as the work."""

    create: DistributionSpec | None = None
    """CreateService."""
    update: DistributionSpec | None = None
    """UpdateService."""
    deploy: DistributionSpec | None = None
    """StartDeployment, and automatic deployments."""
    pause: DistributionSpec | None = None
    """PauseService."""
    resume: DistributionSpec | None = None
    """ResumeService."""
    delete: DistributionSpec | None = None
    """DeleteService."""

    @property
    def laws(self) -> dict[OperationType, Distribution]:
        given = {
            OperationType.CREATE_SERVICE: self.create,
            OperationType.UPDATE_SERVICE: self.update,
            OperationType.START_DEPLOYMENT: self.deploy,
            OperationType.PAUSE_SERVICE: self.pause,
            OperationType.RESUME_SERVICE: self.resume,
            OperationType.DELETE_SERVICE: self.delete,
        }
        return {kind: spec.distribution for kind, spec in given.items() if spec is not None}


class OperationsSpec(Section):
    """Durations of control plane operations."""

    time_profile: TimeProfileKind = "app-runner"
    """app-runner: at least the durations measured on AWS. app-runner-spread: distributions of them. instant: only the
    time of the work itself.
    """
    durations: DurationsSpec = DurationsSpec.unchanged()
    """Your own durations of operations."""
    time_factor: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """Factor on the durations of the profile; 0.1 is ten times as fast."""


class RollbackAlarmSpec(Section):
    """The alarm that rolls a canary back: the share of responses with 4xx or 5xx."""

    enabled: Flag = True
    """Whether the alarm exists."""
    share: Share = 0.01
    """A point above this share of failed responses counts."""
    points: Count = Field(default=2, ge=1)
    """Points above the share that raise the alarm."""
    periods: Count = Field(default=3, ge=1)
    """The newest points that are considered."""
    period_s: PositiveDuration = 60.0
    """Time that a point covers."""
    scope: Literal["new-revision", "service"] = "new-revision"
    """Whose responses count: those of the new revision, or of the whole service."""
    late_s: Duration = 0.0
    """Time until a point is visible."""

    @property
    def alarm(self) -> RollbackAlarm | None:
        if not self.enabled:
            return None
        from simulator.rules.deployments.rollback_alarm import RollbackAlarm  # noqa: PLC0415 few services have one

        return RollbackAlarm(self.share, self.points, self.periods, self.period_s, self.scope, self.late_s)

    @model_validator(mode="after")
    def _check(self) -> RollbackAlarmSpec:
        _ = self.alarm
        return self


def _switched(value: object) -> object:
    return {"enabled": value} if isinstance(value, bool) or value in ("on", "off") else value


def _named(value: object) -> object:
    return {"strategy": value} if isinstance(value, str) else value


DEREGISTRATION_S: Final = 300.0
"""The deregistration delay of a target group (ecs-express 3, ALBTG: read)."""


class DeploymentSpec(Section):
    """How a new version replaces the old one. The defaults of the canary are those of Amazon ECS Express Mode."""

    strategy: Literal["app-runner", "canary", "revision-swap"] = "app-runner"
    """app-runner: all traffic at once when the new instances are healthy. canary: a share of the requests first (ECS).
    revision-swap: all traffic when the new instances are ready, which start as in a scale-out (Container Apps).
    """
    # This and the bake times: ecs-express 4, UPD (read); ECS's own default of the canary bake is 10 min (MODEL).
    canary_share: Share = 0.05
    """canary: share of the requests that go to the new version first."""
    canary_bake_s: Duration = 180.0
    """canary: how long only that share goes to the new version."""
    bake_s: Duration = 180.0
    """canary: how long the old version stays after all requests go to the new one."""
    rollback_alarm: Annotated[RollbackAlarmSpec, BeforeValidator(_switched)] = RollbackAlarmSpec.unchanged()
    """canary: the alarm that returns the traffic to the old version; `off`: none."""
    # ASSUMPTION: the circuit breaker is on; ECS documents it for rolling deployments only, and not whether Express Mode
    # turns it on (ecs-express 4). DescribeServiceDeployments of a failing deployment settles it.
    circuit_breaker: Flag = True
    """canary: a deployment fails when half of the instances, at least 3, have failed to start in a row."""
    deregistration_delay_s: Duration | None = None
    """canary: the deregistration delay of the old instances (default: that of `load_balancer`, or 5 min)."""
    # ASSUMPTION: the old instances stay for the whole delay, since the load balancer keeps connections to them open: an
    # update takes 10 to 12 minutes (facts validation-2 V18), of which the documented stages explain 7. The times of the
    # target states `draining` and `unused` settle it.
    whole_delay: Flag = True
    """canary: whether the old instances stay for the whole delay, or only until they have no requests."""

    @model_validator(mode="after")
    def _fits(self) -> DeploymentSpec:
        """Raise ValueError for a key that the strategy does not use."""
        own = self.model_fields_set - {"strategy"}
        if self.strategy != "canary" and own:
            keys = ", ".join(sorted(key.removesuffix("_s") for key in own))
            msg = f"strategy = {self.strategy!r}, must be canary for {keys}"
            raise ValueError(msg)
        if self.strategy == "canary" and not 0 < self.canary_share < 1:
            msg = f"canary_share = {100 * self.canary_share:g} %, must be above 0 % and below 100 %"
            raise ValueError(msg)
        return self

    def staged(self, delay_s: float | None = None) -> StagedDeployment | None:
        """Return the strategy; None for that of App Runner. `delay_s`: deregistration delay of the load balancer."""
        if self.strategy == "app-runner":
            return None
        from simulator.rules.deployments.circuit_breaker import CircuitBreaker  # noqa: PLC0415 few services need it
        from simulator.rules.deployments.strategy import canary, revision_swap  # noqa: PLC0415

        match self.strategy:
            case "revision-swap":
                return revision_swap()
            case "canary":
                given_s = self.deregistration_delay_s if self.deregistration_delay_s is not None else delay_s
                return canary(
                    self.canary_share,
                    self.canary_bake_s,
                    self.bake_s,
                    alarm=self.rollback_alarm.alarm,
                    breaker=CircuitBreaker() if self.circuit_breaker else CircuitBreaker(0.0, _NEVER, _NEVER),
                    deregistration_s=(DEREGISTRATION_S if given_s is None else given_s) if self.whole_delay else 0.0,
                )
            case _:
                assert_never(self.strategy)


_NEVER: Final = 1_000_000  # failed starts in a row that do not end a deployment without a circuit breaker


Deployment = Annotated[DeploymentSpec, BeforeValidator(_named)]
