"""The pool as the replica set and the autoscaler see it; its requests are in the kernel's arrays.

The replica set and its activity tracking read and write a few attributes of an instance: its number of requests, the
time since which it has been idle, and whether it is active. Here these are properties that access the instance's row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

import numpy as np

from simulator.fleet.instance import Instance
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import Backend, InstanceActivity
from simulator.lab.compiled import event_loop_kernel as kernel
from simulator.lab.compiled.buffers import Buffers
from simulator.lab.compiled.input.inputs import Inputs
from simulator.lab.compiled.loop import CompiledLoop
from simulator.lab.compiled.state import (
    AT_LIMIT,
    FRONT,
    FULL,
    NEEDS_ROOM,
    NO_TIER,
    NOBODY,
    OUT_OF_MEMORY,
    QUIET,
    RESERVE,
    TIMERS,
    WAITED,
    WOKE,
    fields_of,
)
from simulator.model.instance import InstanceEvent, InstanceState
from simulator.model.rejection import TERMINATED, Rejection
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.times import LoopTime
from simulator.rules.meter import p95_index, time_mean
from simulator.rules.policies.port import Sample

_NEVER_S: Final = float("inf")
_NONE: Final = ("free_at", "backlog_head", "backlog_tail", "pending_head", "pending_tail", "turn_head", "turn_tail")
BLANK: Final[dict[str, float]] = dict.fromkeys(_NONE, NOBODY) | {
    "tier": NO_TIER, "idle_since_s": _NEVER_S, "ready_s": _NEVER_S, "rate": 1.0, "slowdown": 1.0, "armed_s": _NEVER_S,
}  # fmt: skip


class CompiledInstance(Instance):
    """An instance whose requests are in the kernel; `row` is its index there, as long as it is referred to."""

    __slots__ = ("_drained", "_is_watched", "_last", "_pool", "front", "row")

    def __init__(self, number: int, wanted_s: LoopTime, pool: CompiledPool, row: int) -> None:
        self._pool = pool
        self._last: dict[str, Any] = {}
        self.row = row
        self.front = False  # True if the instance is in service and in the first tier
        super().__init__(number, wanted_s)

    def _get(self, name: str) -> Any:
        return self._pool.world.instances[self.row][name].item() if self.row != NOBODY else self._last[name]

    def _set(self, name: str, value: float) -> None:
        if self.row != NOBODY:
            self._pool.world.instances[self.row][name] = value

    @property
    def outstanding(self) -> int:
        return int(self._get("outstanding"))

    @outstanding.setter
    def outstanding(self, value: int) -> None:
        self._set("outstanding", value)

    @property
    def idle_since_s(self) -> LoopTime:
        return LoopTime(self._get("idle_since_s"))

    @idle_since_s.setter
    def idle_since_s(self, value: LoopTime) -> None:
        self._set("idle_since_s", value)

    @property
    def awake(self) -> bool:
        return bool(self._get("awake"))

    @awake.setter
    def awake(self, value: bool) -> None:
        self._set("awake", value)

    @property
    def is_watched(self) -> bool:
        return self._is_watched

    @is_watched.setter
    def is_watched(self, value: bool) -> None:
        self._is_watched = value
        self._set("watched", value)

    @property
    def drained(self) -> asyncio.Future[None] | None:
        return self._drained

    @drained.setter
    def drained(self, value: asyncio.Future[None] | None) -> None:
        self._drained = value
        self._set("draining", value is not None)

    def move(self, event: InstanceEvent) -> None:
        super().move(event)
        self._set("idle", self.state is InstanceState.IDLE)

    def launched(self, backend: Backend) -> None:
        super().launched(backend)
        self._pool.buffers.launched(backend, self._pool.do, self.row, self._used_by)

    def _used_by(self, now: float) -> float:
        if self.row == NOBODY:
            return float(self._last["used_s"])
        return float(kernel.cpu_used_s(self._pool.world, self.row, now))

    def part(self) -> None:
        """Detach the instance from its row, which another instance will use."""
        self._last = {name: self._get(name) for name in ("outstanding", "idle_since_s", "awake", "used_s")}
        self.row = NOBODY


class CompiledPool:
    """The supply of one service (`PoolSupply` of fleet/ports.py) with its instances. The loop calls `play`."""

    def __init__(self, settings: PoolSettings, buffers: Buffers, *, health_is_certain: bool) -> None:
        self.scaling = settings.scaling
        self.ready: dict[int, CompiledInstance] = {}
        self.health_is_certain = health_is_certain
        self._ended: asyncio.Future[None] | None = None  # done when no request is open; made on demand
        self._activity: InstanceActivity[Instance]  # of the replica set, which also adds the instances
        self._react: Callable[[], None] | None = None  # called when a request has to wait
        self._loop = cast("CompiledLoop", asyncio.get_running_loop())
        self.buffers = buffers
        self._state = buffers.world.pool[0]
        self._now = fields_of(buffers.world, "now_s", "origin_s", np.float64)
        self._order = fields_of(buffers.world, "order", "capacity", np.int64)
        self._counts = fields_of(buffers.world, "present", "present_s", np.int64)
        self._seconds = fields_of(buffers.world, "present_s", "latencies", np.float64)
        self._by_row: dict[int, CompiledInstance] = {}
        self._buried: dict[int, CompiledInstance] = {}
        self._unused = list(reversed(range(len(buffers.world.instances))))
        self._loop.attach(self)  # instances open connections before the traffic is opened

    @property
    def world(self) -> Any:
        return self.buffers.world

    # --- called by the loop -------------------------------------------------------------------------------------------

    def open(self, inputs: Inputs, origin_s: float) -> None:
        """Start the traffic."""
        self._state["origin_s"], self._state["now_s"] = origin_s, self._loop.time()
        self._loop.order = inputs.open(self.world, self._loop.order)

    def play(self, limit_s: float, limit_order: int) -> Callable[[], None] | None:
        loop, order = self._loop, self._order
        while True:
            order[0] = loop.order
            stopped = kernel.advance(self.buffers.world, limit_s, limit_order)
            loop.order = int(order[0])
            if stopped == AT_LIMIT:
                return None
            if stopped == NEEDS_ROOM:
                self.buffers.make()
                continue
            loop.turn_to(float(self._now[0]))
            return self._run_callbacks

    def _run_callbacks(self) -> None:
        """Run the callbacks that the platform's own pool would have called during the event."""
        commands = self.world.commands[: self._state["commands"]].tolist()
        self._state["commands"] = 0
        loop = self._loop
        for kind, row, order in commands:
            if kind == WOKE:
                self._activity.wake(self._by_row[row])
            elif kind == QUIET:
                # timers set by the callbacks get the order numbers that they would have had in the event
                latest, loop.order = loop.order, order - TIMERS
                self._activity.quiet(self._by_row[row])
                loop.order = latest
            elif kind == WAITED:
                assert self._react is not None, "the kernel reports it on request"
                self._react()
            elif kind == OUT_OF_MEMORY:
                self.buffers.end_out_of_memory(self._by_row[row].backend)
            elif kind >= FULL:
                self.buffers.calls_of_run.log(kind, row, order)
            else:
                assert self._ended is not None, "the kernel reports it on request"
                self._ended.set_result(None)

    def do(self, step: Callable[..., None], *arguments: Any) -> None:
        """Run a kernel function at the current time on behalf of the platform."""
        while not kernel.has_room(self.world):
            self.buffers.make()
        loop = self._loop
        self._now[0] = self._loop.time()
        self._order[0] = loop.order
        step(self.world, *arguments)
        loop.order = int(self._order[0])
        if self._state["commands"]:
            self._run_callbacks()

    async def drained(self) -> None:
        """Wait until every open request has ended."""
        if self._state["present"]:
            self._ended = self._loop.create_future()
            self._state["tells_end"] = 1
            await self._ended

    # --- called by the fleet ------------------------------------------------------------------------------------------

    def set_activity(self, activity: InstanceActivity[Instance]) -> None:
        self._activity = activity

    def on_queued(self, react: Callable[[], None] | None) -> None:
        self._react = react
        self._state["reacts_to_queue"] = react is not None

    def limit_queue(self, queue_max: int) -> None:
        self._state["queue"] = queue_max

    def new_instance(self, number: int, wanted_s: LoopTime) -> Instance:
        row = self._free_row()
        record = self.world.instances[row]
        for name in record.dtype.names:
            record[name] = BLANK.get(name, 0)
        self.buffers.clear_pools(row)
        record["number"], record["wanted_s"] = number, wanted_s
        instance = self._by_row[row] = CompiledInstance(number, wanted_s, self, row)
        return instance

    def _free_row(self) -> int:
        if not self._unused:
            self._unused += [row for row, instance in self._buried.items() if self._part(instance)]
            for row in self._unused:
                self._buried.pop(row, None)
        if not self._unused:
            first = len(self.world.instances)
            self.buffers.more_instances()
            self._unused = list(reversed(range(first, len(self.world.instances))))
        return self._unused.pop()

    def _part(self, instance: CompiledInstance) -> bool:
        """Detach the instance if the kernel no longer refers to its row; return True if the row is free."""
        world, row = self.world, instance.row
        if world.instances[row]["held_by"] or world.listed[:, row].any():
            return False
        instance.part()
        return True

    def enter(self, instance: Instance, *, front: bool) -> None:
        assert isinstance(instance, CompiledInstance), "it was made here"
        self.ready[instance.number] = instance
        instance.front = front
        self.world.instances[instance.row]["ready_s"] = instance.ready_s
        self.do(kernel.enter, instance.row, FRONT if front else RESERVE)

    def move(self, instance: Instance, *, front: bool) -> None:
        assert isinstance(instance, CompiledInstance), "it was made here"
        if instance.front != front:
            instance.front = front
            self.do(kernel.move, instance.row, FRONT if front else RESERVE)

    def leave(self, instance: Instance) -> None:
        assert isinstance(instance, CompiledInstance), "it was made here"
        if self.ready.pop(instance.number, None) is not None:
            self.do(kernel.leave, instance.row)

    def lose(self, instance: Instance, rejection: Rejection = TERMINATED) -> None:
        assert isinstance(instance, CompiledInstance), "it was made here"
        self.leave(instance)
        if instance.row != NOBODY and instance.row not in self._buried:
            self.do(kernel.lose, instance.row, rejection.status)
            self._buried[instance.row] = instance

    def configure(self, scaling: AutoScalingConfiguration) -> None:
        self.scaling = scaling
        self.buffers.widen(scaling.max_concurrency)
        rows = np.array([instance.row for instance in self.ready.values()], np.int64)
        # By tier, then in the order of addition, as the balancing rules examine them.
        found = self.world.instances[rows]
        self.do(kernel.resize, scaling.max_concurrency, rows[np.lexsort((found["added"], found["tier"]))])

    @property
    def in_flight(self) -> int:
        return int(self._counts[0] - self._counts[1])

    @property
    def queued(self) -> int:
        return int(self._counts[1])

    def keep_latencies(self) -> None:
        self._state["keeps_latencies"] = 1

    def close_second(self, second: int, cpu_s: float = 0.0) -> Sample:
        now = self._loop.time()
        present, waiting, arrivals, rejected, finished = self._counts.tolist()
        present_s, waiting_s, service_s, closed_s, present_at_s, waiting_at_s = self._seconds.tolist()
        present_s += present * (now - present_at_s)
        waiting_s += waiting * (now - waiting_at_s)
        width_s = now - closed_s
        sample = Sample(
            second=second,
            in_flight=time_mean(present_s, width_s, present),
            waiting=time_mean(waiting_s, width_s, waiting),
            arrivals=arrivals,
            rejected=rejected,
            finished=finished,
            service_s=service_s,
            ready=len(self.ready),
            cpu_s=cpu_s,
            latency_p95_s=self._latency_p95_s(),
        )
        counts, seconds = self._counts, self._seconds
        counts[2] = counts[3] = counts[4] = 0
        seconds[0] = seconds[1] = seconds[2] = 0.0
        seconds[3] = seconds[4] = seconds[5] = now
        return sample

    def _latency_p95_s(self) -> float:
        count = int(self._state["latencies"])
        if not count:
            return 0.0
        index = p95_index(count)
        ranked = np.partition(self.world.latencies[:count], index)
        self._state["latencies"] = 0
        return float(ranked[index])

    def change_health(self, instance: Instance, *, healthy: bool) -> bool:
        raise AssertionError(instance, healthy)  # compiled_backend.py: no load balancer with targets is in front

    async def queue_empty(self) -> None:
        """Return at once: only deployments wait for the queue, and this backend plays none (compiled_backend.py)."""

    def close(self) -> None:
        """Stop playing. Requests that are still open are abandoned."""
        self._loop.attach(None)
