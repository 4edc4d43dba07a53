"""Idle and active states of instances: throttling and waking, expiry, and the activations that are billed."""

from __future__ import annotations

from collections.abc import Callable

from simulator.fleet.instance import Instance
from simulator.fleet.ports import PoolSupply
from simulator.model.instance import InstanceEvent, InstanceState
from simulator.model.times import RUN_NOT_YET, RUN_START, RunTime
from simulator.rules.policies.port import Actuator
from simulator.world.clock import RunClock
from simulator.world.running_loop import running_loop

# If MinSize keeps an instance after its expiry, the next check comes at least this much later, so that checks cannot
# repeat endlessly at one instant.
LOOK_AGAIN_S_MIN = 1.0


def _middle() -> float:
    return 0.5


class Activity:
    """Tracks the idle and active states of instances; one object per replica set.

    `move` changes and records the state of an instance. `expire` terminates an instance that was idle for too long,
    `retire` one at its limit of age. `random` returns numbers in [0, 1) for both; None: every instance has the
    middle of its range.

    An instance has two deadlines, which count from its last request: becoming idle, and expiring. Each deadline has its
    own timer. A request does not touch the timers: a timer that fires too early, because a request came in between, is
    armed again. The limit of age counts from ready on, or from the start of the run.
    """

    def __init__(
        self,
        pool: PoolSupply[Instance],
        actuator: Actuator,
        idle_after_s: float,
        clock: RunClock,
        move: Callable[[Instance, InstanceEvent, str], None],
        expire: Callable[[Instance, str], bool],
        retire: Callable[[Instance, str], None],
        random: Callable[[], float] | None = None,
    ) -> None:
        self._ready = pool.ready
        self._actuator = actuator
        self._idle_after_s = idle_after_s
        self._clock = clock
        self._move = move
        self._expire = expire
        self._retire = retire
        self._random = random or _middle
        self._loop = running_loop()
        pool.set_activity(self)

    def settle(self, instance: Instance) -> None:
        """Begin the accounting of an instance at the start of the run; its activity before the run is not billed."""
        instance.activations.clear()
        instance.activation_at_s = RUN_START
        instance.idle_since_s = self._loop.time()
        self._limit_life(instance)
        if instance.outstanding > 0:
            return  # the load balancer accepted requests before the run and has forwarded one to it
        if self._actuator.activates:
            instance.activation_at_s = RUN_NOT_YET
            self._fall_idle(instance, "no request before the run")
        self.quiet(instance)

    def entered(self, instance: Instance) -> None:
        """Begin the deadlines of an instance that has become ready."""
        instance.expiry_s = self._drawn_expiry_s()
        if self._clock.is_started:
            self._limit_life(instance)
        if instance.outstanding == 0:
            self.quiet(instance)

    def _drawn_expiry_s(self) -> float | None:
        expiry_s, spread = self._actuator.idle_expiry_s, self._actuator.idle_expiry_spread
        if expiry_s is None or spread == 0:
            return expiry_s
        return expiry_s * (1 + spread * (2 * self._random() - 1))

    def _limit_life(self, instance: Instance) -> None:
        limit = self._actuator.age_limit
        if limit is not None:
            end_s = self._loop.time() + limit.at(self._random(), self._random())
            instance.age_timer = self._loop.call_at(end_s, self._end_life, instance)

    def _end_life(self, instance: Instance) -> None:
        instance.age_timer = None
        self._retire(instance, f"the platform removed it {self._loop.time() - instance.ready_s:.6g} s after its start")

    def quiet(self, instance: Instance) -> None:
        """Arm the timers of both deadlines. Called when the instance has no outstanding request left.

        No timer is armed before the run has started: while a platform starts, no deadline passes, however long other
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
            instance.idle_timer = self._loop.call_at(due_s, self._check_idle, instance)
        expiry_s = instance.expiry_s
        if expiry_s is not None and instance.expiry_timer is None:
            due_s = instance.idle_since_s + expiry_s
            instance.expiry_timer = self._loop.call_at(due_s, self._check_expired, instance)
        instance.is_watched = True

    def forget(self, instance: Instance) -> None:
        """Cancel the timers of an instance that ends."""
        for timer in (instance.idle_timer, instance.expiry_timer, instance.age_timer):
            if timer is not None:
                timer.cancel()
        instance.idle_timer = instance.expiry_timer = instance.age_timer = None
        instance.is_watched = False

    def recall(self, instance: Instance) -> None:
        """Undo a planned termination: the instance stays active, and its billing continues."""
        if instance.activation_at_s < 0:
            instance.activation_at_s = self._clock.at_s()
        if not instance.awake:
            instance.backend.wake()
            instance.awake = True

    def worked(self, instance: Instance, seconds: float) -> bool:
        """Return True if the instance had a request within the last `seconds`. Being kept warm does not count."""
        if instance.outstanding > 0:
            return True
        return instance.idle_since_s > max(self._loop.time() - seconds, instance.ready_s)

    def close_activation(self, instance: Instance) -> None:
        if instance.activation_at_s >= 0:
            instance.activations.append((instance.activation_at_s, self.activation_end_at_s(instance)))
            instance.activation_at_s = RUN_NOT_YET

    def activation_end_at_s(self, instance: Instance) -> RunTime:
        """Return the time at which the open activation would end now.

        That is the end of the last request or, on a platform without an idle state, the current time.
        """
        now_at_s = self._clock.at_s()
        if self._actuator.activates and instance.outstanding == 0 and instance.entered.done():
            return max(instance.activation_at_s, RunTime(now_at_s - (self._loop.time() - instance.idle_since_s)))
        return now_at_s

    def wake(self, instance: Instance) -> float:
        """Make an idle instance active because of a request. Return the seconds that its driver needs for the wake."""
        instance.is_watched = False  # the timer of the idle deadline must be armed again
        self._move(instance, InstanceEvent.WOKE, "a request came")
        instance.activation_at_s = self._clock.at_s()
        return instance.backend.wake()

    def _check_idle(self, instance: Instance) -> None:
        instance.idle_timer = None
        if instance.outstanding > 0 or not self._can_idle(instance):
            instance.is_watched = False  # `quiet` arms it again
            return
        due_s = instance.idle_since_s + self._idle_after_s
        if self._loop.time() < due_s:
            instance.idle_timer = self._loop.call_at(due_s, self._check_idle, instance)
        else:
            self._fall_idle(instance, self._idle_text(instance))

    def _check_expired(self, instance: Instance) -> None:
        instance.expiry_timer = None
        expiry_s = instance.expiry_s
        assert expiry_s is not None, "its timer was armed for it"
        if instance.outstanding > 0 or not instance.is_ready:
            instance.is_watched = False  # `quiet` arms it again
            return
        if len(self._ready) > 1:
            expiry_s *= self._actuator.idle_expiry_factor
        due_s = instance.idle_since_s + expiry_s
        if self._loop.time() >= due_s:
            if self._expire(instance, self._idle_text(instance)):
                return
            due_s = self._loop.time() + max(LOOK_AGAIN_S_MIN, expiry_s)  # MinSize may have been lowered by then
        instance.expiry_timer = self._loop.call_at(due_s, self._check_expired, instance)

    def _idle_text(self, instance: Instance) -> str:
        return f"no request for {self._loop.time() - instance.idle_since_s:.6g} s"

    def _can_idle(self, instance: Instance) -> bool:
        return self._actuator.activates and instance.state is InstanceState.ACTIVE

    def _fall_idle(self, instance: Instance, why: str) -> None:
        self.close_activation(instance)
        instance.awake = False
        self._move(instance, InstanceEvent.FELL_IDLE, why)
        instance.backend.throttle()
