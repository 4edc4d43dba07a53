"""A workload that only records its calls: for tests, and for scenarios of the API alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.control.operations.workload import (
    DeploymentProgress,
    Log,
    ServiceRevision,
    WorkloadFailed,
    health_check_failed,
)
from simulator.model.resources.phase import Phase

if TYPE_CHECKING:
    from simulator.rules.waf.web_acl import WebAcl

_IMAGE_PHASES = (Phase.SOURCE_READY, Phase.PROVISIONING, Phase.HEALTH_CHECKING, Phase.HEALTHY, Phase.ROUTED)
_SOURCE_PHASES = (Phase.SOURCE_PULLED, Phase.BUILDING, *_IMAGE_PHASES)


@dataclass(slots=True)
class SimulatedWorkload:
    """Implements `Workload`. `running`: key: service ARN; the serving revision. `domains`: key: host name; service ARN.

    `step_s`: seconds that each step takes. Use `fail` to configure failures.
    """

    step_s: float = 0.0
    running: dict[str, ServiceRevision] = field(default_factory=dict)
    domains: dict[str, str] = field(default_factory=dict)
    endpoints: dict[str, str] = field(default_factory=dict)  # key: host name; VPC endpoint, empty for a public name
    web_acls: dict[str, WebAcl | None] = field(default_factory=dict)  # key: service ARN
    calls: list[tuple[str, str, int]] = field(default_factory=list)  # (step, service name, revision number)
    _failures: dict[tuple[str, str], tuple[Phase | None, WorkloadFailed | None]] = field(default_factory=dict)

    def fail(self, name: str, step: str, *, before: Phase | None = None, failure: WorkloadFailed | None = None) -> None:
        """Make the service's next `step` (`provision`, `deploy`, `roll_back`, ...) fail before the phase `before`.

        The default failure is a failed health check.
        """
        self._failures[name, step] = (before, failure)

    def protect(self, service_arn: str, acl: WebAcl | None) -> None:
        self.web_acls[service_arn] = acl

    def attach(self, log: Log) -> None:
        """Do nothing: this workload writes no logs."""

    def arn(self, name: str) -> str | None:
        return next((arn for arn, revision in self.running.items() if revision.name == name), None)

    async def provision(self, revision: ServiceRevision, steps: DeploymentProgress) -> str:
        await self._roll_out("provision", revision, steps)
        return f"version {revision.number}"

    async def deploy(self, revision: ServiceRevision, steps: DeploymentProgress) -> str:
        await self._roll_out("deploy", revision, steps)
        return f"version {revision.number}"

    async def roll_back(self, revision: ServiceRevision) -> None:
        await self._step("roll_back", revision)
        self.running[revision.service_arn] = revision

    async def pause(self, revision: ServiceRevision) -> None:
        await self._step("pause", revision)
        self.running.pop(revision.service_arn, None)

    async def resume(self, revision: ServiceRevision) -> None:
        await self._step("resume", revision)
        self.running[revision.service_arn] = revision

    async def delete(self, revision: ServiceRevision) -> None:
        await self._step("delete", revision)
        self.running.pop(revision.service_arn, None)

    async def restore(self, revision: ServiceRevision) -> None:
        await self._step("restore", revision)
        self.running[revision.service_arn] = revision

    async def bind_domain(self, service_arn: str, names: tuple[str, ...], endpoint: str = "") -> None:
        self._fail_where_scripted(service_arn.split("/")[1], "bind_domain", None, None)
        self.domains |= dict.fromkeys(names, service_arn)
        self.endpoints |= dict.fromkeys(names, endpoint)

    async def unbind_domain(self, service_arn: str, names: tuple[str, ...]) -> None:
        self._fail_where_scripted(service_arn.split("/")[1], "unbind_domain", None, None)
        for name in names:
            self.domains.pop(name, None)

    async def _roll_out(self, step: str, revision: ServiceRevision, steps: DeploymentProgress) -> None:
        self.calls.append((step, revision.name, revision.number))
        await asyncio.sleep(self.step_s)
        for phase in _IMAGE_PHASES if revision.configuration.is_image else _SOURCE_PHASES:
            self._fail_where_scripted(revision.name, step, phase, revision)
            await steps.reach(phase)
        self._fail_where_scripted(revision.name, step, None, revision)
        self.running[revision.service_arn] = revision

    async def _step(self, step: str, revision: ServiceRevision) -> None:
        self.calls.append((step, revision.name, revision.number))
        await asyncio.sleep(self.step_s)
        self._fail_where_scripted(revision.name, step, None, revision)

    def _fail_where_scripted(self, name: str, step: str, phase: Phase | None, revision: ServiceRevision | None) -> None:
        before, failure = self._failures.get((name, step), (Phase.DONE, None))
        if before is phase:
            del self._failures[name, step]
            if failure is not None:
                raise failure
            raise health_check_failed(revision.configuration) if revision else WorkloadFailed(f"{step} failed.")
