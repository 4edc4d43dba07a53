"""The load generator's report on itself: how much it sent, and whether it sent in time."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from simulator.records.histogram import Histogram

# A generator whose 99th percentile of lateness exceeds this no longer offers the traffic of the scenario. 0.05 s is too
# short to affect a scaling policy with a resolution of seconds, and is ten times the lateness on two idle cores.
KEPT_UP_S: Final = 0.05

# Values per batch: adding an array to the histogram is much faster than adding its values one by one (1 us each).
_FLUSH: Final = 4096


class Lateness:
    """How late requests were sent, in bounded memory.

    Quantiles have the error of the histogram; the maximum is exact.
    """

    def __init__(self) -> None:
        self._fresh: list[float] = []
        self._seen = Histogram()

    def add(self, late_s: float) -> None:
        self._fresh.append(late_s)
        if len(self._fresh) >= _FLUSH:
            self._flush()

    def max_s(self) -> float:
        return self._flush().max_s

    def quantile_s(self, share: float) -> float:
        """Return a quantile in seconds; 0 if nothing was sent."""
        return self._flush().quantile(share) or 0.0

    def _flush(self) -> Histogram:
        self._seen.record(np.asarray(self._fresh, dtype=np.float64))
        self._fresh.clear()
        return self._seen


class LoadSummary(NamedTuple):
    """What a load client sent: `sent` = `answered` + `errors` + `unfinished`. A request that was sent again because its
    connection was closed is counted once.

    `errors` are connections that were rejected or broken, and requests without a response within the client's time
    limit. `unfinished` requests had no outcome when the load was ended. `at_bound` requests had to wait because of the
    limit on connections, so they were delayed by a setting and not by the platform. Lateness is the time from the
    intended until the actual send time, waits included.
    """

    sent: int
    answered: int
    errors: int
    unfinished: int
    connections_opened: int
    connections_failed: int
    at_bound: int
    late_p50_s: float
    late_p99_s: float
    late_max_s: float

    @property
    def kept_up(self) -> bool:
        return kept_up(self.late_p99_s)


def kept_up(late_p99_s: float | None) -> bool:
    """Return True if 99 of 100 requests were sent within KEPT_UP_S of their intended time, or none was due."""
    return late_p99_s is None or late_p99_s <= KEPT_UP_S
