"""An instance of a service: its state, its backend, and the times from which its bill is computed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from simulator.fleet.ports import Backend, Exchange
from simulator.model.instance import COMING, READY, InstanceEvent, InstanceState, next_state
from simulator.model.times import LOOP_FOREVER, RUN_NOT_YET, LoopTime, RunTime
from simulator.rules.balancing import Target


class Termination(NamedTuple):
    """Why an instance ends: it was stopped (and drains first if it serves), or it crashed."""

    event: InstanceEvent  # STOP or CRASHED
    why: str
    slow: bool = False  # it did not become healthy within its start-up allowance
    saw: str = ""  # what its last health checks saw, as a sentence for users
    blameless: bool = False  # a crash that the application did not cause, so it does not delay the next start


class Instance(Target):
    """An instance, owned by the pool.

    Times named `_at_s` are seconds of the run, the others seconds of the loop's clock. `activations`: closed
    activations as (begin, end). `activation_at_s`: begin of the open activation, negative if there is none. An
    activation is billed from its first request (or the launch) to the end of its last request.
    """

    __slots__ = (
        "_backend",
        "activation_at_s",
        "activations",
        "age_timer",
        "awake",
        "drain_by_s",
        "drained",
        "ending",
        "entered",
        "expiry_s",
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
        "zone",
    )

    def __init__(self, number: int, wanted_s: LoopTime) -> None:
        super().__init__(number)
        self.state = InstanceState.PROVISIONING
        self.zone = ""  # the Availability Zone; empty if the platform has none
        self.wanted_s = wanted_s  # when the decision to add it was made
        self.ready_s = LOOP_FOREVER
        self.idle_since_s = LOOP_FOREVER  # begin of the current time without requests; valid while it has none
        self.launched_at_s = RUN_NOT_YET
        self.stopped_at_s = RUN_NOT_YET
        self.activations: list[tuple[RunTime, RunTime]] = []
        self.activation_at_s = RUN_NOT_YET
        self.awake = False  # can get requests without a wake
        self.pending: list[Exchange] = []  # exchanges granted while it wakes
        self.idle_timer: asyncio.TimerHandle | None = None  # fires when it may become idle
        self.expiry_timer: asyncio.TimerHandle | None = None  # fires at its idle expiry, independent of the policy
        self.expiry_s: float | None = None  # its idle expiry; None: it has none
        self.age_timer: asyncio.TimerHandle | None = None  # fires at the end of its lifetime
        # the timers of both deadlines are armed while it has no request (fleet/replicas/activity.py)
        self.is_watched = False
        self.ending: asyncio.Future[Termination] = asyncio.get_running_loop().create_future()
        self.entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()  # done when it is ready
        self.drained: asyncio.Future[None] | None = None
        self.drain_by_s = LOOP_FOREVER  # requests still in progress at this time are cut off
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
        """True while the instance exists and holds memory: launched and not stopped."""
        return self.state not in (InstanceState.PROVISIONING, InstanceState.STOPPED)

    def launched(self, backend: Backend) -> None:
        self._backend = backend

    def move(self, event: InstanceEvent) -> None:
        """Change the state according to the state table. Only this method assigns it; the caller records the change."""
        self.state = next_state(self.state, event)

    def begin_drain(self, by_s: LoopTime) -> None:
        """Begin to drain: `drained` is done when no request is outstanding. Those in progress at `by_s` are cut off."""
        self.drained, self.drain_by_s = asyncio.get_running_loop().create_future(), by_s
        if self.outstanding == 0:
            self.drained.set_result(None)

    def end(
        self, event: InstanceEvent, why: str, *, slow: bool = False, saw: str = "", blameless: bool = False
    ) -> None:
        """Ask the instance to end. If it is called again, the first reason is kept."""
        if not self.ending.done():
            self.ending.set_result(Termination(event, why, slow, saw, blameless))

    def __repr__(self) -> str:
        return f"<instance {self.number} {self.state} outstanding={self.outstanding}>"


def scale_in_order(instance: Instance) -> tuple[int, int]:
    """Return the sort key of removal: instances that do not serve yet come first, then the youngest.

    ASSUMPTION: which instance App Runner removes is unknown; removing the youngest keeps the instances with warm
    caches. Settled by logs of the serving instances during a scale-in.
    """
    return (0 if instance.is_coming else 1, -instance.number)


class InstanceVariables(Protocol):
    """Supplies the environment variables of instances. Some differ between instances, such as credentials.

    It is an object given to the replica set and not an event, because an instance cannot start without the variables.
    """

    def of_instance(self, number: int, /) -> Mapping[str, str]:
        """Return the variables of a new instance."""

    def instance_ended(self, number: int, /) -> None:
        """Withdraw the credentials of an instance that has ended."""
