"""What an idle instance loses, and the CPU of an instance taken and given back by process and docker drivers.

Every service has the setting, so it is apart from the drivers, which few runs need.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Protocol


class Throttling(StrEnum):
    """What an idle instance loses. It keeps its memory in every case."""

    NONE = "none"
    SHARE = "share"  # all CPU except a small share, as on App Runner; FREEZE if there are no control groups
    FREEZE = "freeze"  # all CPU: timers and background work stop


class CpuSwitch(Protocol):
    """Takes the CPU of an instance away and gives it back (limits.py).

    Its methods may raise OSError if the instance has ended.
    """

    @property
    def stops(self) -> bool:
        """True if it takes all CPU, so that nothing in the instance can answer."""

    def take(self) -> None: ...
    def give(self) -> None: ...


class Throttle:
    """The CPU of one instance: taken while the instance is idle."""

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
        """Give the CPU back; the instance has it when this returns."""
        if self._throttled:
            self._throttled = False
            self._turn(self._switch.give)

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Let a stopped instance run for the block: App Runner probes idle instances too, and they answer."""
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
            with contextlib.suppress(OSError):  # it has ended, and its control group with it; `exited` follows
                turn()
