"""The service times of requests at light load: the law of all routes together, and of each route.

A law is a list of equally likely times. It is split into CPU time and time without CPU: the CPU time is log-normal with
a given mean and variation, and the rest is what is missing to each equal share of the sorted times, so that their sum
has the measured distribution.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.from_logs.log_rows import CannotCalibrate, Floats, LogRows
from simulator.calibration.model.scenario_text import time_text

_VALUES: Final = 50
_DRAWS: Final = 20_000
_CPU_VALUES: Final = 1_000
_ROUNDS: Final = 8
_ROUTE_MIN: Final = 100  # requests, for a law of the route's own
_LEAST_S: Final = 1e-6
_CONFIDENCE_SCORE: Final = 1.959963984540054


class LightLaw(NamedTuple):
    """Service times at light load, sorted; `values_s`: the means of equal shares of them.

    `requests`: how many were measured; `times_s` may be a sample in the mix of routes.
    """

    times_s: Floats
    values_s: Floats
    requests: int

    @classmethod
    def of(cls, times_s: Floats, requests: int | None = None) -> LightLaw:
        """Return the law of measured times. `requests`: default: as many as there are times."""
        ordered = np.sort(times_s)
        return cls(ordered, _shares(ordered), len(ordered) if requests is None else requests)

    @property
    def mean_s(self) -> float:
        return float(self.times_s.mean())

    def quantile(self, share: float) -> float:
        """Return a quantile of the measured times."""
        return float(np.quantile(self.times_s, share))

    def interval(self, share: float) -> tuple[float, float]:
        """Return the 95 % interval of a quantile, by ranks (order statistics)."""
        half = _CONFIDENCE_SCORE * math.sqrt(share * (1 - share) / self.requests) + 1 / self.requests
        return self.quantile(max(0.0, share - half)), self.quantile(min(1.0, share + half))

    def split(self, cpu_s: float, cpu_cv: float) -> dict[str, Any]:
        """Return `cpu` and `io` of a scenario; their sum has this law as far as the CPU time allows."""
        if cpu_s <= _LEAST_S:
            return {"io": {"empirical": _texts(self.values_s)}}
        normal = NormalDist()
        scores = np.array([normal.inv_cdf((place + 0.5) / _CPU_VALUES) for place in range(_CPU_VALUES)])
        sigma = math.sqrt(math.log1p(cpu_cv**2))
        cpu = np.repeat(cpu_s * np.exp(sigma * scores - sigma**2 / 2), _DRAWS // _CPU_VALUES)
        rng = np.random.Generator(np.random.PCG64(1))
        cpu = rng.permutation(cpu)
        rest = np.maximum(self.values_s - cpu_s, 0.0)
        for _ in range(_ROUNDS):
            sums = np.sort(cpu + np.tile(rest, _DRAWS // _VALUES))
            rest = np.maximum.accumulate(np.maximum(rest + self.values_s - _shares(sums), 0.0))
        law = {"lognormal": {"mean": time_text(cpu_s), "sd": time_text(cpu_s * cpu_cv)}} if cpu_cv else time_text(cpu_s)
        return {"cpu": law, "io": {"empirical": _texts(rest)}}


class ServiceLaw(NamedTuple):
    """`light`: the most other requests in progress. `rate_max_rps`: the highest rate of a minute of the log."""

    of_all: LightLaw
    of_route: Mapping[int, LightLaw]
    light: int
    rate_max_rps: float

    @property
    def mean_s(self) -> float:
        return self.of_all.mean_s


def service_law(rows: LogRows, light: NDArray[np.bool_], limit: int = 0) -> ServiceLaw:
    """Return the law of the requests that arrived at light load, which `light` marks.

    Raises:
        CannotCalibrate: if none of them took any time.
    """
    times_s = rows.duration_s[light]
    if not len(times_s) or times_s.max() <= 0:
        msg = "no request at light load has a duration above 0"
        raise CannotCalibrate(msg)
    # The mix of routes at light load may differ from that of all requests: each route counts by all its requests.
    laws = {}
    for number in range(len(rows.routes)):
        own = rows.duration_s[light & (rows.route == number)]
        if len(own) >= _ROUTE_MIN:
            laws[number] = LightLaw.of(own)
    mixed = LightLaw.of(_mixed(rows, laws), len(times_s)) if laws else LightLaw.of(times_s)
    per_minute = np.bincount((rows.start_s // 60).astype(np.int64)) / min(60.0, max(rows.span_s, 1.0))
    return ServiceLaw(mixed, laws, limit, float(per_minute.max()))


def _mixed(rows: LogRows, laws: Mapping[int, LightLaw]) -> Floats:
    """Return times of all routes in the proportion of all requests."""
    counts = np.bincount(rows.route, minlength=len(rows.routes)).astype(np.float64)
    total = sum(counts[number] for number in laws)
    parts = [
        np.quantile(law.times_s, (np.arange(wanted) + 0.5) / wanted)
        for number, law in laws.items()
        if (wanted := round(_DRAWS * counts[number] / total)) > 0
    ]
    return np.concatenate(parts)


def _shares(ordered: Floats) -> Floats:
    """Return the means of `_VALUES` equal shares of sorted values."""
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    places = np.arange(_VALUES + 1) * len(ordered) / _VALUES
    reached = np.interp(places, np.arange(len(sums)), sums)
    return np.asarray(np.diff(reached) * _VALUES / len(ordered), dtype=np.float64)


def _texts(values_s: Floats) -> list[str]:
    return [time_text(float(value)) for value in np.maximum(values_s, _LEAST_S)]
