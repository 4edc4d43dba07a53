"""A candidate model: what one request costs and how an instance processes requests, of which metrics tell a part.

The time without CPU is given by three percentiles, between which its logarithm is linear in the normal score: a
log-normal distribution with another tail above the 95th percentile.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.calibration.model.scenario_text import time_text
from simulator.lab.minutes.service_minutes import Floats
from simulator.rules.stations.cpu_use import CpuOrder

# Standard normal quantiles of the median, p95 and p99.
SCORES: Final = (0.0, 1.6448536269514722, 2.3263478740408408)
QUANTILES: Final = ("latency_p50_s", "latency_p95_s", "latency_p99_s")
_VALUES: Final = 50
_LEAST_S: Final = 1e-5


class CandidateModel(NamedTuple):
    """`cpu_cv`: coefficient of variation of the CPU time. `io_s`: median, p95 and p99 of the time without CPU.

    `workers`: requests that an instance processes at once; None: no limit. `cpu_order` and `parallelism`: the keys of
    the same names of a scenario.
    """

    cpu_s: float
    cpu_cv: float
    io_s: tuple[float, float, float]
    workers: int | None = None
    cpu_order: CpuOrder = CpuOrder.SHARED
    parallelism: int | None = None

    def application(self) -> dict[str, Any]:
        """Return the section `application` of a scenario."""
        mean, deviation = time_text(self.cpu_s), time_text(self.cpu_s * self.cpu_cv)
        simulated: dict[str, Any] = {
            "cpu": {"lognormal": {"mean": mean, "sd": deviation}} if self.cpu_cv else mean,
            "io": {"empirical": [time_text(value) for value in self.io_values()]},
        }
        if self.workers is not None:
            simulated["workers"] = self.workers
        if self.cpu_order is not CpuOrder.SHARED:
            simulated["cpu_order"] = str(self.cpu_order)
        if self.parallelism is not None:
            simulated["parallelism"] = self.parallelism
        return {"simulated": simulated}

    def io_values(self) -> Floats:
        """Return equally likely times without CPU, ascending, in seconds."""
        logs = np.log(np.maximum(self.io_s, _LEAST_S))
        scores = _normal_scores()
        slopes = np.diff(logs) / np.diff(SCORES)
        values = np.where(scores <= SCORES[1], logs[0] + slopes[0] * scores, logs[1] + slopes[1] * (scores - SCORES[1]))
        return np.asarray(np.exp(values), dtype=np.float64)

    def moved(self, by_s: Floats) -> CandidateModel:
        """Return the candidate whose percentiles of the time without CPU are moved by these differences."""
        moved = np.maximum(np.array(self.io_s) + by_s, _LEAST_S)
        p50, p95, p99 = np.maximum.accumulate(moved).tolist()
        return self._replace(io_s=(p50, p95, p99))


def _normal_scores() -> Floats:
    """Return the normal quantiles of the middles of `_VALUES` equal shares."""
    normal = NormalDist()
    return np.array([normal.inv_cdf((place + 0.5) / _VALUES) for place in range(_VALUES)])
