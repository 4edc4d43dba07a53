"""Deployment of a service from one source without the API: build, start beside the serving version, switch, drain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from simulator.builds.artifact import BuildArtifact, Builder, SourceDescription
from simulator.control.operations.time_profile import INSTANT
from simulator.fleet.credentials.secrets import SecretsPlace
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import LaunchError
from simulator.fleet.process.throttling import Throttling
from simulator.model.health import HEALTHY_LINE, HealthCheck, performing_line
from simulator.model.resources.phase import Phase
from simulator.model.scaling import AutoScalingConfiguration
from simulator.platform.built_application import application_of
from simulator.platform.deployments.blue_green import deploy
from simulator.platform.platform import Platform, Service
from simulator.platform.revision import ServicePlan
from simulator.platform.scaling.policy_choice import PolicyChoice, on_policy_failure

# seconds between probes: a developer waits for the start
_PROBE_S: Final = 0.1
_SETTLE_S: Final = 1.0  # a developer who watches the log sees it if the version exits later
_DRAIN_S: Final = 10.0
_GRACE_S: Final = 5.0


@dataclass(slots=True)
class SourceService:
    """A service from one source. `log` receives the lines of the deployment log. `service` exists on the platform."""

    platform: Platform
    service: Service
    builder: Builder
    source: SourceDescription
    log: Callable[[str], None]
    secrets_from: SecretsPlace
    policy: PolicyChoice = field(default_factory=PolicyChoice)
    balancing: str = PoolSettings("").balancing
    serves: BuildArtifact | None = None

    async def deploy(self) -> None:
        """Deploy the current source; do nothing if the serving version equals it.

        On failure, the serving version stays. If it had to be stopped because it occupies the only port, it is started
        again.

        Raises:
            BuildFailed: if the build fails.
            LaunchError, OSError: if the new version does not start.
        """
        steps = _ReportedProgress(self.log, self)
        built = await self.builder.build(self.source, steps)
        if self.serves is not None and _same(built, self.serves):
            return
        steps.port = built.port
        try:
            await self._start(built, steps)
        except (LaunchError, OSError):
            if self.serves is not None and self.service.revision is None:
                steps.port = self.serves.port
                await self._start(self.serves, steps)
            raise
        self.serves = built
        self.service.forget_ended()
        self.builder.keep([built])

    async def _start(self, built: BuildArtifact, steps: _ReportedProgress) -> None:
        def log(line: str) -> None:
            self.log(f"[AppRunner] {line}")

        await deploy(self.service, self._plan(built), steps, self.platform.tasks, log, settle_s=_SETTLE_S)

    def _plan(self, built: BuildArtifact) -> ServicePlan:
        scaling = AutoScalingConfiguration()
        settings = PoolSettings(
            self.service.name,
            scaling=scaling,
            port=built.port,
            balancing=self.balancing,
            startup_allowance_s=INSTANT.startup_allowance_s,
            startup_probe_s=_PROBE_S,
            drain_timeout_s=_DRAIN_S,
            stop_grace_s=_GRACE_S,
        )
        policy = self.policy.build(settings.size, scaling)
        on_policy_failure(policy, self.log)
        return ServicePlan(
            settings,
            policy,
            application_of(built),
            needs=self.policy.needs,
            throttling=Throttling.NONE,
            secrets=built.secrets,
            secrets_from=self.secrets_from,
        )


def _same(one: BuildArtifact, other: BuildArtifact) -> bool:
    return (one.folder, one.command, one.image) == (other.folder, other.command, other.image)


class _ReportedProgress:
    """Logs the phases in App Runner's wording (facts 2.4, 6.5)."""

    def __init__(self, log: Callable[[str], None], service: SourceService) -> None:
        self._log = log
        self._service = service
        self.port = 0

    async def reach(self, phase: Phase) -> None:
        lines = {
            Phase.BUILDING: "Starting source code build.",
            Phase.PROVISIONING: "Successfully built your application source code.",
            Phase.HEALTH_CHECKING: performing_line(HealthCheck(), self.port),
            Phase.HEALTHY: HEALTHY_LINE,
            Phase.ROUTED: "Successfully routed incoming traffic to application.",
        }
        if phase in lines:
            self._log(f"[AppRunner] {lines[phase]}")

    def log(self, line: str) -> None:
        self._log(line)
