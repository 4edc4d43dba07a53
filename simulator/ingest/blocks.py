"""What a format yields while it reads a file: requests with their times, or counts per bin of time.

Times are seconds: since 1970 where the file states dates, otherwise since the origin of the dataset.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.ingest.names import Names
from simulator.ingest.routes import Routes

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


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
    """

    def __init__(self) -> None:
        self.functions = Names()
        self.routes = Routes()
        self.skipped = 0
