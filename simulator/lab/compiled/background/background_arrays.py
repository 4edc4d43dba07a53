"""The arrays of background work (fleet/simulated/background.py)."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

# A kind of work: a job is due every `every_s` seconds, or, if that is infinite, after each answered request with
# probability `share`.
WORK: Final = np.dtype([("every_s", "f8"), ("share", "f8")], align=True)

# The thread of a kind of work in an instance: its unfinished jobs, the running one first.
THREAD: Final = np.dtype([("unfinished", "i8"), ("head", "u4"), ("tail", "u4")], align=True)


class BackgroundArrays(NamedTuple):
    """`threads` has a row for each instance, and a column for each kind of work. `draws` has a row for the CPU times of
    each kind of work and one for its chances; `cursors` the next draw of each, and the end.

    Jobs, and the timers of work at intervals, are entries of `World.requests`, so that the station needs no difference;
    `jobs` are the numbers of those that are free, the first `pool.free_jobs` of them.
    """

    works: Any
    threads: Any
    draws: Any
    cursors: Any
    jobs: Any
