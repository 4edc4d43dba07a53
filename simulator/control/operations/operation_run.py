"""The execution of one operation: the workload's step, the times of the profile, and the result from the tables."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final, assert_never

from simulator.control.operations.event_lines import (
    DEPLOYS,
    WORDS,
    completed_text,
    deployment_begins,
    deployment_failed,
    phase_lines,
)
from simulator.control.operations.revisions import deployed_revision, wanted_revision
from simulator.control.operations.service_events import ServiceEvents
from simulator.control.operations.time_profile import TimeProfile
from simulator.control.operations.workload import Workload, WorkloadFailed
from simulator.control.state.registry import Registry
from simulator.control.wall_clock import WallClock, elapsed_s
from simulator.model.resources.api_resources import Deployed, OperationResource, ServiceResource
from simulator.model.resources.operation import OperationEvent, OperationStatus, OperationType, next_status
from simulator.model.resources.phase import Phase
from simulator.model.resources.service_state import ServiceStatus, status_after

_BROKEN: Final = "An internal error occurred."


class OperationRun:
    """Runs one operation, and implements `DeploymentProgress`.

    `on_deleted` is called inside the change that sets DELETED.
    """

    def __init__(
        self,
        operation: OperationResource,
        *,
        registry: Registry,
        workload: Workload,
        events: ServiceEvents,
        profile: TimeProfile,
        now: WallClock,
        on_deleted: Callable[[ServiceResource], None],
    ) -> None:
        self.operation_id = operation.operation_id
        self._type = operation.type
        self._registry = registry
        self._workload = workload
        self._events = events
        self._profile = profile
        self._now = now
        self._on_deleted = on_deleted
        self._port: int | None = None  # the port from an apprunner.yaml
        self._pull_s = 0.0  # seconds by which the image's size delays the phases after the pull
        self._loop = asyncio.get_running_loop()
        # Phases are timed from the start of the operation, even if the simulator was restarted in between.
        self._began_s = self._loop.time() - elapsed_s(operation.started_at, now())

    async def carry_out(self) -> None:
        try:
            await self._attempt()
        except Exception:
            # After an internal error the service must not stay locked; the exception still reaches the owner of the
            # tasks.
            if not self._operation.has_ended:
                self._tell_of_failure(WorkloadFailed(_BROKEN))
                self._settle(succeeded=False)
            raise

    async def _attempt(self) -> None:
        if self._operation.status is OperationStatus.ROLLBACK_IN_PROGRESS:
            await self._roll_back(elapsed_s(self._operation.updated_at, self._now()))
            return
        try:
            await self.reach(Phase.BEGUN)
            version = await self._work()
            await self._wait_for(Phase.DONE)
        except WorkloadFailed as failure:
            await self._fail(failure)
        else:
            self._succeed(version)

    # --- DeploymentProgress ----------------------------------------------------------------------------------------

    async def reach(self, phase: Phase) -> None:
        await self._wait_for(phase)
        if phase <= self._operation.phase:
            return  # it was logged before the simulator was restarted
        with self._registry.change(background=True):
            self._put(phase=int(phase))
            if phase is Phase.BEGUN:
                self._tell_of_beginning()
            if self._type in DEPLOYS:
                self._tell_of_phase(phase)

    def listens(self, port: int) -> None:
        self._port = port

    def pulls(self, size_bytes: int) -> None:
        self._pull_s = self._profile.pull_s(size_bytes)

    def log(self, line: str) -> None:
        with self._registry.change(background=True):
            self._events.deployment_line(self._service, self.operation_id, line)

    # --- success ---------------------------------------------------------------------------------------------------

    async def _work(self) -> str:
        """Run the workload's step. Return the version that the service then runs."""
        service, workload = self._service, self._workload
        match self._type:
            case OperationType.PAUSE_SERVICE:
                await workload.pause(deployed_revision(self._registry, service))
            case OperationType.RESUME_SERVICE:
                await workload.resume(deployed_revision(self._registry, service))
            case OperationType.DELETE_SERVICE:
                await workload.delete(wanted_revision(self._registry, service))
            case OperationType.CREATE_SERVICE | OperationType.UPDATE_SERVICE | OperationType.START_DEPLOYMENT:
                wanted = wanted_revision(self._registry, service)
                if self._operation.began_in is ServiceStatus.CREATE_FAILED:
                    return await workload.provision(wanted, self)
                return await workload.deploy(wanted, self)
            case _:
                assert_never(self._type)
        return ""

    async def _wait_for(self, phase: Phase) -> None:
        is_image = self._service.configuration.is_image
        whole_s = self._profile.whole_s(self._type, self.operation_id, is_image=is_image)
        at_s = self._profile.phase_s(self._type, phase, is_image=is_image, whole_s=whole_s)
        if phase >= Phase.SOURCE_READY:
            at_s += self._pull_s
        await asyncio.sleep(max(0.0, self._began_s + at_s - self._loop.time()))

    def _succeed(self, version: str) -> None:
        service = self._service
        deployed = service.deployed
        if self._type in DEPLOYS:
            deployed = Deployed(service.revision_number, service.configuration, version)
        with self._registry.change(background=True):
            self._put(event=OperationEvent.SUCCEEDED, ended=True)
            text = completed_text(self._type, new_application=self._operation.new_application)
            self._events.operation_changed(service, f"{WORDS[self._type].event}CompletedSuccessfully", text)
            self._end_service(replace(service, deployed=deployed), succeeded=True)

    # --- failure ---------------------------------------------------------------------------------------------------

    async def _fail(self, failure: WorkloadFailed) -> None:
        operation = self._operation
        self._tell_of_failure(failure)
        if self._type not in DEPLOYS:
            self._settle(succeeded=False)
        elif operation.began_in is ServiceStatus.CREATE_FAILED:
            at_s = self._began_s + self._profile.failed_s(Phase(operation.phase))
            await asyncio.sleep(max(0.0, at_s - self._loop.time()))
            self._settle(succeeded=False)
        elif self._type is OperationType.START_DEPLOYMENT and operation.phase < Phase.PROVISIONING:
            self._settle(succeeded=False)  # nothing was rolled out, so there is no rollback (facts 2.1)
        else:
            with self._registry.change(background=True):
                self._put(event=OperationEvent.ROLLBACK_BEGAN)
            await self._roll_back(0.0)

    async def _roll_back(self, passed_s: float) -> None:
        until_s = self._loop.time() + self._profile.rolled_back_s(Phase(self._operation.phase)) - passed_s
        succeeded = True
        try:
            await self._workload.roll_back(deployed_revision(self._registry, self._service))
        except WorkloadFailed as failure:
            self._tell_of_failure(failure)
            succeeded = False
        await asyncio.sleep(max(0.0, until_s - self._loop.time()))
        self._settle(succeeded=succeeded)

    def _settle(self, *, succeeded: bool) -> None:
        """End a failed operation. `succeeded`: whether the rollback succeeded."""
        # ASSUMPTION: a service whose rollback failed is RUNNING too; no status says otherwise (facts 1.7). An update on
        # AWS whose old image no longer exists would settle it.
        service = self._service
        with self._registry.change(background=True):
            self._put(event=OperationEvent.SUCCEEDED if succeeded else OperationEvent.FAILED, ended=True)
            words = WORDS[self._type]
            self._events.operation_changed(service, f"{words.event}Failed", words.failed)
            if self._type in DEPLOYS and service.deployed is not None:
                service = replace(service, configuration=service.deployed.configuration)
            self._end_service(service, succeeded=False)

    # --- logs and resources ----------------------------------------------------------------------------------------

    def _tell_of_beginning(self) -> None:
        self._put(event=OperationEvent.BEGAN)
        creates = self._type is OperationType.CREATE_SERVICE
        self._events.status_changed(self._service, None if creates else self._operation.began_in)
        if self._type in DEPLOYS:
            line = deployment_begins(self._service.configuration)
            self._events.deployment_line(self._service, self.operation_id, line)

    def _tell_of_phase(self, phase: Phase) -> None:
        service = self._service
        creates = self._type is OperationType.CREATE_SERVICE
        for line in phase_lines(phase, service.configuration, creates=creates, port=self._port):
            self._events.line(service, line)
            self._events.deployment_line(service, self.operation_id, line)

    def _tell_of_failure(self, failure: WorkloadFailed) -> None:
        service = self._service
        with self._registry.change(background=True):
            for line in failure.lines:
                self._events.line(service, line)
                self._events.deployment_line(service, self.operation_id, line)
            if self._type in DEPLOYS:
                self._events.line(
                    service, f"Deployment with ID : {self.operation_id} failed. Failure reason : {failure.reason}"
                )
                for line in deployment_failed(service.configuration, failure.reason):
                    self._events.deployment_line(service, self.operation_id, line)
            elif not failure.lines:
                self._events.line(service, failure.reason)

    def _end_service(self, service: ServiceResource, *, succeeded: bool) -> None:
        now, status = self._now(), status_after(self._type, self._operation.began_in, succeeded=succeeded)
        deleted_at = now if status is ServiceStatus.DELETED else None
        ended = replace(service, status=status, updated_at=now, deleted_at=deleted_at)
        self._registry.put(ended)
        self._events.status_changed(ended, service.status)
        if status is ServiceStatus.DELETED:
            self._on_deleted(ended)

    def _put(self, *, event: OperationEvent | None = None, phase: int | None = None, ended: bool = False) -> None:
        operation, now = self._operation, self._now()
        self._registry.put(
            replace(
                operation,
                status=operation.status if event is None else next_status(operation.status, event),
                phase=operation.phase if phase is None else phase,
                updated_at=now,
                ended_at=now if ended else None,
            )
        )

    @property
    def _operation(self) -> OperationResource:
        operation = self._registry.get(OperationResource, self.operation_id)
        assert operation is not None, self.operation_id
        return operation

    @property
    def _service(self) -> ServiceResource:
        service = self._registry.get(ServiceResource, self._operation.service_arn)
        assert service is not None, self._operation.service_arn
        return service
