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
from simulator.world.tasks import Tasks, first_of

# How long new healthy instances must stay healthy before they get traffic. With a TCP check an application is healthy
# as soon as it listens, and many listen before they have loaded their code: gunicorn binds its port, starts its
# workers, and exits if none of them can load the application.
# ASSUMPTION: on App Runner more than a minute passes between the health check and the route (facts 2.3), so such a
# version never serves. Settled by deploying one that exits two minutes after it listens. Five seconds are enough for
# applications that connect to a database or load a model after they listen, and fail. A creation has no other
# protection, because there is no older version whose drain would cover the failure.
SETTLE_S: Final = 5.0

_LOOK_AGAIN_S: Final = 0.1  # interval for an instance that has failed a probe

_ANOTHER: Final = "another revision serves"

Tell = Callable[[str], None]


class PhaseProgress(Protocol):
    """The progress of a deployment. `reach` may delay the deployment until the time of the phase has come."""

    async def reach(self, phase: Phase) -> None: ...


async def deploy(
    service: Service,
    plan: ServicePlan,
    steps: PhaseProgress,
    tasks: Tasks,
    tell: Tell = lambda _line: None,
    *,
    settle_s: float = 0.0,
) -> None:
    """Start a revision beside the serving one, wait until it is healthy, move all traffic to it, drain the old one.

    On failure the traffic stays where it was, and nothing of the new revision remains. This applies until the old
    revision has finished its last request: if the new instances crash before, the old ones get the traffic back. If
    they crash while the old ones stop, the service has no revision, and the caller starts the previous one.

    `tell` receives what prevents the new instances from being healthy. `settle_s`: how long they must stay healthy
    before they get the traffic; not for simulated instances, whose behaviour is configured.

    Raises:
        LaunchError: if the new revision does not become healthy, or does not stay healthy.
        OSError: if the machine has no free port.
    """
    before = service.revision
    if before is not None and before.has_fixed_port:
        tell("The previous version occupies the service's port, so it is stopped first.")
        service.switch_to(None)
        await before.drain("the next revision needs its port")
        before = None
    revision = service.new_revision(beside(service, plan))
    end_telling = revision.follow_starts(tell)
    try:
        await _come_up(revision, steps, tasks, settle_s)
        end_telling()
        service.switch_to(revision)
        await _while_it_serves(revision, _take_over(before, steps))
    except BaseException:
        if service.revision is revision:
            if before is not None:
                before.recall()
            service.switch_to(before)
        await revision.end()
        raise
    finally:
        end_telling()
    if before is not None:
        await before.drain(_ANOTHER)
        await _go_on(service, revision)


def beside(service: Service, plan: ServicePlan) -> ServicePlan:
    """Return the plan with an initial size equal to the desired instances of the serving revision.

    # ASSUMPTION: "the provisioned count temporarily doubles" (facts 2.2) means the current count and not MinSize, with
    # which load for which the old revision has scaled out would be rejected. Counting instances of a deployment under
    # load would settle it.
    """
    scaling = plan.settings.scaling
    serving = service.revision.replica_set.desired if service.revision is not None else 0
    size = min(max(serving, scaling.min_size), scaling.max_size)
    return replace(plan, settings=replace(plan.settings, initial_size=size))


async def settle(revision: Revision, settle_s: float) -> None:
    """Wait to see whether the healthy instances stay healthy.

    Raises:
        NotReady: if one of them did not.
    """
    died = revision.replica_set.records.died
    if settle_s > 0 and not revision.is_simulated:
        await asyncio.wait((died,), timeout=settle_s)
        await _are_there(revision, died)
    if died.done():
        raise _not_ready(revision, died.result())


async def _are_there(revision: Revision, died: asyncio.Future[Termination]) -> None:
    """Wait until each instance has passed another probe, or one has crashed.

    A busy engine reports the end of a container late, while a probe detects it directly. The replica set ends an
    instance that keeps failing its probes, which ends this wait too.
    """
    check = revision.settings.health_check
    for instance in list(revision.pool.ready.values()):
        while not died.done() and await instance.backend.probe(check) is not None:
            await asyncio.wait((died,), timeout=_LOOK_AGAIN_S)


async def _come_up(revision: Revision, steps: PhaseProgress, tasks: Tasks, settle_s: float) -> None:
    await steps.reach(Phase.PROVISIONING)
    await revision.prepare()  # before the health check is announced: without its secrets nothing is started
    coming_up = tasks.spawn(_outcome(revision, settle_s), f"instances of {revision.settings.service}")
    await steps.reach(Phase.HEALTH_CHECKING)
    failure = await coming_up
    if failure is not None:
        raise failure
    await steps.reach(Phase.HEALTHY)
    await settle(revision, 0.0)  # again, because the phase may have taken a while


async def _outcome(revision: Revision, settle_s: float) -> LaunchError | OSError | None:
    """Return why the revision did not become healthy; a failure is a result here, not a fault of the platform."""
    try:
        await revision.replica_set.begin()
        await settle(revision, settle_s)
    except (LaunchError, OSError) as error:
        return error
    return None


async def _take_over(before: Revision | None, steps: PhaseProgress) -> None:
    await steps.reach(Phase.ROUTED)
    if before is not None:
        await before.finish(_ANOTHER)


async def _while_it_serves(revision: Revision, work: Coroutine[Any, Any, None]) -> None:
    """Run `work` until it ends or no instance of the revision is left. Raises NotReady in the second case."""
    lost = revision.replica_set.records.lost
    async with Tasks("taking over") as tasks:
        working = tasks.spawn(work, "work")
        if await first_of(lost, working) == 0:
            raise _not_ready(revision, lost.result())
        working.result()


async def _go_on(service: Service, revision: Revision) -> None:
    """Check the new revision after the old one has ended. Raises NotReady if it failed; the service then has none."""
    lost = revision.replica_set.records.lost
    if lost.done() and service.revision is revision:
        service.switch_to(None)
        await revision.end()
        raise _not_ready(revision, lost.result())


def _not_ready(revision: Revision, ending: Termination) -> NotReady:
    return NotReady(revision.settings.service, ending.why, slow=ending.slow, saw=ending.saw)


def failure_of(error: LaunchError | OSError, revision: ServiceRevision, port: int) -> WorkloadFailed:
    """Return the failure in App Runner's wording where it is known. `port`: the port of its health check."""
    if not isinstance(error, NotReady):
        return WorkloadFailed(f"{error}.")
    why = health_check_failed(revision.configuration, port).lines if error.slow else (error.why,)
    return WorkloadFailed("Health check failed.", (*why, *filter(None, (error.saw,))))
