"""The kernel's state: arrays of records with the terms of the model as names. Times are in seconds of the loop's clock.

Every kernel function gets the `World`; arrays that are too small are replaced by larger ones between events. Indexes
are unsigned, because each access with an index that may be negative takes three more instructions.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from simulator.lab.compiled.compiled import IS_PLAIN

NOBODY: Final[Any] = np.uint32(2**32 - 1)
NO_TIER, FRONT, RESERVE = NOBODY, 0, 1

# Kinds of events.
DONE, LOOK, AWAKEN, EXPIRE, DEADLINE = range(5)
# Reasons why the kernel stopped.
AT_LIMIT, OBEY, NEEDS_ROOM = range(3)
# Notifications to the platform.
WOKE, QUIET, WAITED, ENDED = range(4)
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
        ("workers", "i8"), ("vcpu", "f8"), ("failure_share", "f8"), ("wake_s", "f8"),
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
        ("rows", "u4"), ("commands", "u4"), ("jobs_full", "u4"), ("added", "i8"),
    ],
    align=True,
)  # fmt: skip

TIER: Final = np.dtype([("lowest", "u4"), ("free", "u4"), ("heap", "u4")], align=True)

INSTANCE: Final = np.dtype(
    [
        ("number", "i8"), ("added", "i8"), ("tier", "u4"), ("outstanding", "u4"), ("linked", "u4"), ("free_at", "u4"),
        ("idle_since_s", "f8"), ("ready_s", "f8"), ("wanted_s", "f8"), ("held_by", "i8"),
        ("awake", "u1"), ("idle", "u1"), ("watched", "u1"), ("draining", "u1"), ("gone", "u1"),
        ("pending_head", "u4"), ("pending_tail", "u4"),
        # the simulated instance
        ("at_s", "f8"), ("v", "f8"), ("rate", "f8"), ("used_s", "f8"), ("armed_s", "f8"), ("job_order", "i8"),
        ("computing", "u4"), ("busy_workers", "u4"), ("backlog_head", "u4"), ("backlog_tail", "u4"),
    ],
    align=True,
)  # fmt: skip

REQUEST: Final = np.dtype(
    [
        ("arrived_s", "f8"), ("granted_s", "f8"), ("begun_s", "f8"), ("cold_s", "f8"), ("cpu_s", "f8"), ("io_s", "f8"),
        ("instance", "u4"), ("source", "u4"), ("place", "u4"), ("chain", "u4"), ("line_before", "u4"),
        ("line_after", "u4"),
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

ROWS: Final = 8192
DRAWS: Final = 65_536
STANDING: Final = 16_384
# Number of entries that one event may need beyond one entry per present request.
MARGIN: Final = 16
# An event's tag contains its order, its kind and its target (a request or an instance), with the order in the highest
# bits. Orders up to 2^37 suffice for 100 times a day of the largest site.
TARGET_BITS: Final = 23
KIND_BITS: Final = 3
TARGETS: Final = 2**TARGET_BITS


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
    latencies: Any
    rows: Any
    commands: Any


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
        latencies=np.zeros(DRAWS),
        rows=np.zeros(ROWS, ROW),
        commands=np.zeros((4 * instances + 64, 3), np.int64),
    )
    if IS_PLAIN:  # for a debugger: plain Python needs records whose fields are attributes
        world = World(*(array.view(np.recarray) if array.dtype.names else array for array in world))
    pool = world.pool[0]
    for name in ("free_request", "line_head", "line_tail"):
        pool[name] = NOBODY
    chain_free(world, 0)
    return world


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
