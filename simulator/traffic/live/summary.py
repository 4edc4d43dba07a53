"""The load generator's report on itself: how much it sent, and whether it sent in time."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from simulator.records.histogram import Histogram

# A generator whose 99th percentile of lateness exceeds this no longer offers the traffic of the scenario. A scaling
# policy that looks at seconds does not notice 0.05 s, and it is ten times what two cores show when idle.
KEPT_UP_S: Final = 0.05

# rows at a time: a vectorised histogram costs nearly nothing per array, but a microsecond per value
_FLUSH: Final = 4096


class Lateness:
    """How late requests were sent, in bounded memory.

    Quantiles are within the histogram's error, the maximum is exact.
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
    """What a load client sent: `sent` = `answered` + `errors` + `unfinished`. A repeat on a closed connection is not
    counted again.

    `errors`: connection refused or broken, no answer within the client's time limit. `unfinished`: no outcome when the
    load was ended. `at_bound`: requests that had to wait because the bound on connections was reached, so that a
    setting and not the platform delayed them. Lateness: from the intended to the actual send time, waits included.
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
    """Return whether 99 of 100 requests were sent within KEPT_UP_S of their intended time, or none was due."""
    return late_p99_s is None or late_p99_s <= KEPT_UP_S
