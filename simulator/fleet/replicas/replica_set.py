"""The replica set: the instances of a service, whose number it adjusts to the desired count.

`resize` sets the desired count; `reconcile` compares it with the existing instances and adds or terminates some. One
task per instance (`_run_lifecycle`) runs its lifecycle: provisioned, launched, probed until healthy, serving, drained,
stopped. The same comparison replaces an instance that crashed.

App Runner distinguishes provisioned from active instances: at least MinSize stay provisioned. The oldest of them, as
many as should be active, serve in the front tier, and the others are the reserve (`activity.py` decides which are
idle).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING

from simulator.fleet.instance import Instance, InstanceVariables, Termination
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import Backend, Launcher, NotReady, PoolSupply
from simulator.fleet.replicas.activity import Activity
from simulator.fleet.replicas.capacity import Capacity
from simulator.fleet.replicas.draining import until_drained
from simulator.fleet.replicas.health_watch import HealthWatch
from simulator.fleet.replicas.instance_launch import InstanceLaunch, InstanceStarts
from simulator.fleet.replicas.instance_records import InstanceRecords
from simulator.fleet.replicas.instance_set import InstanceSet
from simulator.fleet.replicas.lifetimes import Lifetimes
from simulator.fleet.replicas.prober import prober_of
from simulator.fleet.replicas.recycling import Recycling
from simulator.fleet.replicas.startup_monitor import StartupMonitor
from simulator.fleet.replicas.zones import PlatformZones
from simulator.model.instance import InstanceEvent, InstanceState
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.times import RUN_START, LoopTime
from simulator.records.journal import Journal
from simulator.rules.policies.port import Actuator
from simulator.rules.start_stages import StartDelays
from simulator.world.clock import RunClock
from simulator.world.running_loop import running_loop
from simulator.world.tasks import Tasks, first_of

if TYPE_CHECKING:
    import numpy as np

_E = InstanceEvent


class ReplicaSet(InstanceSet):
    """The instances of one service, whose number it adjusts to the desired count."""

    def __init__(
        self,
        settings: PoolSettings,
        pool: PoolSupply[Instance],
        driver: Launcher,
        actuator: Actuator,
        *,
        clock: RunClock,
        journal: Journal,
        tasks: Tasks,
        numbers: Iterator[int] | None = None,
        revision: int = 1,
        variables: InstanceVariables | None = None,
        zones: PlatformZones | None = None,
        random: Callable[[], float] | None = None,
        lifetimes: np.random.Generator | None = None,
        logs_starts: bool = False,
    ) -> None:
        """Create an empty set. `numbers`: source of the numbers of instances. `revision`: number of the revision.
        `variables`: supplies environment variables. `zones`: of the platform; None: it has none. `random`: numbers for
        the stages of starts; None: their medians. `lifetimes`: random numbers, required if `settings` has lifetimes.
        """
        super().__init__(pool)
        self.settings = settings
        self.prober = prober_of(settings, actuator, only_starts=pool.health_is_certain)
        self.desired = self._front_size = self.settings.initial_size
        self.extra_start_s = 0.0  # added by a timeline event that slows starts
        self.actuator, self._clock = actuator, clock
        self._start_delays = InstanceStarts(settings, random, clock.at_s)
        self.records = InstanceRecords(self.settings.service, revision, clock, journal)
        self._move = self.records.move
        self._zones = zones or PlatformZones()
        self.capacity = Capacity(self.settings, self._zones, self.records.line)
        expired = Lifetimes(settings.lifetime, lifetimes, clock, lambda number, why: self.recycle([number], 1, why))
        self._recycling = Recycling(self.records.line, expired, driver)
        self._tasks = tasks
        self._loop = running_loop()
        self._is_settled = False  # count and tiers are as desired: nothing to do if the same count is set again
        self._dismissed = False  # the run has ended, or another revision serves: no instance is added
        self._numbers = numbers or count(1)
        self._launch = InstanceLaunch(settings, driver, clock, self.records, variables, self._exited)
        self.activity = Activity(
            pool, actuator, settings.idle_after_s, clock, self._move, self._expire, self._retire, random
        )
        self._health = HealthWatch(settings, pool, self.prober, clock, tasks, self.records.line, self._replace)
        self.starts = StartupMonitor(self.settings, self.prober, tasks, self.records, is_logged=logs_starts)

    # --- the desired count --------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Start the initial instances that do not exist, without a start lag; wait until each is ready or has crashed.

        Raises:
            NotReady: if one of them did not become ready.
        """
        for _ in range(max(self.settings.initial_size, self.pool.scaling.min_size) - len(self._alive)):
            self._provision(StartDelays(0.0, 0.0))
        for instance in list(self._alive.values()):
            if await first_of(instance.entered, instance.ending) == 1:
                ending = instance.ending.result()
                raise NotReady(self.settings.service, ending.why, slow=ending.slow, saw=ending.saw)

    def settle(self) -> None:
        """Start the run. The service existed before, so its instances are idle, if the platform has that state."""
        for instance in self.pool.ready.values():
            instance.launched_at_s = RUN_START
            self.activity.settle(instance)
            self._recycling.lifetimes.settle(instance.number)
        self._assign_tiers()

    def resize(self, desired: int, front_size: int | None = None) -> None:
        """Set the desired count, within the bounds, and the size of the front tier (`front_size`; None: all)."""
        first = desired if front_size is None else front_size
        if self._is_settled and desired == self.desired and first == self._front_size:
            return  # the common case: true at nearly every tick of a policy
        self.desired, self._front_size = desired, first
        self.reconcile()

    def configure(self, scaling: AutoScalingConfiguration) -> None:
        self.pool.configure(scaling)
        self.desired = min(self.desired, scaling.max_size)
        self._front_size = min(self._front_size, scaling.max_size)
        self.reconcile()

    def reconcile(self) -> None:
        if self._dismissed:
            return  # instances that are being stopped must not be replaced
        scaling = self.pool.scaling
        target = min(max(self.desired, scaling.min_size), scaling.max_size)
        for number, why in self._recycling.advance(self._alive, self.pool.ready, target):
            self._terminate(self._alive[number], why)
        additional = self._recycling.additional
        for _ in range(self.capacity.granted(target + additional - len(self._alive), self.living)):
            from_zero = not self._alive and self.pool.queued > 0
            self._provision(self._start_delays.delays(self.actuator, from_zero=from_zero).plus(self.extra_start_s, 0.0))
        surplus = len(self._alive) - target - additional
        if surplus > 0:
            for instance in self._zones.surplus(self._alive.values(), surplus):
                self._terminate(instance, f"{target} instance{'s' * (target != 1)} wanted")
            if self._recycling.additional != additional:  # one that was being replaced is gone
                self.reconcile()
        self._assign_tiers()
        self._is_settled = True

    def recycle(self, numbers: Sequence[int], at_a_time: int, why: str) -> list[int]:
        """Replace instances, `at_a_time` together. Return those for which no replacement was requested before.

        New instances start beside the old ones, which drain when their replacements are ready (recycling.py).
        """
        new = self._recycling.request(numbers, at_a_time, why)
        self.reconcile()
        return new

    def kill(self, number: int, lost_with: str = "") -> None:
        """Kill an instance as a crash does, or with a part of the platform, the reason `lost_with`. An unknown or ended
        instance is no error.
        """
        instance = self.instances.get(number)
        if instance is None:
            return
        if lost_with:
            instance.end(_E.CRASHED, lost_with, blameless=True)
        if instance.is_provisioned:
            instance.backend.kill()
        else:
            instance.end(_E.CRASHED, "killed before its launch")

    def dismiss(self) -> list[asyncio.Task[None]]:
        """End the run: fail open exchanges and stop every instance.

        Return the unfinished lifecycles, in order of creation.
        """
        self._dismissed = True
        self.pool.close()
        for instance in self.living():  # including draining ones, which nothing else ends after `drain`
            instance.end(_E.STOP, "the run is over")
        return [lifecycle for lifecycle in self._lifecycles.values() if not lifecycle.done()]

    def drain(self, why: str) -> list[asyncio.Future[None]]:
        """Stop adding instances and send no new requests to any. The caller first routes new requests elsewhere.

        Return a future per instance, done when its requests have ended. The instances stay until `terminate` or
        `recall`.
        """
        self._dismissed = True
        self._recycling.clear()
        for instance in list(self._alive.values()):
            self._drain(instance, why)
        return [instance.drained for instance in self.living() if instance.drained is not None]

    def recall(self) -> None:
        """Undo `drain`: instances that have not ended serve again."""
        self._dismissed = False
        for instance in self.living():
            if instance.state is InstanceState.DRAINING and not instance.ending.done():
                instance.drained = None
                self._alive[instance.number] = instance
                self._move(instance, _E.RECALLED, "")
                self.activity.recall(instance)
                self.pool.enter(instance, front=True)
                if instance.outstanding == 0:
                    self.activity.quiet(instance)
        self.reconcile()

    def terminate(self, why: str) -> list[asyncio.Task[None]]:
        """Let every instance finish its requests within the drain time-out, then stop it.

        Return the lifecycles, in order. As with `drain`, the caller first routes new requests elsewhere.
        """
        self.drain(why)
        for instance in self.living():
            instance.end(_E.STOP, why)
        return [lifecycle for lifecycle in self._lifecycles.values() if not lifecycle.done()]

    def _expire(self, instance: Instance, why: str) -> bool:
        """Remove an instance whose idle time has expired; return False if MinSize keeps it."""
        additional = max(0, self._recycling.additional)
        if len(self._alive) - additional <= self.pool.scaling.min_size or self._recycling.is_outgoing(instance.number):
            return False
        self._retire(instance, why)
        return True

    def _retire(self, instance: Instance, why: str) -> None:
        """Remove an instance whatever the policy decided, and replace it if MinSize demands it."""
        self.desired = max(0, self.desired - 1)
        self._front_size = min(self._front_size, self.desired)
        self._terminate(instance, why)
        if len(self._alive) < self.pool.scaling.min_size:
            self.reconcile()

    # --- adding and terminating --------------------------------------------------------------------------------------

    def _provision(self, delays: StartDelays) -> None:
        instance = self.pool.new_instance(next(self._numbers), self._loop.time())
        instance.zone = self._zones.place(self._recycling.staying(self._alive))
        self.instances[instance.number] = self._alive[instance.number] = instance
        self._lifecycles[instance.number] = lifecycle = self._tasks.spawn(
            self._run_lifecycle(instance, delays), f"instance {instance.number} of {self.settings.service}"
        )
        lifecycle.add_done_callback(lambda _: self._lifecycle_ended(instance))

    def _terminate(self, instance: Instance, why: str) -> None:
        self._drain(instance, why)
        instance.end(_E.STOP, why)

    def _drain(self, instance: Instance, why: str) -> None:
        self._is_settled = False
        del self._alive[instance.number]
        self._recycling.left(instance.number)
        self.activity.forget(instance)
        if instance.is_ready:
            self.pool.leave(instance)
            self._move(instance, _E.DRAIN, why)
            instance.begin_drain(LoopTime(self._loop.time() + self.settings.drain_timeout_s))
        else:
            instance.end(_E.STOP, why)

    def _replace(self, instance: Instance, why: str) -> None:
        """Start an instance in place of an unhealthy target, which serves until that one is ready."""
        self._recycling.request([instance.number], 1, why, joins=True)
        self.reconcile()

    def _assign_tiers(self) -> None:
        """Put the oldest instances into the front tier and those beyond the active count into the reserve."""
        if self.actuator.activates:
            for rank, number in enumerate(sorted(self.pool.ready)):
                self.pool.move(self.pool.ready[number], front=rank < self._front_size)

    # --- the lifecycle of one instance -------------------------------------------------------------------------------

    async def _run_lifecycle(self, instance: Instance, delays: StartDelays) -> None:
        backend: Backend | None = None
        try:
            backend = await self._launch.launch(instance, delays)
            if backend is not None and await self.starts.until_routed(instance, backend, delays.route_s):
                self._enter(instance)
                await self._health.until_ended(instance, backend)
            await self._end(instance, backend)
        finally:
            if backend is not None and not backend.exited.done():
                backend.kill()  # cancelled: no instance may exist longer than the run

    def _enter(self, instance: Instance) -> None:
        instance.ready_s = instance.idle_since_s = self._loop.time()
        self._launch.became_healthy(instance)
        instance.awake = True
        instance.entered.set_result(None)
        self._move(instance, _E.BECAME_HEALTHY, "")
        front = not self.actuator.activates or sum(n < instance.number for n in self.pool.ready) < self._front_size
        self.pool.enter(instance, front=front)
        self._assign_tiers()
        self.activity.entered(instance)
        self._recycling.lifetimes.begin(instance.number)
        if self._recycling.is_active:
            self.reconcile()

    async def _end(self, instance: Instance, backend: Backend | None) -> None:
        ending = await until_drained(instance, backend)
        self._finalize(instance, ending)
        if backend is not None:
            await backend.stop(self.settings.stop_grace_s if ending.event is _E.STOP else 0.0)

    def _finalize(self, instance: Instance, ending: Termination) -> None:
        """Remove the instance, fail its requests, close its last activation, and reconcile."""
        self._is_settled = False
        has_crashed = ending.event is _E.CRASHED
        was_alive = self._alive.pop(instance.number, None) is not None
        self._recycling.left(instance.number)
        self.activity.forget(instance)
        if instance.is_ready and not has_crashed:
            self.pool.leave(instance)
            self._move(instance, _E.DRAIN, ending.why)  # at the end of a run, instances do not drain
        self.activity.close_activation(instance)
        instance.stopped_at_s = self._clock.at_s()
        self._move(instance, ending.event, ending.why)
        self.pool.lose(instance)
        if has_crashed and was_alive:
            self._launch.crashed(instance, ending, ready=len(self.pool.ready))
            self.reconcile()

    def _lifecycle_ended(self, instance: Instance) -> None:
        """Finalize an instance whose lifecycle was cancelled, perhaps before its first step."""
        del self._lifecycles[instance.number]
        self._launch.forget(instance)
        if instance.state is not InstanceState.STOPPED:
            self._finalize(instance, Termination(_E.STOP, "its task was cancelled"))
        was_recycling = self._recycling.is_active
        self._recycling.ended(instance.number)
        if self.capacity.is_short or was_recycling:
            self.reconcile()

    def _exited(self, instance: Instance, backend: Backend) -> None:
        if not backend.exited.cancelled():
            self._is_settled = False
            self.pool.leave(instance)  # at once: the lifecycle task notices the exit some iterations of the loop later
            instance.end(_E.CRASHED, backend.exited.result().sentence)
            if instance.number in self._alive:
                self.records.missed(instance.ending.result(), ready=len(self.pool.ready))
