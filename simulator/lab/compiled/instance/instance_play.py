"""Plays the requests of one instance in the kernel, without a platform around it: arrivals and work in, times out.

A calibration plays the same arrivals thousands of times with other work. A run of a scenario takes milliseconds for its
platform; here a play of a thousand requests takes less than one. The rules are those of the kernel: the instance is
ready and active from the beginning to the end.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.lab.compiled import event_loop_kernel as kernel
from simulator.lab.compiled.background.background_arrays import BackgroundArrays
from simulator.lab.compiled.background.background_kernel import start_background
from simulator.lab.compiled.background.job_buffers import JobBuffers
from simulator.lab.compiled.buffers import Buffers
from simulator.lab.compiled.downstream.buffers import CallBuffers
from simulator.lab.compiled.input.drawn_stream import refill_uniform
from simulator.lab.compiled.instance.world import world_of
from simulator.lab.compiled.pool import BLANK
from simulator.lab.compiled.state import AT_LIMIT, FRONT, NEEDS_ROOM, CallArrays, World
from simulator.world.random_streams import RandomStreams

_COLUMNS: Final = ("intended_s", "latency_s", "status")
_FOREVER_S: Final = float("inf")
_LAST_ORDER: Final = 2**36
# Draws behind those of the last call: the kernel has some in reserve for the requests in progress.
_MARGIN: Final = 16_384


class InstancePlayed(NamedTuple):
    """The requests in order of arrival. `latency_s`: 0 for a request that was rejected on arrival.

    `cpu_s`: CPU time that the instance had used at each of the times of `InstanceWork.marks_s`, and at the end.
    """

    latency_s: Any
    status: Any
    cpu_s: Any


class InstanceWork(NamedTuple):
    """The requests in order of arrival: times of arrival (increasing), CPU and I/O seconds.

    `may`: which uses of downstream resources each may call, as bits (None: all). `calls_s`: the times of the calls of
    each resource, in the order in which they begin; None: they are drawn. `marks_s`: times at which the used CPU time
    is read, increasing. `jobs_s`: the CPU times of the jobs of each kind of background work, in the order in which they
    are due; None: they are drawn. `since_s`: when the instance began to listen: work at intervals is due at multiples
    of its interval from then on, but not before 0.
    """

    at_s: Any
    cpu_s: Any
    io_s: Any
    may: Any = None
    calls_s: Any = None
    marks_s: Any = ()
    jobs_s: Any = None
    since_s: float = 0.0


def play_instance(
    application: SimulatedApplication, settings: PoolSettings, work: InstanceWork, streams: RandomStreams
) -> InstancePlayed:
    """Play the requests to their ends. The work is `work`'s, not that of the application's distributions; calls of
    downstream resources and failures are drawn from `streams`.
    """
    count = len(work.at_s)
    world = world_of(application, settings, 1, 1, max(count, 1))
    inputs = _Given(application, settings.service, work, streams)
    buffers = Buffers(world, inputs)
    rows = _Rows()
    buffers.accumulators = rows
    if application.downstream:
        buffers.calls = CallBuffers(application, settings.service, streams)
        down = buffers.calls.arrays(world, 1, max(count, 1))
        if work.calls_s is not None:
            down = _with_draws(down, work.calls_s, streams)
        buffers.world = world._replace(down=down)
    state = buffers.world.pool[0]
    if application.background:
        buffers.jobs = JobBuffers(application, settings.service, streams)
        background = buffers.jobs.arrays(world)
        state["works"] = len(application.background)
        if work.jobs_s is not None:
            background = _with_job_times(background, work.jobs_s, streams)
        buffers.world = buffers.world._replace(background=background)
    state["has_memory"] = 0  # it lives to the end, whatever memory it needs
    record = buffers.world.instances[0]
    for name in record.dtype.names:
        record[name] = BLANK.get(name, 0)
    record["number"], record["awake"], record["ready_s"] = 1, 1, 0.0
    if buffers.world.quotas is not None:
        buffers.world.quotas[0] = 0.0, state["quota_s"], 0
    buffers.clear_pools(0)
    while not kernel.has_room(buffers.world):
        buffers.make()
    kernel.enter(buffers.world, 0, FRONT)
    if application.background:
        start_background(buffers.world, 0, work.since_s)
    inputs.open(buffers.world, 0)
    used_s = [_advance(buffers, float(mark_s)) for mark_s in work.marks_s]
    used_s.append(_advance(buffers, _FOREVER_S))
    buffers.flush()
    at_s, latency_s, status = rows.joined()
    order = np.argsort(at_s, kind="stable")
    return InstancePlayed(latency_s[order], status[order].astype(np.int64), np.array(used_s))


def _advance(buffers: Buffers, until_s: float) -> float:
    """Play until that time, and return the CPU time used."""
    state = buffers.world.pool[0]
    while (reason := kernel.advance(buffers.world, until_s, _LAST_ORDER)) != AT_LIMIT:
        state["commands"] = 0  # nothing waits for them: resources that are full
        if reason == NEEDS_ROOM:
            buffers.make()
    return float(kernel.cpu_used_s(buffers.world, 0, until_s if until_s < _FOREVER_S else float(state["now_s"])))


def _with_draws(down: CallArrays, calls_s: Any, streams: RandomStreams) -> CallArrays:
    """Return the arrays with the given times of calls: opening a connection takes no time, and each request that may
    call does, by its share.
    """
    uses, count = calls_s.shape
    draws = np.zeros((3 * uses, count + _MARGIN))
    draws[0 : 2 * uses : 2, :count] = calls_s
    draws[2 * uses :] = streams.stream("calls").random((uses, count + _MARGIN))
    down.cursors[:, 1] = count + _MARGIN
    return down._replace(draws=draws)


def _with_job_times(background: BackgroundArrays, jobs_s: Any, streams: RandomStreams) -> BackgroundArrays:
    """Return the arrays with the given CPU times of jobs."""
    works, count = jobs_s.shape
    draws = np.zeros((2 * works, count + _MARGIN))
    draws[0::2, :count] = jobs_s
    draws[1::2] = streams.stream("jobs").random((works, count + _MARGIN))
    background.cursors[:, 1] = count + _MARGIN
    return background._replace(draws=draws)


class _Rows:
    """Keeps the rows of ended requests (the counterpart of `Accumulators`)."""

    def __init__(self) -> None:
        self._parts: list[Any] = []

    def read(self, rows: Any) -> None:
        self._parts.append([rows[name].copy() for name in _COLUMNS])

    def joined(self) -> list[Any]:
        return [np.concatenate(columns) for columns in zip(*self._parts, strict=True)]


class _Given:
    """The input of one play (the counterpart of `Inputs`)."""

    def __init__(
        self, application: SimulatedApplication, service: str, work: InstanceWork, streams: RandomStreams
    ) -> None:
        self._work = work
        self._calls = bool(application.downstream)
        self._fates = streams.stream("service", service, "fate")
        self._lots = streams.stream("service", service, "balancing")
        self._at = 0
        self.is_open = False

    def open(self, world: World, order: int) -> int:
        self.is_open = True
        self.arrivals(world, 0)
        source = world.sources[0]
        if source["at"] == source["end"]:
            source["over"] = 1
            return order
        source["over"], source["order"], source["when_s"] = 0, order + 1, world.times[0, 0]
        if self._calls:
            world.down.next_may[0] = world.down.may[0, 0]
        source["at"] = 1
        return order + 1

    def arrivals(self, world: World, number: int) -> None:
        """Supply all arrivals at once."""
        at_s = self._work.at_s
        source = world.sources[number]
        world.times[number, : len(at_s)] = at_s
        if self._calls:
            world.down.may[number, : len(at_s)] = -1 if self._work.may is None else self._work.may
        source["at"], source["end"], source["last"] = 0, len(at_s), 1

    def work(self, world: World) -> None:
        """Supply the work of the next requests, in order of arrival."""
        first = self._at
        self._at = end = min(first + len(world.cpu), len(self._work.cpu_s))
        world.cpu[: end - first] = self._work.cpu_s[first:end]
        world.io[: end - first] = self._work.io_s[first:end]
        # the last portion is not full: no request takes the work behind it
        world.pool[0]["work"], world.pool[0]["work_end"] = 0, len(world.cpu)

    def fates(self, world: World) -> None:
        pool = world.pool[0]
        pool["fate_end"] = refill_uniform(world.fates, pool["fate"], pool["fate_end"], self._fates)
        pool["fate"] = 0

    def wakes(self, world: World) -> None:
        raise AssertionError(world)  # the instance is active all the time

    def lots(self, world: World) -> None:
        pool = world.pool[0]
        pool["lot_end"] = refill_uniform(world.lots, pool["lot"], pool["lot_end"], self._lots)
        pool["lot"] = 0
