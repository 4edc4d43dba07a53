"""Idle and active states of instances: loss and return of the CPU, expiry, and the activations that are billed."""

from __future__ import annotations

from collections.abc import Callable

from simulator.fleet.instance import Instance
from simulator.fleet.ports import PoolSupply
from simulator.model.instance import InstanceEvent, InstanceState
from simulator.model.times import RUN_NOT_YET, RUN_START, RunTime
from simulator.rules.policies.port import Actuator
from simulator.world.clock import RunClock
from simulator.world.running_loop import running_loop

# When MinSize keeps an instance beyond its expiry, the next check waits at least this long, so that checks cannot
# repeat endlessly at one instant.
LOOK_AGAIN_S_MIN = 1.0


class Activity:
    """Tracks idle and active states; one per replica set.

    `move` changes and records the state of an instance. `expire` terminates an instance that was idle for too long.

    An instance has two deadlines that count from its last request: becoming idle and expiring. Each deadline has its
    own timer, armed lazily: a timer that fires after its deadline was postponed is armed again, so a request costs no
    timer.
    """

    def __init__(
        self,
        pool: PoolSupply[Instance],
        actuator: Actuator,
        idle_after_s: float,
        clock: RunClock,
        move: Callable[[Instance, InstanceEvent, str], None],
        expire: Callable[[Instance, str], bool],
    ) -> None:
        self._actuator = actuator
        self._idle_after_s = idle_after_s
        self._clock = clock
        self._move = move
        self._expire = expire
        self._loop = running_loop()
        pool.tell(self)

    def settle(self, instance: Instance) -> None:
        """Start to account for the instance at the start of the run; its activity before the run is not billed."""
        instance.activations.clear()
        instance.activation_at_s = RUN_START
        instance.idle_since_s = self._loop.time()
        if instance.outstanding > 0:
            return  # a front that accepts requests before the run has forwarded one to it
        if self._actuator.activates:
            instance.activation_at_s = RUN_NOT_YET
            self._fall_idle(instance, "no request before the run")
        self.quiet(instance)

    def quiet(self, instance: Instance) -> None:
        """Arm the timers of both deadlines; called when the instance has no outstanding request left.

        No timer is armed before the run has started: no deadline passes while a platform opens, however long other
        instances take to start.
        """
        if instance.drained is not None:
            if not instance.drained.done():
                instance.drained.set_result(None)
            return
        if not self._clock.is_started or not instance.is_ready:
            return
        if self._can_idle(instance) and instance.idle_timer is None:
            due_s = instance.idle_since_s + self._idle_after_s
            instance.idle_timer = self._loop.call_at(due_s, self._look_whether_idle, instance)
        expiry_s = self._actuator.idle_expiry_s
        if expiry_s is not None and instance.expiry_timer is None:
            due_s = instance.idle_since_s + expiry_s
            instance.expiry_timer = self._loop.call_at(due_s, self._look_whether_expired, instance)
        instance.is_watched = True

    def forget(self, instance: Instance) -> None:
        """Cancel the timers of an instance that ends."""
        for timer in (instance.idle_timer, instance.expiry_timer):
            if timer is not None:
                timer.cancel()
        instance.idle_timer = instance.expiry_timer = None
        instance.is_watched = False

    def recall(self, instance: Instance) -> None:
        """Reverse a planned termination: the instance stays active and its billing continues."""
        if instance.activation_at_s < 0:
            instance.activation_at_s = self._clock.at_s()
        if not instance.awake:
            instance.backend.wake()
            instance.awake = True

    def worked(self, instance: Instance, seconds: float) -> bool:
        """Return True if the instance had a request within the last `seconds`; being kept warm does not count."""
        if instance.outstanding > 0:
            return True
        return instance.idle_since_s > max(self._loop.time() - seconds, instance.ready_s)

    def close_activation(self, instance: Instance) -> None:
        if instance.activation_at_s >= 0:
            instance.activations.append((instance.activation_at_s, self.activation_end_at_s(instance)))
            instance.activation_at_s = RUN_NOT_YET

    def activation_end_at_s(self, instance: Instance) -> RunTime:
        """Return the time at which the open activation would end now.

        That is the end of the last request or, on a platform without an idle state, the present time.
        """
        now_at_s = self._clock.at_s()
        if self._actuator.activates and instance.outstanding == 0 and instance.entered.done():
            return max(instance.activation_at_s, RunTime(now_at_s - (self._loop.time() - instance.idle_since_s)))
        return now_at_s

    def wake(self, instance: Instance) -> float:
        """Make an idle instance active for a request. Return the seconds that its driver needs for it."""
        instance.is_watched = False  # it can fall idle again
        self._move(instance, InstanceEvent.WOKE, "a request came")
        instance.activation_at_s = self._clock.at_s()
        return instance.backend.wake()

    def _look_whether_idle(self, instance: Instance) -> None:
        instance.idle_timer = None
        if instance.outstanding > 0 or not self._can_idle(instance):
            instance.is_watched = False  # armed again when it is quiet
            return
        due_s = instance.idle_since_s + self._idle_after_s
        if self._loop.time() < due_s:
            instance.idle_timer = self._loop.call_at(due_s, self._look_whether_idle, instance)
        else:
            self._fall_idle(instance, self._silence(instance))

    def _look_whether_expired(self, instance: Instance) -> None:
        instance.expiry_timer = None
        expiry_s = self._actuator.idle_expiry_s
        assert expiry_s is not None, "its timer was armed for it"
        if instance.outstanding > 0 or not instance.is_ready:
            instance.is_watched = False  # armed again when it is quiet
            return
        due_s = instance.idle_since_s + expiry_s
        if self._loop.time() >= due_s:
            if self._expire(instance, self._silence(instance)):
                return
            due_s = self._loop.time() + max(LOOK_AGAIN_S_MIN, expiry_s)  # MinSize may be lower by then
        instance.expiry_timer = self._loop.call_at(due_s, self._look_whether_expired, instance)

    def _silence(self, instance: Instance) -> str:
        return f"no request for {self._loop.time() - instance.idle_since_s:.6g} s"

    def _can_idle(self, instance: Instance) -> bool:
        return self._actuator.activates and instance.state is InstanceState.ACTIVE

    def _fall_idle(self, instance: Instance, why: str) -> None:
        self.close_activation(instance)
        instance.awake = False
        self._move(instance, InstanceEvent.FELL_IDLE, why)
        instance.backend.throttle()
