"""How many requests were there, second by second: in flight and waiting. For charts; the report needs none of it.

Two floats a second and service, so a recorded day takes 1.4 MB whatever its traffic.
"""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray


class Presence:
    """One service. `add` takes closed seconds in order, from second 0."""

    def __init__(self) -> None:
        self._in_flight = array("d")
        self._waiting = array("d")

    def add(self, in_flight: float, waiting: float) -> None:
        """Means of a second: requests that hold a slot or wait for one, and those of them that wait."""
        self._in_flight.append(in_flight)
        self._waiting.append(waiting)

    def binned(self, width_s: float, bins: int) -> tuple[list[float], list[float]]:
        """(in flight, waiting): means of `bins` bins of `width_s` > 0; 0 where no second has been closed yet.

        Bins shorter than a second show the second that they lie in.
        """
        return _binned(self._in_flight, width_s, bins), _binned(self._waiting, width_s, bins)


def _binned(seconds: array[float], width_s: float, bins: int) -> list[float]:
    values: NDArray[np.float64] = np.array(seconds, dtype=np.float64)
    if width_s < 1:
        index = (np.arange(bins) * width_s + 1e-9).astype(np.int64)
        means = np.zeros(bins)
        known = index < len(values)
        means[known] = values[index[known]]
        return means.tolist()
    width = round(width_s)
    whole = np.zeros(bins * width)
    taken = values[: len(whole)]
    whole[: len(taken)] = taken
    counts = np.clip(len(taken) - np.arange(bins) * width, 1, width)
    binned: list[float] = (whole.reshape(bins, width).sum(axis=1) / counts).tolist()
    return binned
