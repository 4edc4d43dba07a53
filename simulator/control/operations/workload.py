"""The workload port: runs the services for the operations engine.

Each call is one step, which may take time. It succeeds, or raises `WorkloadFailed` with the message that App Runner
would show. A step is requested again if the simulator was killed during it; nothing of the first attempt runs then.
There is one call per service at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from simulator.model.health import failed_line, stopped_line
from simulator.model.resources.phase import Phase
from simulator.model.resources.service_configuration import ServiceConfiguration
from simulator.model.scaling import AutoScalingConfiguration

if TYPE_CHECKING:
    from simulator.rules.waf.web_acl import WebAcl


@dataclass(frozen=True, slots=True)
class ServiceRevision:
    """A service as it should run. `number`: number of the revision.

    `version`: result of `provision` or `deploy` for this revision: a digest or commit; empty before.
    """

    service_arn: str
    service_id: str
    name: str
    account: str
    region: str
    host: str  # host name in the service's URL
    number: int
    configuration: ServiceConfiguration
    scaling: AutoScalingConfiguration
    subnets: tuple[str, ...] = ()  # subnets of its VPC connector
    security_groups: tuple[str, ...] = ()
    tracing: str | None = None  # vendor of its observability configuration
    version: str = ""
    kms_key: str | None = None  # ARN of the service's own key


class WorkloadFailed(Exception):
    """A step failed. `reason`: a sentence, such as `Health check failed.` `lines`: log lines before the reason."""

    def __init__(self, reason: str, lines: Sequence[str] = ()) -> None:
        self.reason = reason
        self.lines = tuple(lines)
        super().__init__(reason)


class DeploymentProgress(Protocol):
    """Receives the progress of a workload's step."""

    @property
    def operation_id(self) -> str: ...

    async def reach(self, phase: Phase) -> None:
        """Report that `phase` is reached: wait for its time in the profile, then write its log lines."""

    def listens(self, port: int) -> None:
        """Report the port of the new version, which its apprunner.yaml may set; call this before HEALTH_CHECKING."""

    def pulls(self, size_bytes: int) -> None:
        """Report the compressed size of the image that is pulled, in bytes; call this before SOURCE_READY."""

    def log(self, line: str) -> None:
        """Write a line to the deployment log, with its prefix, such as `[Build] Step 1/3 : FROM ...`."""


class Log(Protocol):
    """Records what happens to services between operations."""

    def event(self, service_arn: str, line: str) -> None:
        """Write a line to the service's event log, without a prefix."""

    def application(self, service_arn: str, instance_id: str, line: str) -> None:
        """Write an output line of an instance. `instance_id`: 32 hexadecimal digits."""


class Workload(Protocol):
    """Runs services. Every asynchronous method may raise WorkloadFailed."""

    def attach(self, log: Log) -> None:
        """Set the log; called once, before any other method."""

    def arn(self, name: str) -> str | None:
        """Return the ARN of the service with this name on the platform; None if there is none."""

    async def provision(self, revision: ServiceRevision, steps: DeploymentProgress) -> str:
        """Start a new service: pull or build, start MinSize instances, check their health, route. Return the version.

        After a failure, nothing runs. Phases to report: SOURCE_READY to ROUTED; for source code, SOURCE_PULLED to
        ROUTED.
        """

    async def deploy(self, revision: ServiceRevision, steps: DeploymentProgress) -> str:
        """Do what `provision` does beside the running revision (blue/green), then remove the old one.

        Return the version. After a failure, the old revision keeps the traffic.
        """

    async def roll_back(self, revision: ServiceRevision) -> None:
        """Run only `revision`, the previous one, after a failed `deploy`."""

    async def pause(self, revision: ServiceRevision) -> None:
        """Stop all instances; image, configuration and URL are kept."""

    async def resume(self, revision: ServiceRevision) -> None:
        """Serve again with the version of `revision`, without a pull or build."""

    async def delete(self, revision: ServiceRevision) -> None:
        """Remove the service completely. It may never have run."""

    async def restore(self, revision: ServiceRevision) -> None:
        """Run `revision` after a restart of the simulator; without a pull or build, if possible."""

    def protect(self, service_arn: str, acl: WebAcl | None) -> None:
        """Evaluate a web ACL on the service's requests, with any revision, until the service is deleted.

        None removes it.
        """

    async def bind_domain(self, service_arn: str, names: tuple[str, ...], endpoint: str = "") -> None:
        """Issue a certificate for the host names and route requests for them to the service.

        `endpoint`: the VPC endpoint through which clients of a private service reach it.
        """

    async def unbind_domain(self, service_arn: str, names: tuple[str, ...]) -> None:
        """Stop routing the host names to the service."""


def health_check_failed(configuration: ServiceConfiguration, port: int | None = None) -> WorkloadFailed:
    """Return the failure of a health check. `port`: the port from an apprunner.yaml; None: the configuration's port."""
    return WorkloadFailed("Health check failed.", (failed_line(configuration.health, port or configuration.port),))


def application_stopped(exit_code: int) -> WorkloadFailed:
    return WorkloadFailed("Health check failed.", (stopped_line(exit_code),))


def pull_failed(reason: str) -> WorkloadFailed:
    return WorkloadFailed(reason, (f"Failed to pull your application image. Reason: {reason}",))


def copy_failed(reason: str, *details: str) -> WorkloadFailed:
    """Return the failure of a pull from a registry, in App Runner's words (facts 7, 19.6).

    `details`: further log lines.
    """
    line = f"Failed to pull your application image. Reason: {reason}"
    return WorkloadFailed("Failed to copy the image from ECR.", (line, *details))


def build_failed(reason: str) -> WorkloadFailed:
    return WorkloadFailed(reason, (f"Failed to build your application source code. Reason: {reason}",))
