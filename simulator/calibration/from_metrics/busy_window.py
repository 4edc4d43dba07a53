"""The busiest hours of metrics, on which the most likely candidates are played with the service's own scaling.

Levels of load show an instance in a steady state. The busiest hours also have what no level has: overload, and the
minutes in which instances are added. Minutes are grouped by their requests, which do not depend on the model.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.from_metrics.candidate_runs import Application, MeteredService, play_minutes
from simulator.lab.minutes.service_minutes import LATENCIES, Floats, ServiceMinutes

_MINUTES: Final = 180
_BEFORE: Final = 15  # minutes that are played before those that are compared
_GROUPS: Final = 5
_GROUP_MIN: Final = 4
_REQUESTS_MIN: Final = 20
# Differences that no candidate can avoid, as a share: those of the scaling of the platform included.
_TOLERATED: Final = 0.05
_CPU_TOLERATED: Final = 0.02


class BusyWindow:
    """The window of a recording with the most requests."""

    def __init__(self, minutes: ServiceMinutes, service: MeteredService) -> None:
        length = min(_MINUTES, len(minutes))
        sums = np.convolve(minutes.requests, np.ones(length), mode="valid")
        first = int(np.argmax(sums))
        self._begin, self._end = max(0, first - _BEFORE), first + length
        skipped = min(_BEFORE, first - self._begin + _BEFORE // 3)
        self._minutes, self._service = minutes, service
        self.requests: Floats = minutes.requests[self._begin : self._end]
        inside = np.arange(len(self.requests)) >= skipped
        busy = np.flatnonzero(inside & (self.requests >= _REQUESTS_MIN))
        groups = np.array_split(busy[np.argsort(self.requests[busy], kind="stable")], _GROUPS)
        self._groups = [group for group in groups if len(group) >= _GROUP_MIN]

    @property
    def differences(self) -> int:
        """The number of differences in `chi_square`: latency and utilization of each group."""
        return 2 * len(self._groups)

    def chi_square(self, application: Application, idle_share: float, seed: int, total: float) -> float:
        """Play an application and return the squared differences of all groups, in standard errors.

        `total`: the requests of all such runs, which choose the backend.
        """
        played = play_minutes(application, self.requests, self._service, seed, total)
        return math.fsum(self._of_group(played, group, idle_share) for group in self._groups)

    def _of_group(self, played: ServiceMinutes, group: NDArray[np.int64], idle_share: float) -> float:
        latencies = []
        for name in LATENCIES:
            ratios = np.log(self._measured(name)[group] / played.column(name)[group])
            known = ratios[np.isfinite(ratios)]
            if len(known) >= _GROUP_MIN:
                latencies.append(_squared(known, _TOLERATED))
        measured = self._measured("cpu")[group]
        differences = measured - played.cpu[group] - idle_share
        known = differences[np.isfinite(differences)]
        cpu = _squared(known, _CPU_TOLERATED * float(np.nanmean(measured))) if len(known) >= _GROUP_MIN else 0.0
        return (float(np.mean(latencies)) if latencies else 0.0) + cpu

    def _measured(self, name: str) -> Floats:
        return self._minutes.column(name)[self._begin : self._end]


def _squared(differences: Floats, tolerated: float) -> float:
    return float(differences.mean()) ** 2 / (float(differences.var(ddof=1)) / len(differences) + tolerated**2)
