"""The operations engine: asynchronous operations on services; each has a task, and is stored durably.

An operation begins inside the change that acknowledges it, and its task starts after the commit. If the simulator is
killed, the operation continues after the next start: its step is run again, and its time continues.
"""

# ASSUMPTION: App Runner ends an operation in the same way if one of its own hosts fails; there is no status for
# anything else (facts 1.7), and no report of an operation that never ends. A published failure of the control plane
# would settle it.

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, Final

from simulator.control.operations.event_lines import WORDS
from simulator.control.operations.maintenance import Maintenance
from simulator.control.operations.operation_run import OperationRun
from simulator.control.operations.revisions import deployed_revision
from simulator.control.operations.service_events import ServiceEvents
from simulator.control.operations.time_profile import TimeProfile
from simulator.control.operations.workload import Workload, WorkloadFailed
from simulator.control.state.identifiers import Identifiers
from simulator.control.state.registry import Registry
from simulator.control.wall_clock import WallClock
from simulator.model.resources.api_resources import OperationResource, ServiceResource
from simulator.model.resources.operation import OperationStatus, OperationType
from simulator.model.resources.service_configuration import ServiceConfiguration
from simulator.model.resources.service_state import ServiceStatus
from simulator.world.tasks import Tasks

Work = Callable[[], Coroutine[Any, Any, None]]

KEPT_MAX: Final = 200  # maximum number per service; the oldest are removed

_NEW_REVISION: Final = frozenset({OperationType.UPDATE_SERVICE, OperationType.START_DEPLOYMENT})
# operations during and after whose failure the old revision serves
_OLD_SERVES: Final = _NEW_REVISION | {OperationType.PAUSE_SERVICE}


class Operations:
    """The engine for all services. `dashed`: ids have 36 characters, as in the API model (facts 1.5).

    `on_deleted` removes what belongs to a deleted service. It is a part of the deletion and not a reader of the
    journal: it is called inside the change that sets DELETED, so that both are committed or neither.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        workload: Workload,
        events: ServiceEvents,
        identifiers: Identifiers,
        profile: TimeProfile,
        now: WallClock,
        tasks: Tasks,
        on_deleted: Callable[[ServiceResource], None],
        dashed: bool = False,
    ) -> None:
        self._on_deleted = on_deleted
        self._registry = registry
        self._workload = workload
        self._events = events
        self._identifiers = identifiers
        self._profile = profile
        self._now = now
        self._tasks = tasks
        self._dashed = dashed
        self._running: dict[str, asyncio.Task[None]] = {}  # key: service ARN
        self._maintenance = Maintenance(registry, workload, events, now)

    # --- beginning -------------------------------------------------------------------------------------------------

    def create(self, service: ServiceResource) -> OperationResource:
        """Start CREATE_SERVICE. Call `create`, `update` and `begin` inside `registry.change()`."""
        return self._begin(service, OperationType.CREATE_SERVICE, ServiceStatus.CREATE_FAILED)

    def update(
        self, service: ServiceResource, configuration: ServiceConfiguration, *, new_application: bool
    ) -> OperationResource:
        wanted = replace(service, configuration=configuration)
        return self._begin(wanted, OperationType.UPDATE_SERVICE, service.status, new_application=new_application)

    def begin(self, service: ServiceResource, operation: OperationType) -> OperationResource:
        """Start a deployment, pause, resumption or deletion. The caller has checked the state table."""
        return self._begin(service, operation, service.status)

    def _begin(
        self,
        service: ServiceResource,
        kind: OperationType,
        began_in: ServiceStatus,
        *,
        new_application: bool = False,
    ) -> OperationResource:
        now = self._now()
        operation = OperationResource(
            operation_id=self._new_id(),
            service_arn=service.arn,
            born=self._registry.next_number(),
            type=kind,
            status=OperationStatus.PENDING,
            started_at=now,
            updated_at=now,
            began_in=began_in,
            new_application=new_application,
        )
        locked = replace(
            service,
            status=ServiceStatus.OPERATION_IN_PROGRESS,
            updated_at=now,
            revision_number=service.revision_number + (kind in _NEW_REVISION),
        )
        self._registry.put(locked)
        self._registry.put(operation)
        self._events.operation_changed(locked, f"{WORDS[kind].event}Started", WORDS[kind].started)
        self._forget_the_oldest(service)
        self._registry.after_commit(lambda: self._spawn(operation))
        return operation

    def _new_id(self) -> str:
        draw = self._identifiers.uuid if self._dashed else self._identifiers.hexadecimal
        return draw("operation")

    def _forget_the_oldest(self, service: ServiceResource) -> None:
        kept = self._registry.owned_by(OperationResource, service.arn)
        for operation in kept[: max(0, len(kept) - KEPT_MAX)]:
            self._registry.remove(operation)

    # --- running ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Restore services and continue interrupted operations. Call once, before the first call of the API."""
        for service in self._registry.all(ServiceResource):
            cut_off = [each for each in self._of(service) if not each.has_ended]
            known = service
            if not cut_off and service.status is ServiceStatus.OPERATION_IN_PROGRESS:
                known = self._maintenance.end(service)
            if cut_off or known.status is ServiceStatus.RUNNING:
                work = partial(self._restore, known, cut_off[0] if cut_off else None)
                self._own(service.arn, work, "comes back")

    async def settled(self) -> None:
        """Wait until no operation runs."""
        while self._running:
            await asyncio.wait(tuple(self._running.values()))

    def _of(self, service: ServiceResource) -> list[OperationResource]:
        return self._registry.owned_by(OperationResource, service.arn)

    def _spawn(self, operation: OperationResource) -> None:
        self._own(operation.service_arn, self._run(operation).carry_out, f"{operation.type} {operation.operation_id}")

    def _own(self, service_arn: str, work: Work, name: str) -> None:
        task = self._tasks.spawn(_after(self._running.get(service_arn), work), name)
        self._running[service_arn] = task
        task.add_done_callback(lambda ended: self._ended(service_arn, ended))

    def _ended(self, service_arn: str, task: asyncio.Task[None]) -> None:
        if self._running.get(service_arn) is task:
            del self._running[service_arn]

    def _run(self, operation: OperationResource) -> OperationRun:
        return OperationRun(
            operation,
            registry=self._registry,
            workload=self._workload,
            events=self._events,
            profile=self._profile,
            now=self._now,
            on_deleted=self._on_deleted,
        )

    async def _restore(self, service: ServiceResource, cut_off: OperationResource | None) -> None:
        """Restore the instances, if the service has any during the operation; then continue the operation."""
        if service.deployed is not None and (cut_off is None or cut_off.type in _OLD_SERVES):
            try:
                await self._workload.restore(deployed_revision(self._registry, service))
            except WorkloadFailed as failure:
                # The service stays RUNNING, like one whose instances all fail; its log has the reason why it does not
                # respond.
                with self._registry.change(background=True):
                    for line in (*failure.lines, failure.reason):
                        self._events.line(service, line)
        if cut_off is not None:
            await self._run(cut_off).carry_out()


async def _after(earlier: asyncio.Task[None] | None, work: Work) -> None:
    """Run `work` after the service has been restored: the workload gets one call per service at a time."""
    if earlier is not None:
        await asyncio.wait((earlier,))
    await work()
