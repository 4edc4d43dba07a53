"""What the load generator says about itself: how much it sent, and whether it sent in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.records.histogram import Histogram

# A generator whose worst hundredth is later than this no longer offers the traffic of the scenario: a twentieth of a
# second is what a scaling policy that looks at seconds does not notice, and ten times what two cores show when idle.
KEPT_UP_S: Final = 0.05

_FLUSH: Final = 4096  # rows a time: a vectorised histogram costs nothing by the array, a microsecond by the value


class Lateness:
    """How late requests were sent, in bounded memory. Quantiles within the histogram's error, the maximum is exact."""

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
        """0 when nothing was sent."""
        return self._flush().quantile(share) or 0.0

    def _flush(self) -> Histogram:
        self._seen.record(np.asarray(self._fresh, dtype=np.float64))
        self._fresh.clear()
        return self._seen


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """`sent` = `answered` + `errors` + `unfinished`: each request counts once, repeats on a closed connection do not.

    `errors`: connection refused or broken, no answer within the client's time limit. `unfinished`: no outcome when the
    load was ended. `at_bound`: requests that had to wait because the bound on connections was reached, so that a
    setting and not the platform held them back. Lateness: from the intended to the real sending, waits included.
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
    """99 of 100 requests left within KEPT_UP_S of their intended time, or none had to leave."""
    return late_p99_s is None or late_p99_s <= KEPT_UP_S
