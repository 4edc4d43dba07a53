"""What the load generator says about itself: how much it sent, and whether it sent in time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

# A generator whose worst hundredth is later than this no longer offers the traffic of the scenario: a twentieth of a
# second is what a scaling policy that looks at seconds does not notice, and ten times what two cores show when idle.
KEPT_UP_S: Final = 0.05

# Bins of equal ratio, 2 % wide, from a tenth of the loops' resolution to a thousand seconds: 0.8 per mille of a MB.
_LOWEST_S: Final = 1e-4
_HIGHEST_S: Final = 1e3
_EDGES_S: Final[NDArray[np.float64]] = np.geomspace(
    _LOWEST_S, _HIGHEST_S, 1 + math.ceil(math.log(_HIGHEST_S / _LOWEST_S) / math.log(1.02))
)
_FLUSH: Final = 4096


class Lateness:
    """How late requests were sent, in bounded memory. Quantiles are exact to 2 %, the maximum is exact."""

    def __init__(self) -> None:
        self._fresh: list[float] = []
        self._counts = np.zeros(len(_EDGES_S) + 1, dtype=np.int64)
        self._max_s = 0.0

    def add(self, late_s: float) -> None:
        self._fresh.append(late_s)
        if len(self._fresh) >= _FLUSH:
            self._flush()

    def max_s(self) -> float:
        self._flush()
        return self._max_s

    def quantile_s(self, share: float) -> float:
        """The upper edge of the bin that holds it, so never too small; 0 when nothing was sent."""
        self._flush()
        total = int(self._counts.sum())
        if total == 0:
            return 0.0
        rank = max(1, math.ceil(share * total))
        index = int(np.searchsorted(np.cumsum(self._counts), rank))
        return min(self._max_s, float(_EDGES_S[min(index, len(_EDGES_S) - 1)]))

    def _flush(self) -> None:
        if self._fresh:
            fresh = np.asarray(self._fresh)
            self._counts += np.bincount(np.searchsorted(_EDGES_S, fresh), minlength=len(self._counts))
            self._max_s = max(self._max_s, float(fresh.max()))
            self._fresh.clear()


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
        """99 of 100 requests left within KEPT_UP_S of their intended time."""
        return self.late_p99_s < KEPT_UP_S
