"""A deployment, from the desired revision to the serving one: blue/green, as on App Runner (facts 2.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final, Protocol

from simulator.control.operations.workload import ServiceRevision, WorkloadFailed, health_check_failed
from simulator.fleet.instance import Termination
from simulator.fleet.ports import LaunchError, NotReady
from simulator.model.resources.phase import Phase
from simulator.platform.platform import Service
from simulator.platform.revision import Revision, ServicePlan
from simulator.records.events import ANOTHER_REVISION
from simulator.world.tasks import Tasks, first_of

# How long healthy new instances must stay healthy before they get traffic. With a TCP check an application is healthy
# as soon as it listens, and many listen before they have loaded their code: gunicorn binds its port, starts its
# workers, and exits if none of them can load the application.
# ASSUMPTION: on App Runner more than a minute passes between the health check and the route (facts 2.3), so such a
# version never serves. Settled by deploying one that exits two minutes after it listens. Five seconds are enough to
# detect applications that connect to a database or load a model after they listen, and fail. A first deployment has no
# other protection, because there is no older version to switch back to.
SETTLE_S: Final = 5.0

_LOOK_AGAIN_S: Final = 0.1  # seconds between the probes of an instance that has failed one


LogLine = Callable[[str], None]


class PhaseProgress(Protocol):
    """Receives the progress of a deployment. `reach` may delay the deployment until the phase is due."""

    async def reach(self, phase: Phase) -> None: ...


async def deploy(
    service: Service,
    plan: ServicePlan,
    steps: PhaseProgress,
    tasks: Tasks,
    log: LogLine = lambda _line: None,
    *,
    settle_s: float = 0.0,
) -> None:
    """Start a revision beside the serving one, wait until it is healthy, switch the traffic, drain the old one.

    On failure, the old revision keeps the traffic, and the new revision is removed. Until the old revision has finished
    its last request, it gets the traffic back if the new instances crash. If they crash while the old instances stop,
    the service has no revision, and the caller must start the previous one again.

    `log` receives lines about what prevents the new instances from becoming healthy. `settle_s`: seconds for which they
    must stay healthy before they get traffic; ignored for simulated instances, whose behaviour is configured.

    Raises:
        LaunchError: if the new revision does not become healthy, or does not stay healthy.
        OSError: if the machine has no free port.
    """
    before = service.revision
    if before is not None and before.has_fixed_port:
        log("The previous version occupies the service's port, so it is stopped first.")
        service.switch_to(None)
        await before.drain("the next revision needs its port")
        before = None
    revision = service.new_revision(beside(service, plan))
    end_reports = revision.follow_starts(log)
    try:
        await _start_and_check(revision, steps, tasks, settle_s)
        end_reports()
        service.switch_to(revision)
        await _unless_lost(revision, _route_and_finish(before, steps))
    except BaseException:
        if service.revision is revision:
            if before is not None:
                before.recall()
            service.switch_to(before)
        await revision.end()
        raise
    finally:
        end_reports()
    if before is not None:
        await before.drain(ANOTHER_REVISION)
        await _check_successor(service, revision)


def beside(service: Service, plan: ServicePlan) -> ServicePlan:
    """Return the plan with an initial size equal to the desired instances of the serving revision.

    # ASSUMPTION: "the provisioned count temporarily doubles" (facts 2.2) refers to the current count and not to
    # MinSize, with which load that the old revision handles after a scale-out would be rejected. Settled by counting
    # instances of a deployment under load.
    """
    scaling = plan.settings.scaling
    serving = service.revision.replica_set.desired if service.revision is not None else 0
    size = min(max(serving, scaling.min_size), scaling.max_size)
    return replace(plan, settings=replace(plan.settings, initial_size=size))


async def settle(revision: Revision, settle_s: float) -> None:
    """Wait until the healthy instances have stayed healthy for `settle_s`.

    Raises:
        NotReady: if one of them did not.
    """
    crashed = revision.replica_set.records.crashed
    if settle_s > 0 and not revision.is_simulated:
        await asyncio.wait((crashed,), timeout=settle_s)
        await _probe_again(revision, crashed)
    if crashed.done():
        raise _not_ready(revision, crashed.result())


async def _probe_again(revision: Revision, crashed: asyncio.Future[Termination]) -> None:
    """Wait until each instance has passed another probe, or one has crashed.

    A busy engine reports the end of a container late, while a probe detects it at once. The replica set ends an
    instance that keeps failing its probes, which also ends this wait.
    """
    check = revision.settings.health_check
    for instance in list(revision.pool.ready.values()):
        while not crashed.done() and await instance.backend.probe(check) is not None:
            await asyncio.wait((crashed,), timeout=_LOOK_AGAIN_S)


async def _start_and_check(revision: Revision, steps: PhaseProgress, tasks: Tasks, settle_s: float) -> None:
    await steps.reach(Phase.PROVISIONING)
    await revision.prepare()  # before the health check is announced: instances cannot start without their secrets
    if revision.plan.policy.actuator.start_law is not None:
        # A platform with measured stages starts these instances like those of a scale-out. App Runner's phases have
        # least durations, which contain the platform's part of the start.
        revision.replica_set.reconcile()
    starting = tasks.spawn(_failure(revision, settle_s), f"instances of {revision.settings.service}")
    await steps.reach(Phase.HEALTH_CHECKING)
    failure = await starting
    if failure is not None:
        raise failure
    await steps.reach(Phase.HEALTHY)
    await settle(revision, 0.0)  # again, because the phase may have taken some time


async def _failure(revision: Revision, settle_s: float) -> LaunchError | OSError | None:
    """Return why the revision did not become healthy, else None. The failure is a result of the task, not a bug."""
    try:
        await revision.replica_set.begin()
        await settle(revision, settle_s)
    except (LaunchError, OSError) as error:
        return error
    return None


async def _route_and_finish(before: Revision | None, steps: PhaseProgress) -> None:
    await steps.reach(Phase.ROUTED)
    if before is not None:
        await before.finish(ANOTHER_REVISION)


async def _unless_lost(revision: Revision, work: Coroutine[Any, Any, None]) -> None:
    """Run `work` until it ends or the revision has lost its last instance. Raises NotReady in the second case."""
    lost = revision.replica_set.records.lost
    async with Tasks("taking over") as tasks:
        working = tasks.spawn(work, "work")
        if await first_of(lost, working) == 0:
            raise _not_ready(revision, lost.result())
        working.result()


async def _check_successor(service: Service, revision: Revision) -> None:
    """Check the new revision after the old one has ended.

    Raises NotReady if it failed; the service then has no revision.
    """
    lost = revision.replica_set.records.lost
    if lost.done() and service.revision is revision:
        service.switch_to(None)
        await revision.end()
        raise _not_ready(revision, lost.result())


def _not_ready(revision: Revision, ending: Termination) -> NotReady:
    return NotReady(revision.settings.service, ending.why, slow=ending.slow, saw=ending.saw)


def failure_of(error: LaunchError | OSError, revision: ServiceRevision, port: int) -> WorkloadFailed:
    """Return the failure, in App Runner's wording where that is known. `port`: port of the health check."""
    if not isinstance(error, NotReady):
        return WorkloadFailed(f"{error}.")
    why = health_check_failed(revision.configuration, port).lines if error.slow else (error.why,)
    return WorkloadFailed("Health check failed.", (*why, *filter(None, (error.saw,))))
