"""A deployment, from the revision that is wanted to the one that serves: blue/green, as on App Runner (facts 2.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from simulator.assembly.platform import Service
from simulator.assembly.revision import Revision, ServicePlan
from simulator.control.workload import ServiceRevision, WorkloadFailed, health_check_failed
from simulator.fleet.driver import LaunchError, NotReady
from simulator.model.phase import Phase
from simulator.world.tasks import Tasks


class Steps(Protocol):
    """How far a deployment has come; who listens may hold it up until the phase's time has come."""

    async def reach(self, phase: Phase) -> None: ...


async def deploy(service: Service, plan: ServicePlan, steps: Steps, tasks: Tasks) -> None:
    """A new revision beside the one that serves, healthy, then all traffic to it, then the old one drained and gone.

    A failure leaves traffic where it was, and nothing of the new revision.

    Raises:
        LaunchError: when the new revision does not come up.
        OSError: when the machine has no port to give.
    """
    revision = service.new_revision(beside(service, plan))
    try:
        await _come_up(revision, steps, tasks)
    except BaseException:
        await revision.end()
        raise
    before = service.switch_to(revision)
    await steps.reach(Phase.ROUTED)
    if before is not None:
        await before.drain("another revision serves")


def beside(service: Service, plan: ServicePlan) -> ServicePlan:
    """The plan with as many instances from the start as the revision that serves is to have.

    # ASSUMPTION: "the provisioned count temporarily doubles" (facts 2.2) is read so: not MinSize only, which would
    # refuse what the old revision has scaled out for. Counting instances of a deployment under load would settle it.
    """
    scaling = plan.settings.scaling
    serving = service.revision.roster.wish if service.revision is not None else 0
    size = min(max(serving, scaling.min_size), scaling.max_size)
    return replace(plan, settings=replace(plan.settings, initial_size=size))


async def _come_up(revision: Revision, steps: Steps, tasks: Tasks) -> None:
    await steps.reach(Phase.PROVISIONING)
    coming_up = tasks.spawn(_outcome(revision), f"instances of {revision.settings.service}")
    await steps.reach(Phase.HEALTH_CHECKING)
    failure = await coming_up
    if failure is not None:
        raise failure
    await steps.reach(Phase.HEALTHY)


async def _outcome(revision: Revision) -> LaunchError | OSError | None:
    """Why it did not come up; a failure is a result here, and not a fault of the platform."""
    try:
        await revision.begin()
    except (LaunchError, OSError) as error:
        return error
    return None


def failure_of(error: LaunchError | OSError, revision: ServiceRevision, port: int) -> WorkloadFailed:
    """In App Runner's words where they are known. `port`: where its health is checked."""
    if not isinstance(error, NotReady):
        return WorkloadFailed(f"{error}.")
    if error.slow:
        return health_check_failed(revision.configuration, port)
    return WorkloadFailed("Health check failed.", (error.why,))
