"""An instance of a service: its state, its backend, and the figures its bill is made from."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from simulator.fleet.driver import Backend
from simulator.fleet.exchange import Exchange
from simulator.model.instance import COMING, READY, InstanceEvent, InstanceState, next_state
from simulator.rules.balancing import Place


@dataclass(frozen=True, slots=True)
class Ending:
    """Why an instance ends: told to stop (drained first when it serves), or it died."""

    event: InstanceEvent  # STOP or DIED
    why: str
    slow: bool = False  # it did not get healthy in the time it had
    saw: str = ""  # what its last health checks saw, for people


class Instance(Place):
    """Owned by the pool. Times named `_at_s` are seconds of the run, the others seconds of the loop's clock.

    `activations`: closed activations as (begin, end) in seconds of the run; `activation_at_s` the begin of the open
    one, negative when there is none. An activation is billed from its first request (or the launch) to the end of its
    last one.
    """

    __slots__ = (
        "_backend",
        "activation_at_s",
        "activations",
        "awake",
        "drain_by_s",
        "drained",
        "ending",
        "entered",
        "expiry_timer",
        "idle_since_s",
        "idle_timer",
        "is_watched",
        "launched_at_s",
        "pending",
        "ready_s",
        "state",
        "stopped_at_s",
        "wanted_s",
    )

    def __init__(self, number: int, wanted_s: float) -> None:
        super().__init__(number)
        self.state = InstanceState.PROVISIONING
        self.wanted_s = wanted_s  # when somebody decided that it should exist
        self.ready_s = float("inf")
        self.idle_since_s = float("inf")  # since when it has had no request, while it has none
        self.launched_at_s = -1.0
        self.stopped_at_s = -1.0
        self.activations: list[tuple[float, float]] = []
        self.activation_at_s = -1.0
        self.awake = False  # takes requests without a wake
        self.pending: list[Exchange] = []  # granted while it wakes
        self.idle_timer: asyncio.TimerHandle | None = None  # for falling idle
        self.expiry_timer: asyncio.TimerHandle | None = None  # for the end of its idle time, whatever the policy says
        self.is_watched = False  # each deadline that it has when it is quiet has its timer (fleet/activity.py)
        self.ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()  # it is ready
        self.drained: asyncio.Future[None] | None = None
        self.drain_by_s = float("inf")  # what it has then is cut
        self._backend: Backend | None = None

    @property
    def backend(self) -> Backend:
        assert self._backend is not None, f"instance {self.number} has not been launched"
        return self._backend

    @property
    def is_ready(self) -> bool:
        return self.state in READY

    @property
    def is_coming(self) -> bool:
        return self.state in COMING

    @property
    def is_provisioned(self) -> bool:
        """It exists and holds memory: launched, and not stopped."""
        return self.state not in (InstanceState.PROVISIONING, InstanceState.STOPPED)

    def launched(self, backend: Backend) -> None:
        self._backend = backend

    def move(self, event: InstanceEvent) -> None:
        """The only way to another state; the pool records it."""
        self.state = next_state(self.state, event)

    def end(self, event: InstanceEvent, why: str, *, slow: bool = False, saw: str = "") -> None:
        """Tell its life to end. The first reason stands."""
        if not self.ending.done():
            self.ending.set_result(Ending(event, why, slow, saw))

    def __repr__(self) -> str:
        return f"<instance {self.number} {self.state} outstanding={self.outstanding}>"


def who_goes_first(instance: Instance) -> tuple[int, int]:
    """Those that do not serve yet, then the youngest.

    ASSUMPTION: which instance App Runner takes away is unknown; the youngest keeps warm caches where they are.
    """
    return (0 if instance.is_coming else 1, -instance.number)
