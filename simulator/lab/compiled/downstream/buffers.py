"""The arrays of downstream resources: their settings, their input, and their size (buffers.py has the others)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from simulator.fleet.simulated.application import DownstreamUse, SimulatedApplication
from simulator.fleet.simulated.connection_watch import storm_size
from simulator.fleet.simulated.downstream_driver import retries_of
from simulator.lab.compiled.downstream.connections import line_of
from simulator.lab.compiled.downstream.draws import call_streams
from simulator.lab.compiled.downstream.event_kernel import DRAWS_A_CALL, ENTRIES_A_CALL
from simulator.lab.compiled.draws.draw_streams import DrawStreams
from simulator.lab.compiled.state import (
    CALLED,
    ENTRY,
    JOB,
    LISTS,
    NOBODY,
    REJECTED,
    RESOURCE_STATE,
    SEQUENCE,
    USE,
    CallArrays,
    World,
    longer,
    with_attributes,
)
from simulator.records.downstream.downstream_stats import DownstreamStats
from simulator.records.events import CallOutcome
from simulator.rules.downstream import OnFull
from simulator.world.random_streams import RandomStreams

_ENTRIES: Final = 1024
_CALLED: Final = 8192
_OUTCOMES: Final = (CallOutcome.ANSWERED, CallOutcome.REJECTED, CallOutcome.TIMED_OUT)
_NO_LIMIT: Final = np.iinfo(np.int64).max


class CallBuffers:
    """The calls of one run. `stats` receives their figures."""

    def __init__(self, application: SimulatedApplication, service: str, streams: RandomStreams) -> None:
        self.uses: Sequence[DownstreamUse] = application.downstream
        self.stats: DownstreamStats | None = None
        self._tell: Callable[[str, str], None] | None = None  # of a resource and a line
        self._logged: list[tuple[str, str]] = []  # before the run
        self._service = service
        self._draws = DrawStreams(call_streams(self.uses, service, streams))

    # --- before the run ----------------------------------------------------------------------------------------------

    def arrays(self, world: World, sources: int, chunk: int) -> CallArrays:
        """Return the arrays, with the settings in them."""
        instances, uses = len(world.instances), len(self.uses)
        state = world.pool[0]
        state["uses"] = uses
        state["opened_at_start"] = sum(use.min_idle for use in self.uses)
        state["width_s"] = 1.0  # until the statistics are known
        down = CallArrays(
            resources=with_attributes(np.array([_resource(use) for use in self.uses], RESOURCE_STATE)),
            uses=with_attributes(np.array([_use(place, use) for place, use in enumerate(self.uses)], USE)),
            sizes=np.zeros((instances, uses), np.int64),
            counts=np.zeros((instances, uses, LISTS), np.int64),
            heads=np.full((instances, uses, LISTS), NOBODY, np.uint32),
            tails=np.full((instances, uses, LISTS), NOBODY, np.uint32),
            entries=with_attributes(np.zeros(_ENTRIES, ENTRY)),
            sequences=with_attributes(np.zeros(len(world.requests), SEQUENCE)),
            jobs=with_attributes(np.zeros((uses, 64), JOB)),
            draws=self._draws.array(),
            cursors=np.zeros((3 * uses, 2), np.int64),
            pauses=_pauses(self.uses),
            may=np.zeros((sources, chunk), np.int64),
            next_may=np.zeros(sources, np.int64),
            asked_s=np.zeros((uses, 64)),
            asked_by=np.zeros((uses, 64), np.int64),
            called=with_attributes(np.zeros(_CALLED, CALLED)),
            series=np.zeros((uses, 3, 1)),
            errors=np.zeros((uses, 1), np.int64),
        )
        state["free_entry"] = NOBODY
        _chain_entries(state, down.entries, 0)
        return down

    def follow(self, world: World, stats: DownstreamStats, tell: Callable[[str, str], None]) -> CallArrays:
        """Keep the figures that `stats` gets at the end; `tell` is called with a resource and a line for its log."""
        self.stats, self._tell = stats, tell
        for name, line in self._logged:
            tell(name, line)
        series = stats.new_series()
        state, uses = world.pool[0], len(self.uses)
        state["width_s"] = series.width_s
        return world.down._replace(
            series=np.zeros((uses, 3, series.bins)), errors=np.zeros((uses, series.bins), np.int64)
        )

    # --- during the run ----------------------------------------------------------------------------------------------

    def make(self, world: World, most: int) -> CallArrays:
        """Make room for an event that moves `most` requests and calls."""
        down, state = world.down, world.pool[0]
        entries = int(state["entries"]) + ENTRIES_A_CALL * most
        if entries > len(down.entries):
            first = len(down.entries)
            down = down._replace(entries=longer(down.entries, _doubled(first, entries)))
            _chain_entries(state, down.entries, first)
        if len(down.sequences) < len(world.requests):
            down = down._replace(sequences=longer(down.sequences, len(world.requests)))
        jobs = int(down.resources["computing"].max()) + most
        if jobs > down.jobs.shape[1]:
            down = down._replace(jobs=longer(down.jobs, _doubled(down.jobs.shape[1], jobs), axis=1))
        asked = int(down.resources["asked"].max()) + most
        if asked > down.asked_s.shape[1]:
            down = _longer_rings(down, _doubled(down.asked_s.shape[1], asked))
        if state["calls"] + 2 * most > len(down.called):
            self.flush(world)
            if 2 * most > len(down.called):
                down = down._replace(called=longer(down.called, _doubled(len(down.called), 2 * most)))
        if DRAWS_A_CALL * most > down.draws.shape[1]:
            down = down._replace(draws=longer(down.draws, _doubled(down.draws.shape[1], DRAWS_A_CALL * most), axis=1))
        self._draws.fill(down, DRAWS_A_CALL * most)
        return down

    def more_instances(self, down: CallArrays, count: int) -> CallArrays:
        return down._replace(
            sizes=longer(down.sizes, count),
            counts=longer(down.counts, count),
            heads=longer(down.heads, count),
            tails=longer(down.tails, count),
        )

    def clear_pools(self, down: CallArrays, row: int) -> None:
        down.sizes[row], down.counts[row] = 0, 0
        down.heads[row], down.tails[row] = NOBODY, NOBODY

    def log(self, kind: int, number: int, detail: int) -> None:
        """Log a notification of the kernel about a resource."""
        resource = self.uses[number].resource
        line = line_of(kind, resource.connections, detail)
        if self._tell is None:
            self._logged.append((resource.name, line))
        else:
            self._tell(resource.name, line)

    def flush(self, world: World) -> None:
        """Count the calls that have ended."""
        state, stats = world.pool[0], self.stats
        called = world.down.called[: state["calls"]]
        state["calls"] = 0
        if stats is None:
            return
        for number, use in enumerate(self.uses):
            own = called[called["resource"] == number]
            if len(own):
                counts = np.bincount(own["outcome"], minlength=len(_OUTCOMES)).tolist()
                outcomes = Counter({outcome: n for outcome, n in zip(_OUTCOMES, counts, strict=True) if n})
                waits_s = np.ascontiguousarray(own["wait_s"][own["outcome"] != REJECTED])
                stats.of(use.resource.name).called_often(outcomes, self._service, waits_s)

    def settle(self, world: World) -> None:
        """Hand all figures over, at the end of the traffic."""
        assert self.stats is not None, "a run is recorded"
        down = world.down
        used = [number for number in range(len(self.uses)) if down.resources[number]["told"]]
        for number in sorted(used, key=lambda number: int(down.resources[number]["told"])):
            it, stats = down.resources[number], self.stats.of(self.uses[number].resource.name)
            stats.limit = int(it["connections"])
            stats.take(
                float(it["told_at_s"]),
                (int(it["told_opened"]), int(it["told_busy"]), int(it["told_waiting"])),
                (float(it["opened_s"]), float(it["busy_s"]), float(it["waiting_s"])),
                (int(it["opened_max"]), int(it["waiting_max"])),
            )
            series = stats.series
            series.opened_s, series.busy_s, series.waiting_s = down.series[number].tolist()
            series.errors = down.errors[number].tolist()
        self.flush(world)


def _resource(use: DownstreamUse) -> Any:
    given = use.resource
    values = {
        "connections": given.connections,
        "queue": 0 if given.on_full is OnFull.ERROR else _NO_LIMIT if given.queue is None else given.queue,
        "waits": given.on_full is OnFull.WAIT,
        "wait_s": given.wait_s,
        "contention": given.contention,
        "coherency": given.coherency,
        "server_idle_s": math.inf if given.server_idle_timeout_s is None else given.server_idle_timeout_s,
        "storm_size": storm_size(given.connections),
        "queue_head": NOBODY,
        "queue_tail": NOBODY,
        "rate": 1.0,
        "slowdown": 1.0,
        "armed_s": math.inf,
        "full_s": -math.inf,
        "storm_s": -math.inf,
    }
    return _record(RESOURCE_STATE, values)


def _use(place: int, use: DownstreamUse) -> Any:
    values = {
        "resource": place,
        "pool": 0 if use.pool is None else use.pool,
        "pooled": use.pool is not None,
        "min_idle": use.min_idle,
        "idle_s": math.inf if use.idle_timeout_s is None else use.idle_timeout_s,
        "lifetime_s": math.inf if use.max_lifetime_s is None else use.max_lifetime_s,
        "timeout_s": math.inf if use.timeout_s is None else use.timeout_s,
        "retries": use.retries,
        "share": use.share,
        "calls": use.calls,
    }
    return _record(USE, values)


def _record(kind: np.dtype[Any], values: dict[str, Any]) -> tuple[Any, ...]:
    names: Any = kind.names
    return tuple(values.get(name, 0) for name in names)


def _pauses(uses: Sequence[DownstreamUse]) -> Any:
    """Return the pause after each failed attempt, by use."""
    pauses = np.zeros((len(uses), max(1, *(use.retries for use in uses), 1)))
    for place, use in enumerate(uses):
        retries = retries_of(use)
        for attempt in range(1, use.retries + 1):
            pauses[place, attempt - 1] = retries.pause_s(attempt, 0)
    return pauses


def _chain_entries(state: Any, entries: Any, first: int) -> None:
    entries["chain"][first:-1] = np.arange(first + 1, len(entries))
    entries["chain"][-1] = state["free_entry"]
    state["free_entry"] = first


def _doubled(length: int, least: int) -> int:
    while length < 2 * least:
        length *= 2
    return length


def _longer_rings(down: CallArrays, length: int) -> CallArrays:
    """Return longer rings of attempts to connect, each of which begins at 0 again."""
    asked_s, asked_by = np.zeros((len(down.asked_s), length)), np.zeros((len(down.asked_s), length), np.int64)
    for number, it in enumerate(down.resources):
        places = (int(it["asked_first"]) + np.arange(int(it["asked"]))) % down.asked_s.shape[1]
        asked_s[number, : len(places)] = down.asked_s[number, places]
        asked_by[number, : len(places)] = down.asked_by[number, places]
        it["asked_first"] = 0
    return down._replace(asked_s=asked_s, asked_by=asked_by)
