"""A deployment, from the revision that is wanted to the one that serves: blue/green, as on App Runner (facts 2.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final, Protocol

from simulator.assembly.platform import Service
from simulator.assembly.revision import Revision, ServicePlan
from simulator.control.workload import ServiceRevision, WorkloadFailed, health_check_failed
from simulator.fleet.driver import LaunchError, NotReady
from simulator.fleet.instance import Ending
from simulator.fleet.start_watch import unheard
from simulator.model.phase import Phase
from simulator.world.tasks import Tasks, first_of

# How long instances that became healthy have to stay before they get the traffic. With a TCP check an application is
# healthy as soon as it listens, and many listen before they have read what they serve: gunicorn binds its port, starts
# its workers, and ends when none of them can load the application.
# ASSUMPTION: on App Runner more than a minute lies between the health check and the route (facts 2.3), so that such a
# version never serves. Settled by deploying one that ends two minutes after it listened. Five seconds are enough for
# those that connect to a database or load a model once they listen, and fail; a creation has no other safeguard, as
# there is no older version whose drain it could end in.
SETTLE_S: Final = 5.0

_LOOK_AGAIN_S: Final = 0.1  # at an instance that has failed a probe

_ANOTHER: Final = "another revision serves"

Tell = Callable[[str], None]


class Steps(Protocol):
    """How far a deployment has come; who listens may hold it up until the phase's time has come."""

    async def reach(self, phase: Phase) -> None: ...


async def deploy(
    service: Service, plan: ServicePlan, steps: Steps, tasks: Tasks, tell: Tell = unheard, *, settle_s: float = 0.0
) -> None:
    """A new revision beside the one that serves, healthy, then all traffic to it, then the old one drained and gone.

    A failure leaves traffic where it was, and nothing of the new revision. That holds until the old revision has
    finished its last request: when the new instances die before, the old ones get the traffic back. When they die
    while the old ones stop, the service is left without a revision, and the caller brings up the one before.

    `tell` hears what keeps the new instances from being healthy. `settle_s`: how long they have to stay healthy before
    they get the traffic; simulated instances, which do as they were told, need not.

    Raises:
        LaunchError: when the new revision does not come up, or does not stay.
        OSError: when the machine has no port to give.
    """
    before = service.revision
    if before is not None and before.has_fixed_port:
        tell("The version before listens on the service's own port, which one instance can have: it is stopped first.")
        service.switch_to(None)
        await before.drain("the next revision needs its port")
        before = None
    revision = service.new_revision(beside(service, plan))
    starts = revision.roster.starts
    starts.on_line = tell
    try:
        await _come_up(revision, steps, tasks, settle_s)
        starts.on_line = unheard
        service.switch_to(revision)
        await _while_it_serves(revision, _take_over(before, steps))
    except BaseException:
        if service.revision is revision:
            if before is not None:
                before.recall()
            service.switch_to(before)
        await revision.end()
        raise
    if before is not None:
        await before.drain(_ANOTHER)
        await _go_on(service, revision)


def beside(service: Service, plan: ServicePlan) -> ServicePlan:
    """The plan with as many instances from the start as the revision that serves is to have.

    # ASSUMPTION: "the provisioned count temporarily doubles" (facts 2.2) is read so: not MinSize only, which would
    # reject what the old revision has scaled out for. Counting instances of a deployment under load would settle it.
    """
    scaling = plan.settings.scaling
    serving = service.revision.roster.desired if service.revision is not None else 0
    size = min(max(serving, scaling.min_size), scaling.max_size)
    return replace(plan, settings=replace(plan.settings, initial_size=size))


async def settle(revision: Revision, settle_s: float) -> None:
    """Its instances became healthy; so they have to stay for a while.

    Raises:
        NotReady: when one of them did not.
    """
    died = revision.roster.records.died
    if settle_s > 0 and not revision.is_simulated:
        await asyncio.wait((died,), timeout=settle_s)
        await _are_there(revision, died)
    if died.done():
        raise _not_ready(revision, died.result())


async def _are_there(revision: Revision, died: asyncio.Future[Ending]) -> None:
    """Until each of its instances has passed a probe once more, or one has died.

    An engine that has much to do tells of the end of a container late; a probe looks itself. One that goes on failing
    its probes is ended by its roster, which ends the waiting here.
    """
    check = revision.settings.health_check
    for instance in list(revision.pool.ready.values()):
        while not died.done() and await instance.backend.probe(check) is not None:
            await asyncio.wait((died,), timeout=_LOOK_AGAIN_S)


async def _come_up(revision: Revision, steps: Steps, tasks: Tasks, settle_s: float) -> None:
    await steps.reach(Phase.PROVISIONING)
    await revision.prepare()  # before the health check is told of: without its secrets nothing is started
    coming_up = tasks.spawn(_outcome(revision, settle_s), f"instances of {revision.settings.service}")
    await steps.reach(Phase.HEALTH_CHECKING)
    failure = await coming_up
    if failure is not None:
        raise failure
    await steps.reach(Phase.HEALTHY)
    await settle(revision, 0.0)  # that may have been a while


async def _outcome(revision: Revision, settle_s: float) -> LaunchError | OSError | None:
    """Why it did not come up; a failure is a result here, and not a fault of the platform."""
    try:
        await revision.roster.begin()
        await settle(revision, settle_s)
    except (LaunchError, OSError) as error:
        return error
    return None


async def _take_over(before: Revision | None, steps: Steps) -> None:
    await steps.reach(Phase.ROUTED)
    if before is not None:
        await before.finish(_ANOTHER)


async def _while_it_serves(revision: Revision, work: Coroutine[Any, Any, None]) -> None:
    """`work` to its end, or until no instance of the revision is left. Raises NotReady then."""
    lost = revision.roster.records.lost
    async with Tasks("taking over") as tasks:
        working = tasks.spawn(work, "work")
        if await first_of(lost, working) == 0:
            raise _not_ready(revision, lost.result())
        working.result()


async def _go_on(service: Service, revision: Revision) -> None:
    """The version before is gone. Raises NotReady when the new one is, too; the service is then without any."""
    lost = revision.roster.records.lost
    if lost.done() and service.revision is revision:
        service.switch_to(None)
        await revision.end()
        raise _not_ready(revision, lost.result())


def _not_ready(revision: Revision, ending: Ending) -> NotReady:
    return NotReady(revision.settings.service, ending.why, slow=ending.slow, saw=ending.saw)


def failure_of(error: LaunchError | OSError, revision: ServiceRevision, port: int) -> WorkloadFailed:
    """In App Runner's words where they are known. `port`: where its health is checked."""
    if not isinstance(error, NotReady):
        return WorkloadFailed(f"{error}.")
    why = health_check_failed(revision.configuration, port).lines if error.slow else (error.why,)
    return WorkloadFailed("Health check failed.", (*why, *filter(None, (error.saw,))))
