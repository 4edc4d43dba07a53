"""What a format yields while it reads a file: requests with their times, or counts per bin of time.

Times are seconds: since 1970 where the file states dates, otherwise since the origin of the dataset.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Requests(NamedTuple):
    """Requests, one element each: shape (n,) for every array.

    `start_s`: the start of the request. `function`: its index in `Functions`; None if the file has one function.
    `duration_s`: seconds until its end; None if the file does not have them.
    """

    start_s: Floats
    function: Integers | None = None
    duration_s: Floats | None = None


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


class Functions:
    """Numbers the functions of a dataset in the order in which they appear. `skipped`: lines that are no requests."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.skipped = 0

    @property
    def names(self) -> list[str]:
        """The names; the index of a name is the function's number."""
        return list(self._numbers)

    def number(self, name: str) -> int:
        """Return the number of a function, a new one for a new name."""
        return self._numbers.setdefault(name, len(self._numbers))

    def numbers(self, names: Iterable[str]) -> Integers:
        """Return the numbers of the functions of consecutive requests."""
        return np.array([self.number(name) for name in names], dtype=np.int64)
