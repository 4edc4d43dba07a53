"""A downstream resource over time: connections, waiting and failed calls in bins as wide as those of requests."""

from __future__ import annotations

import math

from simulator.records.series import bin_width_s


class DownstreamSeries:
    """The bins of a run of `duration_s` (> 0). What happens after its end is not counted.

    `opened_s`, `busy_s`, `waiting_s`: connections or calls times seconds. `errors`: calls that failed in the bin.
    """

    def __init__(self, duration_s: float) -> None:
        assert duration_s > 0, duration_s
        self.width_s = bin_width_s(duration_s)
        self.bins = max(1, math.ceil(duration_s / self.width_s - 1e-9))
        self.opened_s = [0.0] * self.bins
        self.busy_s = [0.0] * self.bins
        self.waiting_s = [0.0] * self.bins
        self.errors = [0] * self.bins

    def add(self, from_s: float, until_s: float, opened: int, busy: int, waiting: int) -> None:
        """Add the state of an interval."""
        at_s, index = from_s, int(from_s / self.width_s)
        while at_s < until_s and index < self.bins:
            end_s = min(until_s, (index + 1) * self.width_s)
            for_s = end_s - at_s
            self.opened_s[index] += for_s * opened
            self.busy_s[index] += for_s * busy
            self.waiting_s[index] += for_s * waiting
            at_s, index = end_s, index + 1

    def failed(self, at_s: float) -> None:
        """Count a failed call that ended at `at_s`."""
        index = int(at_s / self.width_s)
        if index < self.bins:
            self.errors[index] += 1

    def means(self, seconds: list[float], ended_s: float) -> list[float]:
        """Return the mean of each bin that a run until `ended_s` has reached, of one of the three columns."""
        edges_s = [min(index * self.width_s, ended_s) for index in range(self.reached(ended_s) + 1)]
        return [
            area_s / (until_s - from_s) if until_s > from_s else 0.0
            for area_s, from_s, until_s in zip(seconds, edges_s, edges_s[1:], strict=False)
        ]

    def reached(self, ended_s: float) -> int:
        """Return the number of bins that a run until `ended_s` has reached."""
        return min(self.bins, max(1, math.ceil(ended_s / self.width_s - 1e-9)))
