"""The kernel's state: arrays of records with the terms of the model as names. Times are in seconds of the loop's clock.

Every kernel function gets the `World`; arrays that are too small are replaced by larger ones between events. Indexes
are unsigned, because each access with an index that may be negative takes three more instructions.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from simulator.lab.compiled.compiled import IS_PLAIN, passed_by_reference

NOBODY: Final[Any] = np.uint32(2**32 - 1)
NO_LIMIT: Final = 2**62
NO_TIER, FRONT, RESERVE = NOBODY, 0, 1

# Kinds of events.
DONE, LOOK, AWAKEN, EXPIRE, DEADLINE, RESOURCE, CALL, RETRY = range(8)
# Reasons why the kernel stopped.
AT_LIMIT, OBEY, NEEDS_ROOM = range(3)
# Notifications to the platform.
WOKE, QUIET, WAITED, ENDED, OUT_OF_MEMORY, FULL, STORM = range(7)
# Marks in place of the I/O time of a request at its instance: it is rejected; it ends its instance, whose memory is
# used up; no event concerns it any more. Two entries are no requests: a job of background work, and its timer.
REFUSED_S, FATAL_S, LOST_S, JOB_S, TICK_S = -1.0, -2.0, -3.0, -4.0, -5.0
# Upper bound of the events that advancing one request creates: its deadline, its end or its instance's completion
# check, another request's expiry. Background work adds one for each kind of work.
EVENTS_A_STEP: Final = 3
# Maximum number of timers that the platform sets for an instance that becomes idle: for the idle state, and for its
# expiry.
TIMERS: Final = 2
# Balancing rules.
BALANCINGS: Final = ("least-outstanding", "newest-first", "round-robin", "random", "two-choices")
LEAST_OUTSTANDING, NEWEST_FIRST, ROUND_ROBIN, RANDOM, TWO_CHOICES = range(5)

POOL: Final = np.dtype(
    [
        ("now_s", "f8"), ("origin_s", "f8"), ("order", "i8"),
        # settings
        ("capacity", "i8"), ("queue", "i8"), ("wait_s", "f8"), ("timeout_s", "f8"), ("balancing", "i8"),
        ("workers", "i8"), ("failure_share", "f8"), ("takes_wakes", "i8"),
        ("reacts_to_queue", "i8"), ("tells_quiet", "i8"), ("keeps_latencies", "i8"), ("tells_end", "i8"),
        # requests
        ("ready", "i8"), ("free_request", "u4"), ("line_head", "u4"), ("line_tail", "u4"), ("expiry_armed", "u4"),
        ("events", "u4"), ("steps", "i8"), ("budget", "i8"),
        ("open_first", "u4"), ("open_end", "u4"), ("deadline_armed", "u4"),
        # the meter
        ("present", "i8"), ("waiting", "i8"), ("arrivals", "i8"), ("rejected", "i8"), ("finished", "i8"),
        ("present_s", "f8"), ("waiting_s", "f8"), ("service_s", "f8"), ("closed_s", "f8"), ("present_at_s", "f8"),
        ("waiting_at_s", "f8"), ("latencies", "u4"),
        # input and output
        ("work", "u4"), ("work_end", "u4"), ("fate", "u4"), ("fate_end", "u4"), ("lot", "u4"), ("lot_end", "u4"),
        ("wake", "u4"), ("wake_end", "u4"),
        ("rows", "u4"), ("commands", "u4"), ("jobs_full", "u4"), ("added", "i8"),
        # calls of downstream resources
        ("uses", "i8"), ("free_entry", "u4"), ("entries", "u4"), ("opened_at_start", "i8"), ("calls", "u4"),
        ("told", "u4"), ("warm_up_s", "f8"), ("width_s", "f8"),
        # background work
        ("works", "i8"), ("free_jobs", "i8"),
        # how the application uses the CPU
        ("usable", "f8"), ("turns", "i8"), ("contention", "f8"), ("coherency", "f8"), ("all_arrive", "i8"),
        ("visits", "i8"),
        # the memory of an instance, and the most requests that wait in it
        ("backlog", "i8"), ("has_memory", "i8"), ("rest_bytes", "f8"), ("request_bytes", "f8"), ("memory_bytes", "f8"),
        # the CPU quota of an instance
        ("busy_max", "i8"), ("cores", "i8"), ("period_s", "f8"), ("quota_s", "f8"), ("shared_core_speed", "f8"),
    ],
    align=True,
)  # fmt: skip

TIER: Final = np.dtype([("lowest", "u4"), ("free", "u4"), ("heap", "u4")], align=True)

INSTANCE: Final = np.dtype(
    [
        ("number", "i8"), ("added", "i8"), ("tier", "u4"), ("outstanding", "u4"), ("linked", "u4"), ("free_at", "u4"),
        ("idle_since_s", "f8"), ("ready_s", "f8"), ("wanted_s", "f8"), ("held_by", "i8"),
        ("awake", "u1"), ("idle", "u1"), ("watched", "u1"), ("draining", "u1"), ("gone", "u1"), ("exited", "u1"),
        ("pending_head", "u4"), ("pending_tail", "u4"),
        # the simulated instance
        ("at_s", "f8"), ("v", "f8"), ("rate", "f8"), ("used_s", "f8"), ("armed_s", "f8"), ("job_order", "i8"),
        ("computing", "u4"), ("busy_workers", "u4"), ("backlog_head", "u4"), ("backlog_tail", "u4"),
        ("slowdown", "f8"), ("in_turn", "u4"), ("turn_head", "u4"), ("turn_tail", "u4"), ("in_backlog", "u4"),
        ("at_work", "u4"),
    ],
    align=True,
)  # fmt: skip

# The CPU quota of an instance: its launch, the number of the current period, CPU seconds left in it.
QUOTA: Final = np.dtype([("since_s", "f8"), ("left_s", "f8"), ("period", "i8")], align=True)

REQUEST: Final = np.dtype(
    [
        ("arrived_s", "f8"), ("granted_s", "f8"), ("begun_s", "f8"), ("cold_s", "f8"), ("cpu_s", "f8"), ("io_s", "f8"),
        ("instance", "u4"), ("source", "u4"), ("place", "u4"), ("chain", "u4"), ("line_before", "u4"),
        ("line_after", "u4"), ("visits_left", "u4"),
    ],
    align=True,
)  # fmt: skip

JOB: Final = np.dtype([("v", "f8"), ("order", "i8"), ("request", "u4")], align=True)
SOURCE: Final = np.dtype(
    [("when_s", "f8"), ("order", "i8"), ("at", "u4"), ("end", "u4"), ("last", "u4"), ("over", "u4")], align=True
)
ROW: Final = np.dtype(
    [
        ("intended_s", "f8"), ("latency_s", "f8"), ("queue_s", "f8"), ("cold_s", "f8"), ("service_s", "f8"),
        ("source", "u4"), ("status", "u4"), ("instance", "i8"),
    ],
    align=True,
)  # fmt: skip

# A downstream resource: its settings, its connections, its work (as an instance's), and the figures of the report.
RESOURCE_STATE: Final = np.dtype(
    [
        ("connections", "i8"), ("queue", "i8"), ("waits", "u1"), ("wait_s", "f8"), ("contention", "f8"),
        ("coherency", "f8"), ("server_idle_s", "f8"), ("storm_size", "i8"),
        ("taken", "i8"), ("waiting", "i8"), ("queued", "i8"), ("queue_head", "u4"), ("queue_tail", "u4"),
        ("at_s", "f8"), ("v", "f8"), ("rate", "f8"), ("slowdown", "f8"), ("used_s", "f8"), ("armed_s", "f8"),
        ("job_order", "i8"), ("computing", "u4"), ("busy", "i8"),
        ("told", "u4"), ("told_at_s", "f8"), ("told_opened", "i8"), ("told_busy", "i8"), ("told_waiting", "i8"),
        ("opened_s", "f8"), ("busy_s", "f8"), ("waiting_s", "f8"), ("opened_max", "i8"), ("waiting_max", "i8"),
        ("full_s", "f8"), ("storm_s", "f8"), ("asked_first", "i8"), ("asked", "i8"), ("asked_run", "i8"),
    ],
    align=True,
)  # fmt: skip

# How the application uses a resource.
USE: Final = np.dtype(
    [
        ("resource", "u4"), ("pool", "i8"), ("pooled", "u1"), ("min_idle", "i8"), ("idle_s", "f8"),
        ("lifetime_s", "f8"), ("timeout_s", "f8"), ("retries", "i8"), ("share", "f8"), ("calls", "i8"),
    ],
    align=True,
)  # fmt: skip

# A call, an attempt to open a connection, or an idle connection. `timer`: the order of the event that concerns it.
ENTRY: Final = np.dtype(
    [
        ("timer", "i8"), ("asked_s", "f8"), ("wait_s", "f8"), ("ends_s", "f8"), ("closes_s", "f8"), ("kind", "u1"),
        ("begun", "u1"), ("abandoned", "u1"), ("forced", "u1"), ("queued", "u1"), ("row", "u4"), ("use", "u4"),
        ("request", "u4"), ("before", "u4"), ("after", "u4"), ("queue_before", "u4"), ("queue_after", "u4"),
        ("chain", "u4"),
    ],
    align=True,
)  # fmt: skip
A_CALL, AN_OPENING, A_CONNECTION = range(3)
# The lists of a pool, linked through entries: idle connections, calls that wait for one, attempts to connect.
LISTS: Final = 3
IDLE, WAITING, OPENINGS = range(LISTS)

# The calls of a request. `chosen`: the uses that it still has to call, as bits. `dead`: its instance has ended first.
SEQUENCE: Final = np.dtype(
    [("may", "i8"), ("chosen", "i8"), ("left", "i8"), ("use", "u4"), ("attempt", "u4"), ("dead", "u1")], align=True
)
# A call that has ended.
CALLED: Final = np.dtype([("asked_s", "f8"), ("wait_s", "f8"), ("resource", "u4"), ("outcome", "u4")], align=True)
ANSWERED, REJECTED, TIMED_OUT = range(3)

ROWS: Final = 8192
DRAWS: Final = 65_536
WAKES: Final = 1024  # wakes are rare; the array grows with the requests that one event may move
STANDING: Final = 16_384
# Number of entries that one event may need beyond one entry per present request.
MARGIN: Final = 16
# An event's tag contains its order, its kind and its target (a request or an instance), with the order in the highest
# bits. Orders up to 2^37 suffice for 100 times a day of the largest site.
TARGET_BITS: Final = 23
KIND_BITS: Final = 3
TARGETS: Final = 2**TARGET_BITS


class CallArrays(NamedTuple):
    """The arrays of downstream resources. `pools` has a row for each instance, and a column for each use.

    `draws` has a row for the service times and one for the set-up times of each resource, then one for the chances of
    each use; `cursors` the next draw of each, and the end. `may` and `next_may` say which uses a request may call, by
    source and arrival. `asked_s` and `asked_by` are rings of the last attempts of pools to connect.
    """

    resources: Any
    uses: Any
    sizes: Any
    counts: Any
    heads: Any
    tails: Any
    entries: Any
    sequences: Any
    jobs: Any
    draws: Any
    cursors: Any
    pauses: Any
    may: Any
    next_may: Any
    asked_s: Any
    asked_by: Any
    called: Any
    series: Any
    errors: Any


@passed_by_reference
class World(NamedTuple):
    """All arrays of the kernel. `pool` has one record; `free`, `newest` and `listed` have a row for each tier.

    Events are a heap of `whens` (seconds) and `tags`. `when_bits` is the memory of `whens` read as integers, which have
    the same order (no time is negative) and are compared in one cycle. `befores` and `afters` link the instances of a
    list in a ring through the list's own two entries, so that the first and last instance need no special case
    (balancing_kernel.py). `standing` lists the open requests in order of arrival, with NOBODY for each that has ended.
    """

    pool: Any
    tiers: Any
    instances: Any
    requests: Any
    whens: Any
    when_bits: Any
    tags: Any
    standing: Any
    jobs: Any
    befores: Any
    afters: Any
    free: Any
    newest: Any
    listed: Any
    sources: Any
    times: Any
    cpu: Any
    io: Any
    fates: Any
    lots: Any
    wakes: Any
    latencies: Any
    rows: Any
    commands: Any
    down: Any  # of class `CallArrays`; None if the application calls no resource
    quotas: Any  # of the instances; None if their vCPUs are no quota
    kinds: Any  # of class `KindArrays`; None if the kind of a request does not matter
    background: Any  # of class `BackgroundArrays`; None if instances do nothing beside their requests


def new_world(sources: int, capacity: int, instances: int, chunk: int) -> World:
    """Create empty arrays. The caller must then write the settings into `pool`."""
    whens = np.full(4096, np.inf)
    befores, afters = rings(capacity, instances)
    world = World(
        pool=np.zeros(1, POOL),
        tiers=np.zeros(2, TIER),
        instances=np.zeros(instances, INSTANCE),
        requests=np.zeros(1024, REQUEST),
        whens=whens,
        when_bits=whens.view(np.int64),
        tags=np.zeros(len(whens), np.int64),
        standing=np.zeros(STANDING, np.uint32),
        jobs=np.zeros((instances, jobs_of(capacity)), JOB),
        befores=befores,
        afters=afters,
        free=np.zeros((2, instances), np.uint32),
        newest=np.zeros((2, instances), np.uint32),
        listed=np.zeros((2, instances), np.uint8),
        sources=np.zeros(sources, SOURCE),
        times=np.zeros((sources, chunk)),
        cpu=np.zeros(DRAWS),
        io=np.zeros(DRAWS),
        fates=np.zeros(DRAWS),
        lots=np.zeros(DRAWS),
        wakes=np.zeros(WAKES),
        latencies=np.zeros(DRAWS),
        rows=np.zeros(ROWS, ROW),
        commands=np.zeros((4 * instances + 192, 3), np.int64),
        down=None,
        quotas=None,
        kinds=None,
        background=None,
    )
    if IS_PLAIN:
        world = World(*(None if array is None else with_attributes(array) for array in world))
    pool = world.pool[0]
    for name in ("free_request", "line_head", "line_tail"):
        pool[name] = NOBODY
    chain_free(world, 0)
    return world


def with_attributes(array: Any) -> Any:
    """Return an array of records whose fields are attributes, which plain Python needs (for a debugger)."""
    return array.view(np.recarray) if IS_PLAIN and array.dtype.names else array


def jobs_of(capacity: int) -> int:
    """Return the number of entries for an instance's computations.

    These are its MaxConcurrency, and as many whose requests have already ended.
    """
    return 2 * capacity + MARGIN


def fields_of(world: World, first: str, end: str, kind: type[np.generic]) -> Any:
    """Return the fields of `pool` from `first` up to but without `end`, all of one type, as a view of the same memory.

    Python reads and writes such a view ten times as fast as a field of a record.
    """
    fields: Any = POOL.fields
    return world.pool.view(np.ndarray).view(np.uint8)[fields[first][1] : fields[end][1]].view(kind).data


def rings(capacity: int, instances: int) -> tuple[Any, Any]:
    """Return `befores` and `afters` with all lists empty. The entries of the lists precede those of the instances."""
    alone = np.arange(lists_of(capacity) + instances, dtype=np.uint32)
    return alone, alone.copy()


def lists_of(capacity: int) -> int:
    """Return the number of lists: in each of two tiers, one for each possible number of requests of an instance."""
    return 2 * (capacity + 2)


def chain_free(world: World, first: int) -> None:
    """Link the new request entries from `first` on as free entries, before those that are already free."""
    requests = world.requests
    requests["chain"][first:-1] = np.arange(first + 1, len(requests))
    requests["chain"][-1] = world.pool[0]["free_request"]
    world.pool[0]["free_request"] = first


def longer(array: Any, length: int, axis: int = 0, fill: float = 0) -> Any:
    """Return a copy with `length` entries along `axis`; the new entries are `fill`."""
    shape = list(array.shape)
    shape[axis] = length
    larger = np.zeros(shape, array.dtype)
    if fill:
        larger[...] = fill
    larger[tuple(slice(0, size) for size in array.shape)] = array
    return larger
