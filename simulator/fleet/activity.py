"""Idle and awake: when an instance loses its CPU, gets it back, expires, and which time its bill calls active."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simulator.fleet.instance import Instance
from simulator.fleet.pool import Pool
from simulator.model.instance import InstanceEvent, InstanceState
from simulator.rules.policies.port import Actuator
from simulator.world.clock import RunClock

# An instance that MinSize keeps beyond its expiry is looked at again, but not for ever in one instant.
LOOK_AGAIN_S_MIN = 1.0


class Activity:
    """One per roster. `move` changes and records a state; `expire` takes an instance away that was idle for too long.

    A quiet instance has one timer, armed lazily: it is looked at again when it could fall idle at the earliest, so a
    request costs no timer.
    """

    def __init__(
        self,
        pool: Pool,
        actuator: Actuator,
        clock: RunClock,
        move: Callable[[Instance, InstanceEvent, str], None],
        expire: Callable[[Instance, str], bool],
    ) -> None:
        self._pool = pool
        self._actuator = actuator
        self._clock = clock
        self._move = move
        self._expire = expire
        self._loop = asyncio.get_running_loop()
        pool.on_wake = self._wake
        pool.on_quiet = self.quiet

    def settle(self, instance: Instance) -> None:
        """A run begins with this instance: what it did before is nobody's bill."""
        instance.spells.clear()
        instance.spell_at_s = 0.0
        instance.idle_since_s = self._loop.time()
        if self._actuator.activates:
            instance.spell_at_s = -1.0
            self._fall_idle(instance, "no request before the run")

    def quiet(self, instance: Instance) -> None:
        """It has no request any more: look again when it would fall idle or expire."""
        if instance.drained is not None:
            if not instance.drained.done():
                instance.drained.set_result(None)
            return
        due_s = self._due_s(instance)
        if due_s is not None and instance.is_ready:
            instance.idle_timer = self._loop.call_at(due_s, self._look_again, instance)

    def forget(self, instance: Instance) -> None:
        """It ends; no timer must find it."""
        if instance.idle_timer is not None:
            instance.idle_timer.cancel()
            instance.idle_timer = None

    def close_spell(self, instance: Instance) -> None:
        if instance.spell_at_s >= 0:
            instance.spells.append((instance.spell_at_s, self.spell_end_at_s(instance)))
            instance.spell_at_s = -1.0

    def spell_end_at_s(self, instance: Instance) -> float:
        """Where its open activation would end now: with its last request, or, without idle state, with its life."""
        now_at_s = self._clock.at_s()
        if self._actuator.activates and instance.outstanding == 0 and instance.entered.done():
            return max(instance.spell_at_s, now_at_s - (self._loop.time() - instance.idle_since_s))
        return now_at_s

    def _wake(self, instance: Instance) -> float:
        self._move(instance, InstanceEvent.WOKE, "a request came")
        instance.spell_at_s = self._clock.at_s()
        return instance.backend.wake()

    def _look_again(self, instance: Instance) -> None:
        instance.idle_timer = None
        if instance.outstanding > 0 or not instance.is_ready:
            return  # armed again when it is quiet
        due_s = self._due_s(instance)
        if due_s is None:
            return
        if self._loop.time() < due_s:
            instance.idle_timer = self._loop.call_at(due_s, self._look_again, instance)
        elif self._can_idle(instance):
            self._fall_idle(instance, f"no request for {self._pool.settings.idle_after_s:g} s")
            self.quiet(instance)
        elif not self._expire(instance, f"no request for {self._actuator.idle_expiry_s:g} s"):
            again_s = max(LOOK_AGAIN_S_MIN, self._actuator.idle_expiry_s or 0.0)  # MinSize may be lower by then
            instance.idle_timer = self._loop.call_later(again_s, self._look_again, instance)

    def _due_s(self, instance: Instance) -> float | None:
        """When a quiet instance falls idle or expires, whichever is next; None when neither will happen."""
        if self._can_idle(instance):
            return instance.idle_since_s + self._pool.settings.idle_after_s
        if self._actuator.idle_expiry_s is not None:
            return instance.idle_since_s + self._actuator.idle_expiry_s
        return None

    def _can_idle(self, instance: Instance) -> bool:
        return self._actuator.activates and instance.state is InstanceState.ACTIVE

    def _fall_idle(self, instance: Instance, why: str) -> None:
        self.close_spell(instance)
        instance.awake = False
        self._move(instance, InstanceEvent.FELL_IDLE, why)
        instance.backend.throttle()
