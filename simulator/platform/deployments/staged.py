"""A deployment in stages: the new revision starts as the platform starts instances, and the traffic shifts in steps.

`rules/deployments/strategy.py` has the strategies. On failure all traffic returns to the old revision, whose instances
have stayed; requests in progress at the new one end there.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from simulator.fleet.instance import Instance
from simulator.fleet.pool.response_counts import ResponseCount
from simulator.fleet.ports import LaunchError
from simulator.model.instance import InstanceEvent, InstanceState
from simulator.model.text.units import duration_text
from simulator.model.times import RunTime
from simulator.platform.deployments.blue_green import beside
from simulator.platform.deployments.divided_traffic import DividedTraffic
from simulator.platform.platform import Service
from simulator.platform.revision import Revision, ServicePlan
from simulator.records.events import ANOTHER_REVISION, InstanceMoved
from simulator.records.journal import Journal
from simulator.rules.deployments.rollback_alarm import AlarmPeriods, RollbackAlarm
from simulator.rules.deployments.strategy import StagedDeployment, TrafficShift
from simulator.world.clock import RunClock
from simulator.world.tasks import Tasks, first_of, until

ROLLED_BACK: Final = "the deployment is rolled back"


class DeploymentStage(StrEnum):
    """The stages of ECS's deployments in the order in which they occur, as far as they take time."""

    SCALE_UP = "SCALE_UP"
    PRODUCTION_TRAFFIC_SHIFT = "PRODUCTION_TRAFFIC_SHIFT"
    BAKE_TIME = "BAKE_TIME"
    CLEAN_UP = "CLEAN_UP"


class DeploymentOutcome(StrEnum):
    """How a deployment ended."""

    SUCCESSFUL = "SUCCESSFUL"
    ROLLBACK_SUCCESSFUL = "ROLLBACK_SUCCESSFUL"


class _RolledBack(Exception):
    """The deployment has failed, for the reason in the message."""


class StagedRun:
    """One deployment of a service. `run` carries it out; `log` receives the lines of the event log.

    `random` supplies the numbers by which requests are assigned to revisions.
    """

    def __init__(
        self,
        service: Service,
        plan: ServicePlan,
        *,
        clock: RunClock,
        journal: Journal,
        random: Callable[[], float],
        log: Callable[[str], None],
    ) -> None:
        assert plan.deployment is not None, "a plan without a strategy is deployed as App Runner does"
        self._service = service
        self._plan = beside(service, plan)
        self._strategy: StagedDeployment = plan.deployment
        self._clock = clock
        self._journal = journal
        self._random = random
        self._log = log
        self._loop = asyncio.get_running_loop()

    async def run(self) -> DeploymentOutcome:
        """Deploy. If the task is cancelled, all traffic returns to the old revision at once."""
        began_s = self._loop.time()
        before = self._service.revision
        new = self._service.new_revision(self._plan)
        try:
            await self._prove(before, new)
        except _RolledBack as failure:
            self._log(f"Deployment of revision {new.number}: ROLLBACK_IN_PROGRESS: {failure}.")
            self._restore(before, new)
            await new.drain(ROLLED_BACK)
            outcome = DeploymentOutcome.ROLLBACK_SUCCESSFUL
        except BaseException:
            self._restore(before, new)
            await new.end()
            raise
        else:
            await self._clean_up(before, new)
            outcome = DeploymentOutcome.SUCCESSFUL
        took = duration_text(round(self._loop.time() - began_s, 1))
        self._log(f"Deployment of revision {new.number}: {outcome} after {took}.")
        return outcome

    # --- stages ------------------------------------------------------------------------------------------------------

    async def _prove(self, before: Revision | None, new: Revision) -> None:
        """Start the new revision and give it all traffic. Raises _RolledBack if it fails."""
        wanted = max(new.settings.initial_size, new.settings.scaling.min_size)
        beside_text = "" if before is None else f" beside revision {before.number}"
        start = "1 instance starts" if wanted == 1 else f"{wanted} instances start"
        self._reach(DeploymentStage.SCALE_UP, new, f"{start}{beside_text}")
        starts = StartWatch(new, wanted, self._strategy.breaker.threshold(wanted))
        unsubscribe = self._journal.subscribe(InstanceMoved, starts.moved)
        try:
            async with Tasks("proving a revision") as tasks:
                failed = tasks.spawn(self._until_failed(before, new, starts), "signs of failure")
                await self._start(before, new)
                if await first_of(failed, starts.ready) == 0:
                    raise _RolledBack(failed.result())
                for shift in self._strategy.shifts:
                    self._shift(before, new, shift)
                    await self._bake(shift.bake_s, failed)
        finally:
            unsubscribe()

    async def _start(self, before: Revision | None, new: Revision) -> None:
        """Start the instances in the way of a scale-out: with the platform's delays."""
        try:
            await new.prepare()
        except LaunchError as error:
            raise _RolledBack(str(error)) from error
        if before is not None:
            self._service.autoscaler.deploys = True
            self._service.scale_together(before, new)
        new.replica_set.reconcile()

    def _shift(self, before: Revision | None, new: Revision, shift: TrafficShift) -> None:
        if before is not None and shift.share < 1:
            self._service.divide(DividedTraffic(before, new, shift.share, self._random))
        else:
            self._service.switch_to(new)
            if before is not None:
                self._service.scale_together(new, before)
        stage = DeploymentStage.PRODUCTION_TRAFFIC_SHIFT
        bake = f", then {duration_text(shift.bake_s)} of bake time" if shift.bake_s else ""
        whose = "all requests" if shift.share == 1 else f"{100 * shift.share:.6g} % of the requests"
        self._reach(stage, new, f"{whose}{bake}")
        if shift.share == 1 and shift.bake_s:
            self._reach(DeploymentStage.BAKE_TIME, new, duration_text(shift.bake_s))

    async def _bake(self, bake_s: float, failed: asyncio.Task[str]) -> None:
        if bake_s > 0:
            await asyncio.wait((failed,), timeout=bake_s)
        if failed.done():
            raise _RolledBack(failed.result())

    async def _clean_up(self, before: Revision | None, new: Revision) -> None:
        """Deregister the old instances, wait for their requests and for the delay, then stop them."""
        if before is None:
            return
        self._reach(DeploymentStage.CLEAN_UP, new, f"the instances of revision {before.number} are deregistered")
        self._service.scale_together(new)
        over_s = self._loop.time() + self._strategy.deregistration_s
        await before.finish(ANOTHER_REVISION)
        await asyncio.sleep(max(0.0, over_s - self._loop.time()))
        await before.drain(ANOTHER_REVISION)
        self._service.autoscaler.deploys = False

    def _restore(self, before: Revision | None, new: Revision) -> None:
        """Give all traffic back to the old revision."""
        if self._service.revision is new:
            self._service.switch_to(before)
        elif before is not None:
            self._service.divide(None)
            self._service.scale_together(before)
        if before is not None:
            self._service.autoscaler.deploys = False

    # --- failures ----------------------------------------------------------------------------------------------------

    async def _until_failed(self, before: Revision | None, new: Revision, starts: StartWatch) -> str:
        """Wait until the alarm is raised or too many starts in a row have failed. Return the reason."""
        alarm = self._strategy.alarm
        if alarm is None:
            return await starts.failed
        async with Tasks("rollback alarm") as tasks:
            raised = tasks.spawn(self._until_alarm(alarm, before, new), "alarm")
            return starts.failed.result() if await first_of(starts.failed, raised) == 0 else raised.result()

    async def _until_alarm(self, alarm: RollbackAlarm, before: Revision | None, new: Revision) -> str:
        """Evaluate the alarm at the end of each period of the run's clock, until it is raised. Return the reason."""
        counted = [new] if alarm.scope == "new-revision" or before is None else [before, new]
        periods, counts = AlarmPeriods(alarm), _counted(counted)
        number = math.floor(self._clock.at_s() / alarm.period_s)
        while True:
            number += 1
            await until(self._clock.loop_s(RunTime(number * alarm.period_s)))
            last, counts = counts, _counted(counted)
            of_period = counts.since(last)
            if periods.closed(of_period.failed, of_period.total):
                break
        await asyncio.sleep(alarm.late_s)
        return (
            f"the rollback alarm: {of_period.failed} of {of_period.total} responses in "
            f"{duration_text(alarm.period_s)} were 4xx or 5xx, and {alarm.points} of {alarm.periods} points are above "
            f"{100 * alarm.share:g} %"
        )

    def _reach(self, stage: DeploymentStage, new: Revision, text: str) -> None:
        named = f"{stage}: " if self._strategy.has_named_stages else ""
        self._log(f"Deployment of revision {new.number}: {named}{text}.")


