"""The workload port: what stands behind a service, asked by the operations engine.

Each call is one step that may take its time. It ends well, or it raises `WorkloadFailed` with what App Runner would
tell its user. A step may be asked for again after the simulator was killed in the midst of it; nothing of the first
attempt runs then. For one service there is one call at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from simulator.model.health import failed_line, stopped_line
from simulator.model.phase import Phase
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.service_configuration import ServiceConfiguration


@dataclass(frozen=True, slots=True)
class ServiceRevision:
    """A service as it is to run. `number` tells its revisions apart.

    `version`: what `provision` or `deploy` answered for this revision, the digest or commit; empty before they did.
    """

    service_arn: str
    service_id: str
    name: str
    account: str
    region: str
    host: str  # of its URL
    number: int
    configuration: ServiceConfiguration
    scaling: AutoScalingConfiguration
    subnets: tuple[str, ...] = ()  # of its VPC connector
    tracing: str | None = None  # the vendor
    version: str = ""


class WorkloadFailed(Exception):
    """`reason`: a sentence, such as `Health check failed.` `lines`: what the logs are to say before it."""

    def __init__(self, reason: str, lines: Sequence[str] = ()) -> None:
        self.reason = reason
        self.lines = tuple(lines)
        super().__init__(reason)


class Steps(Protocol):
    """How a workload tells how far it has come."""

    @property
    def operation_id(self) -> str: ...

    async def reach(self, phase: Phase) -> None:
        """`phase` begins or is reached: its lines are written, but not before its time of the profile."""

    def listens(self, port: int) -> None:
        """Where the new version listens, if its apprunner.yaml says so; to be told before HEALTH_CHECKING."""

    def log(self, line: str) -> None:
        """A line of the deployment log, with its prefix, such as `[Build] Step 1/3 : FROM ...`."""


class Log(Protocol):
    """Where what happens to services between operations is written down."""

    def event(self, service_arn: str, line: str) -> None:
        """A line of the service's event log, without its prefix."""

    def application(self, service_arn: str, instance_id: str, line: str) -> None:
        """A line that an instance of it wrote. `instance_id`: 32 hexadecimal digits."""


class Workload(Protocol):
    """What the platform does for services. Every asynchronous method may raise WorkloadFailed."""

    def attach(self, log: Log) -> None:
        """Once, before the first call of another method."""

    async def provision(self, revision: ServiceRevision, steps: Steps) -> str:
        """From nothing to serving: pull or build, start MinSize instances, health check, route. Returns the version.

        A failure leaves nothing running. The phases to reach: SOURCE_READY to ROUTED; from SOURCE_PULLED on for source
        code.
        """

    async def deploy(self, revision: ServiceRevision, steps: Steps) -> str:
        """The same beside the revision that runs (blue/green), then remove the old one. Returns the version.

        A failure leaves traffic with the old revision.
        """

    async def roll_back(self, revision: ServiceRevision) -> None:
        """After a failed `deploy`: `revision`, the one before, runs alone."""

    async def pause(self, revision: ServiceRevision) -> None:
        """Compute to zero; image, configuration and URL are kept."""

    async def resume(self, revision: ServiceRevision) -> None:
        """Serving again, the version of `revision` without a pull or a build."""

    async def delete(self, revision: ServiceRevision) -> None:
        """Nothing of the service is left. It may never have run."""

    async def restore(self, revision: ServiceRevision) -> None:
        """The simulator has started again: the service runs `revision`, without a pull or a build where that can be."""

    async def bind_domain(self, service_arn: str, names: tuple[str, ...]) -> None:
        """A certificate for the host names, and requests for them go to the service."""

    async def unbind_domain(self, service_arn: str, names: tuple[str, ...]) -> None:
        """The host names are nobody's again."""


def health_check_failed(configuration: ServiceConfiguration, port: int | None = None) -> WorkloadFailed:
    """`port`: of an apprunner.yaml, which the configuration does not know; None for the configuration's own."""
    return WorkloadFailed("Health check failed.", (failed_line(configuration.health, port or configuration.port),))


def application_stopped(exit_code: int) -> WorkloadFailed:
    return WorkloadFailed("Health check failed.", (stopped_line(exit_code),))


def pull_failed(reason: str) -> WorkloadFailed:
    return WorkloadFailed(reason, (f"Failed to pull your application image. Reason: {reason}",))


def build_failed(reason: str) -> WorkloadFailed:
    return WorkloadFailed(reason, (f"Failed to build your application source code. Reason: {reason}",))
