"""Buffer management of the kernel: refills used-up input, enlarges small arrays, passes rows to the accumulators."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any, Protocol, cast

import numpy as np

from simulator.fleet.ports import Backend
from simulator.lab.compiled.background.job_buffers import JobBuffers
from simulator.lab.compiled.downstream.buffers import CallBuffers
from simulator.lab.compiled.downstream.connections import Do, connect
from simulator.lab.compiled.downstream.event_kernel import EVENTS_A_CALL
from simulator.lab.compiled.state import (
    EVENTS_A_STEP,
    MARGIN,
    NOBODY,
    RANDOM,
    TARGETS,
    World,
    chain_free,
    lists_of,
    longer,
    rings,
)


class _Simulated(Protocol):
    """A simulated instance whose requests are computed elsewhere; the last two are of one with limited memory."""

    def count_cpu_by(self, used_s: Callable[[float], float], /) -> None: ...

    def count_work_by(self, requests_at_work: Callable[[], int], /) -> None: ...

    def end_out_of_memory(self) -> None: ...


class WorldSupply(Protocol):
    """Supplies arrivals, work and random draws (`Inputs`; for one instance alone instance/instance_play.py)."""

    is_open: bool

    def arrivals(self, world: World, number: int) -> None: ...
    def work(self, world: World) -> None: ...
    def fates(self, world: World) -> None: ...
    def wakes(self, world: World) -> None: ...
    def lots(self, world: World) -> None: ...


class RowsReader(Protocol):
    """Reads the rows of ended requests, which are then overwritten (`Accumulators`)."""

    def read(self, rows: Any, /) -> None: ...


class Buffers:
    """Owns the arrays (`world`) of one run and manages their size."""

    def __init__(self, world: World, inputs: WorldSupply) -> None:
        self.world = world
        self.accumulators: RowsReader | None = None
        self.calls: CallBuffers | None = None
        self.jobs: JobBuffers | None = None
        self._inputs = inputs

    def flush(self) -> None:
        """Pass the rows to the accumulators. Not called before the accumulators exist."""
        state = self.world.pool[0]
        if self.accumulators is not None:
            self.accumulators.read(self.world.rows[: state["rows"]])
        state["rows"] = 0

    def make(self) -> None:
        """Make room in all arrays for the next event (event_loop_kernel.py, `has_room`)."""
        world, state = self.world, self.world.pool[0]
        most = int(state["present"] + state["entries"] + state["opened_at_start"]) + MARGIN
        events = most * (EVENTS_A_CALL if state["uses"] else EVENTS_A_STEP) + MARGIN
        if self.jobs is not None:
            events = max(events, self.jobs.events(most))
        if state["rows"] + most > len(world.rows):
            self.flush()
            self._lengthen("rows", most)
        if state["events"] + events > len(world.whens):
            self._more_events(int(state["events"]) + events)
        if state["open_end"] + most > len(world.standing):
            self._lengthen("standing", int(state["open_end"]) + most)
        if state["latencies"] + most > len(world.latencies):
            self._lengthen("latencies", int(state["latencies"]) + most)
        if state["jobs_full"]:
            self._replace(jobs=longer(world.jobs, 2 * world.jobs.shape[1], axis=1))
            state["jobs_full"] = 0
        if state["free_request"] == NOBODY:
            first = len(world.requests)
            if 2 * first > TARGETS:
                msg = (
                    f"{first:,} requests are in flight: the compiled backend numbers {TARGETS:,} at most "
                    "(--backend event-loop)"
                )
                raise MemoryError(msg)
            self._replace(requests=longer(world.requests, 2 * first))
            chain_free(self.world, first)
        if self.jobs is not None:
            self._replace(**self.jobs.make(self.world, most))
        if self.calls is not None:
            self._replace(down=self.calls.make(self.world, most))
        self._draw(most)

    def _draw(self, most: int) -> None:
        """Supply arrivals, work and random draws for the coming events."""
        state, inputs = self.world.pool[0], self._inputs
        if state["failure_share"] > 0 and state["fate"] + most > state["fate_end"]:
            self._lengthen("fates", 2 * most)
            inputs.fates(self.world)
        if state["takes_wakes"] and state["wake"] + most > state["wake_end"]:
            self._lengthen("wakes", 2 * most)
            inputs.wakes(self.world)
        if state["balancing"] >= RANDOM and state["lot"] + 4 * most > state["lot_end"]:
            self._lengthen("lots", 4 * most)
            inputs.lots(self.world)
        if state["work"] >= state["work_end"]:
            inputs.work(self.world)
        if not inputs.is_open:  # instances are added first: a source without arrival times has not used its input up
            return
        for number, source in enumerate(self.world.sources):
            if source["at"] == source["end"] and not source["last"]:
                inputs.arrivals(self.world, number)

    @property
    def calls_of_run(self) -> CallBuffers:
        """The calls of a run whose application calls downstream resources."""
        assert self.calls is not None, "the application calls no resource"
        return self.calls

    def launched(self, backend: Backend, do: Do, row: int, used_s: Callable[[float], float]) -> None:
        """Begin the first period of the CPU quota of the instance in `row`, if it has one, and let the instance open
        and close its connections to downstream resources in the kernel, by `do`. `used_s` returns the CPU seconds that
        it has used until a time.
        """
        simulated = cast("_Simulated", backend)
        simulated.count_cpu_by(used_s)
        if self.world.pool[0]["has_memory"]:
            simulated.count_work_by(lambda: int(self.world.instances[row]["at_work"]))
        if self.world.quotas is not None:
            now_s = asyncio.get_running_loop().time()
            self.world.instances[row]["at_s"] = now_s
            self.world.quotas[row] = now_s, self.world.pool[0]["quota_s"], 0
        if self.calls is not None:
            connect(backend, do, row)

    def end_out_of_memory(self, backend: Backend | None) -> None:
        """End an instance whose requests need more memory than it has."""
        cast("_Simulated", backend).end_out_of_memory()

    def clear_pools(self, row: int) -> None:
        """Clear the connection pools of an instance's row for another instance."""
        if self.calls is not None:
            self.calls.clear_pools(self.world.down, row)

    def more_instances(self) -> None:
        world = self.world
        count = 2 * len(world.instances)
        self._replace(
            instances=longer(world.instances, count),
            jobs=longer(world.jobs, count),
            free=longer(world.free, count, axis=1),
            newest=longer(world.newest, count, axis=1),
            listed=longer(world.listed, count, axis=1),
            commands=longer(world.commands, 4 * count + 192),
            # The instances are the last entries of the rings, so new ones are appended.
            befores=_longer_rings(world.befores, len(world.instances)),
            afters=_longer_rings(world.afters, len(world.instances)),
        )
        if world.quotas is not None:
            self._replace(quotas=longer(world.quotas, count))
        if self.calls is not None:
            self._replace(down=self.calls.more_instances(world.down, count))

    def widen(self, capacity: int) -> None:
        """Enlarge the arrays for a larger MaxConcurrency."""
        world = self.world
        old, new = len(world.befores) - len(world.instances), lists_of(capacity)
        if new > old:
            befores, afters = rings(capacity, len(world.instances))
            # Lists keep their numbers within their tiers, and instances keep their row numbers.
            moved = np.concatenate(
                [np.arange(old // 2), new // 2 + np.arange(old // 2), new + np.arange(len(world.instances))]
            )
            befores[moved], afters[moved] = moved[world.befores], moved[world.afters]
            self._replace(befores=befores, afters=afters)
        if 2 * capacity + MARGIN > world.jobs.shape[1]:
            self._replace(jobs=longer(world.jobs, 2 * capacity + MARGIN, axis=1))

    def _more_events(self, least: int) -> None:
        length = len(self.world.whens)
        while length < 2 * least:
            length *= 2
        whens = longer(self.world.whens, length, fill=math.inf)
        self._replace(whens=whens, when_bits=whens.view(np.int64), tags=longer(self.world.tags, length))

    def _lengthen(self, name: str, least: int) -> None:
        array = getattr(self.world, name)
        length = len(array)
        while length < 2 * least:
            length *= 2
        if length > len(array):
            self._replace(**{name: longer(array, length)})

    def _replace(self, **arrays: Any) -> World:
        self.world = self.world._replace(**arrays)
        return self.world


def _longer_rings(links: Any, more: int) -> Any:
    return np.concatenate([links, np.arange(len(links), len(links) + more, dtype=links.dtype)])