class StartWatch:
    """Watches the instances of a revision: `ready` is done when `wanted` of them are ready at the same time, or as many
    as the autoscaler desires if that are fewer; `failed`, with the reason, when `failures_max` in a row have ended
    without being asked to.
    """

    def __init__(self, revision: Revision, wanted: int, failures_max: int) -> None:
        self._revision = revision
        self._wanted = wanted
        self._failures_max = failures_max
        self._failures = 0
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.failed: asyncio.Future[str] = loop.create_future()
        if not wanted:
            self.ready.set_result(None)

    def moved(self, event: InstanceMoved) -> None:
        """Process a change of an instance's state, of any revision."""
        revision = self._revision
        if event.service != revision.settings.service or event.instance not in revision.replica_set.instances:
            return
        is_ready = event.after is InstanceState.ACTIVE and event.before is InstanceState.STARTING
        # the pool gets the instance after this event
        ready = len(revision.pool.ready.keys() | ({event.instance} if is_ready else set()))
        desired = max(revision.replica_set.desired, revision.pool.scaling.min_size)
        if ready >= min(self._wanted, desired) and not self.ready.done():
            self.ready.set_result(None)
        if is_ready:
            self._failures = 0
        elif event.after is InstanceState.STOPPED and _has_crashed(revision.replica_set.instances[event.instance]):
            self._failures += 1
            if self._failures >= self._failures_max and not self.failed.done():
                times = f"{self._failures} starts in a row failed" if self._failures > 1 else "a start failed"
                self.failed.set_result(f"{times}, the last one: {event.why}")


def _has_crashed(instance: Instance) -> bool:
    ending = instance.ending
    return ending.done() and ending.result().event is InstanceEvent.CRASHED


def _counted(revisions: list[Revision]) -> ResponseCount:
    """Return the number of responses of the revisions so far."""
    each = [revision.responses.now for revision in revisions if revision.responses is not None]
    return ResponseCount(sum(count.total for count in each), sum(count.failed for count in each))
