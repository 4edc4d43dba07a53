"""The kernel's state: arrays of records, named as the model's words. Times in seconds of the loop's clock, -1 = nobody.

`World` is handed to every kernel function; arrays that are too small are replaced by larger ones between events.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from simulator.lab.gear.compiled import IS_PLAIN

NOBODY: Final = -1
NO_TIER, FRONT, RESERVE = -1, 0, 1

# Kinds of events.
DONE, LOOK, AWAKEN, EXPIRE, DEADLINE = range(5)
# Why the kernel stopped.
AT_LIMIT, OBEY, NEEDS_ROOM = range(3)
# What the platform has to hear of.
WOKE, QUIET, WAITED, ENDED = range(4)
# Balancing rules.
BALANCINGS: Final = ("least-outstanding", "newest-first", "round-robin", "random", "two-choices")
LEAST_OUTSTANDING, NEWEST_FIRST, ROUND_ROBIN, RANDOM, TWO_CHOICES = range(5)

POOL: Final = np.dtype(
    [
        ("now_s", "f8"), ("origin_s", "f8"), ("order", "i8"),
        # settings
        ("capacity", "i8"), ("queue", "i8"), ("wait_s", "f8"), ("timeout_s", "f8"), ("balancing", "i8"),
        ("workers", "i8"), ("vcpu", "f8"), ("failure_share", "f8"), ("wake_s", "f8"),
        ("pokes", "i8"), ("tells_quiet", "i8"), ("keeps_latencies", "i8"), ("tells_end", "i8"),
        # requests
        ("ready", "i8"), ("free_request", "i8"), ("events", "i8"), ("steps", "i8"),
        ("line_head", "i8"), ("line_tail", "i8"), ("expiry_armed", "i8"),
        ("open_head", "i8"), ("open_tail", "i8"), ("deadline_armed", "i8"),
        # the meter
        ("present", "i8"), ("waiting", "i8"), ("present_s", "f8"), ("waiting_s", "f8"), ("closed_s", "f8"),
        ("present_at_s", "f8"), ("waiting_at_s", "f8"), ("arrivals", "i8"), ("refused", "i8"), ("finished", "i8"),
        ("service_s", "f8"), ("latencies", "i8"),
        # what came in, what goes out
        ("work", "i8"), ("work_end", "i8"), ("fate", "i8"), ("fate_end", "i8"), ("lot", "i8"), ("lot_end", "i8"),
        ("rows", "i8"), ("commands", "i8"), ("jobs_full", "i8"), ("added", "i8"),
    ],
    align=True,
)  # fmt: skip

TIER: Final = np.dtype([("lowest", "i8"), ("free", "i8"), ("heap", "i8")], align=True)

INSTANCE: Final = np.dtype(
    [
        ("number", "i8"), ("tier", "i8"), ("outstanding", "i8"), ("added", "i8"),
        ("before", "i8"), ("after", "i8"), ("linked", "i8"), ("free_at", "i8"),
        ("idle_since_s", "f8"), ("ready_s", "f8"), ("wanted_s", "f8"),
        ("awake", "i8"), ("idle", "i8"), ("idle_timer", "i8"), ("draining", "i8"), ("gone", "i8"), ("held_by", "i8"),
        ("pending_head", "i8"), ("pending_tail", "i8"),
        # the station
        ("at_s", "f8"), ("v", "f8"), ("rate", "f8"), ("used_s", "f8"), ("job_order", "i8"), ("computing", "i8"),
        ("busy_workers", "i8"), ("armed_s", "f8"), ("backlog_head", "i8"), ("backlog_tail", "i8"),
    ],
    align=True,
)  # fmt: skip

REQUEST: Final = np.dtype(
    [
        ("arrived_s", "f8"), ("granted_s", "f8"), ("begun_s", "f8"), ("cold_s", "f8"), ("cpu_s", "f8"), ("io_s", "f8"),
        ("expires_s", "f8"), ("instance", "i4"), ("source", "i4"), ("open", "i4"), ("chain", "i4"),
        ("open_before", "i4"), ("open_after", "i4"), ("line_before", "i4"), ("line_after", "i4"),
    ],
    align=True,
)  # fmt: skip

EVENT: Final = np.dtype([("when_s", "f8"), ("order", "i8"), ("kind", "i4"), ("target", "i4")], align=True)
JOB: Final = np.dtype([("v", "f8"), ("order", "i8"), ("request", "i8")], align=True)
SOURCE: Final = np.dtype(
    [("when_s", "f8"), ("order", "i8"), ("at", "i8"), ("end", "i8"), ("last", "i8"), ("over", "i8")], align=True
)
ROW: Final = np.dtype(
    [
        ("intended_s", "f8"), ("latency_s", "f8"), ("queue_s", "f8"), ("cold_s", "f8"), ("service_s", "f8"),
        ("source", "i4"), ("status", "i4"), ("instance", "i8"),
    ],
    align=True,
)  # fmt: skip

ROWS: Final = 8192
DRAWS: Final = 65_536
# Room that one event may take beyond a place for each request that is there.
MARGIN: Final = 16


class World(NamedTuple):
    """All of it. `pool` has one record; `heads`, `tails`, `free`, `newest`, `listed` have a row for each tier."""

    pool: Any
    tiers: Any
    instances: Any
    requests: Any
    events: Any
    jobs: Any
    heads: Any
    tails: Any
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
    """Empty arrays; the settings in `pool` are still to be written."""
    world = World(
        pool=np.zeros(1, POOL),
        tiers=np.zeros(2, TIER),
        instances=np.zeros(instances, INSTANCE),
        requests=np.zeros(1024, REQUEST),
        events=np.zeros(4096, EVENT),
        jobs=np.zeros((instances, jobs_of(capacity)), JOB),
        heads=np.full((2, capacity + 2), NOBODY, np.int64),
        tails=np.full((2, capacity + 2), NOBODY, np.int64),
        free=np.zeros((2, instances), np.int64),
        newest=np.zeros((2, instances), np.int64),
        listed=np.zeros((2, instances), np.int64),
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
    if IS_PLAIN:  # for a debugger: plain Python wants records whose fields are attributes
        world = World(*(array.view(np.recarray) if array.dtype.names else array for array in world))
    pool = world.pool[0]
    for name in ("free_request", "line_head", "line_tail", "open_head", "open_tail"):
        pool[name] = NOBODY
    chain_free(world, 0)
    return world


def jobs_of(capacity: int) -> int:
    """Places for the computations of an instance: those it may have, and as many that outlived their request."""
    return 2 * capacity + MARGIN


def chain_free(world: World, first: int) -> None:
    """Requests from `first` on are new: they stand free, before those that are free already."""
    requests = world.requests
    requests["chain"][first:-1] = np.arange(first + 1, len(requests))
    requests["chain"][-1] = world.pool[0]["free_request"]
    world.pool[0]["free_request"] = first


def longer(array: Any, length: int, axis: int = 0, fill: int = 0) -> Any:
    """A copy with `length` places along `axis`, the new ones with `fill`."""
    shape = list(array.shape)
    shape[axis] = length
    larger = np.zeros(shape, array.dtype)
    if fill:
        larger[...] = fill
    larger[tuple(slice(0, size) for size in array.shape)] = array
    return larger
