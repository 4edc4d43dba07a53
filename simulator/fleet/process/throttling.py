"""Throttling of idle instances: the setting, and the switch with which drivers take and restore the CPU.

The setting belongs to every service, so it is separate from the drivers, which few runs import.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Protocol


class Throttling(StrEnum):
    """What an idle instance loses. It always keeps its memory."""

    NONE = "none"
    SHARE = "share"  # all CPU but a small share, as on App Runner; FREEZE if there are no control groups
    FREEZE = "freeze"  # all CPU: timers and background work stop


class CpuSwitch(Protocol):
    """Takes the CPU of an instance and restores it (limits.py).

    Its methods may raise OSError if the instance has ended.
    """

    @property
    def stops(self) -> bool:
        """True if it takes the whole CPU, so that no program in the instance can answer."""

    def take(self) -> None: ...
    def give(self) -> None: ...


class Throttle:
    """The CPU of one instance, which is taken while the instance is idle."""

    def __init__(self, switch: CpuSwitch, has_ended: Callable[[], bool]) -> None:
        self._switch = switch
        self._has_ended = has_ended
        self._throttled = False

    @property
    def is_stopped(self) -> bool:
        """True if the instance is throttled and has no CPU at all."""
        return self._throttled and self._switch.stops

    def throttle(self) -> None:
        self._throttled = True
        self._turn(self._switch.take)

    def wake(self) -> None:
        """Restore the CPU; it is available when this returns."""
        if self._throttled:
            self._throttled = False
            self._turn(self._switch.give)

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Restore the CPU of a stopped instance for the block: App Runner probes idle instances, which answer."""
        was_stopped = self.is_stopped
        if was_stopped:
            self._turn(self._switch.give)
        try:
            yield
        finally:
            if was_stopped and self._throttled:
                self._turn(self._switch.take)

    def _turn(self, turn: Callable[[], None]) -> None:
        if not self._has_ended():
            # the instance has ended, and with it its control group; `exited` is set shortly
            with contextlib.suppress(OSError):
                turn()
