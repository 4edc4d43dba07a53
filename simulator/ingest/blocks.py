"""What a format yields while it reads a file: requests with their times, or counts per bin of time.

Times are seconds: since 1970 where the file states dates, otherwise since the origin of the dataset.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.ingest.names import Names
from simulator.ingest.routes import Routes

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


# Counts per second of two years; a recording that is longer has wider bins, or a wrong date.
BINS_MAX: Final = 65_000_000


def bins_between(first_s: float, last_s: float, width_s: float) -> int:
    """Return the number of bins from that of `first_s` to that of `last_s`.

    Raises:
        ValueError: if there are more than `BINS_MAX`.
    """
    bins = (last_s - first_s) / width_s
    if not 0 <= bins < BINS_MAX:
        raise ValueError(f"times from {first_s:.15g} s to {last_s:.15g} s")
    return int(bins + 1e-9) + 1


class Requests(NamedTuple):
    """Requests, one element each: shape (n,) for every array. None: the file does not have it.

    `start_s`: the start of the request. `function`: its index in `Reading.functions`. `duration_s`: seconds until its
    end; NaN if it is not known. `route`: its index in `Reading.routes`. `status`: of the response, 0 for none.
    `sent_bytes`: the size of the response.
    """

    start_s: Floats
    function: Integers | None = None
    duration_s: Floats | None = None
    route: Integers | None = None
    status: Integers | None = None
    sent_bytes: Floats | None = None

    def part(self, chosen: NDArray[np.bool_]) -> Requests:
        """Return the requests for which `chosen` is true."""
        return Requests(*(None if each is None else each[chosen] for each in self))  # type: ignore[arg-type]


class Counts(NamedTuple):
    """The requests of one function in consecutive bins of `width_s` seconds from `start_s` on."""

    function: int
    start_s: float
    width_s: float
    counts: Floats


class Percentiles(NamedTuple):
    """Percentiles of the durations of one function: `seconds[i]` at `shares[i]`, both ascending, shares from 0 to 1."""

    function: int
    shares: tuple[float, ...]
    seconds: tuple[float, ...]


Block = Requests | Counts | Percentiles


class Reading:
    """What the formats find while they read the files of one import.

    `functions` of a dataset, `routes` of requests, and `skipped`: the number of lines that are no requests.
    `exact_paths`: see `Routes`. `zone`: of times whose zone a file does not name; `has_local_times`: there are some.
    """

    def __init__(self, *, exact_paths: bool = False, zone: tzinfo = UTC) -> None:
        self.zone = zone
        self.has_local_times = False
        self.functions = Names()
        self.routes = Routes(exact=exact_paths)
        self.skipped = 0
