"""Levels of load in the metrics of minutes: groups of minutes with the same instances and nearly the same requests.

A candidate model is compared with the metrics at these levels, each a pool of as many instances under as many requests,
instead of over the whole recording, which takes a hundred times as long to play.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.from_metrics.cpu_demand import NotEnough, steady
from simulator.lab.minutes.service_minutes import LATENCIES, MINUTE_S, Floats, ServiceMinutes

LEVELS_MAX: Final = 8
UTILIZATION_MAX: Final = 0.75
# Levels below this utilization show the latency of a request that is nearly alone.
LIGHT: Final = 0.35
_MINUTES_OF_LEVEL: Final = 24  # more would mix different loads
_MINUTES_MIN: Final = 3
# The percentiles of fewer requests say little.
_REQUESTS_MIN: Final = 20


class LevelFigure(NamedTuple):
    """The mean of a figure over the minutes of a level, and its standard error. Latencies are logarithms of seconds."""

    mean: float
    error: float


class MeteredLevel(NamedTuple):
    """`rate_rps`: of all instances together. `figures`: by the names of the columns of `ServiceMinutes`."""

    instances: int
    rate_rps: float
    utilization: float
    minutes: int
    figures: Mapping[str, LevelFigure]

    @property
    def rate_of_one_rps(self) -> float:
        """The rate for each instance."""
        return self.rate_rps / self.instances


def load_levels(
    minutes: ServiceMinutes, instances: Floats, utilization: Floats, levels_max: int = LEVELS_MAX
) -> list[MeteredLevel]:
    """Return levels from the lightest to the heaviest load of an instance.

    `utilization`: of each minute by its requests. Minutes above `UTILIZATION_MAX` are left out: latency changes within
    them, and those in which no instance was added are not a fair sample.

    Raises:
        NotEnough: if fewer than two can be formed.
    """
    with np.errstate(invalid="ignore"):
        used = steady(instances) & (minutes.requests >= _REQUESTS_MIN) & (utilization < UTILIZATION_MAX)
    for name in ("latency_p50_s", "latency_p95_s", "cpu"):
        used &= ~np.isnan(minutes.column(name))
    places = np.flatnonzero(used)
    if len(places) < 2 * _MINUTES_MIN:
        msg = f"{len(places)} minutes have {_REQUESTS_MIN} requests, their latency, and a steady number of instances"
        raise NotEnough(f"{msg}; {2 * _MINUTES_MIN} are needed")
    number = np.round(instances[places])
    loads = np.log(minutes.requests[places] / number)
    levels: dict[frozenset[int], MeteredLevel] = {}
    for target in np.linspace(loads.min(), loads.max(), levels_max):
        nearest = int(np.argmin(np.abs(loads - target)))
        alike = np.flatnonzero(number == number[nearest])
        order = alike[np.argsort(np.abs(loads[alike] - loads[nearest]), kind="stable")]
        near = order[np.abs(loads[order] - loads[nearest]) < _width(loads, levels_max)][:_MINUTES_OF_LEVEL]
        if len(near) >= _MINUTES_MIN:
            chosen = places[near]
            level = _level(minutes, chosen, int(number[nearest]), float(utilization[chosen].mean()))
            levels.setdefault(frozenset(chosen.tolist()), level)
    if len(levels) < 2:
        msg = "the load of an instance hardly varies, so its effect on latency is unknown"
        raise NotEnough(msg)
    return sorted(levels.values(), key=lambda level: level.rate_of_one_rps)


def figures_of(minutes: ServiceMinutes, chosen: NDArray[Any] | None = None) -> dict[str, LevelFigure]:
    """Return the figures of the chosen minutes, of all by default; a figure without a known value is left out."""
    found = {}
    for name in (*LATENCIES, "cpu"):
        values = minutes.column(name) if chosen is None else minutes.column(name)[chosen]
        known = values[np.isfinite(values) & (values > 0)]
        if len(known) >= 2:
            numbers = np.log(known) if name in LATENCIES else known
            found[name] = LevelFigure(float(numbers.mean()), float(numbers.std(ddof=1)) / len(numbers) ** 0.5)
    return found


def _width(loads: Floats, levels_max: int) -> float:
    """Return half of the distance of two levels, at most a tenth of the load."""
    return float(min(0.1, max(0.02, (loads.max() - loads.min()) / (2 * max(1, levels_max - 1)))))


def _level(minutes: ServiceMinutes, chosen: NDArray[np.int64], instances: int, utilization: float) -> MeteredLevel:
    rate_rps = float(minutes.requests[chosen].mean()) / MINUTE_S
    return MeteredLevel(instances, rate_rps, utilization, len(chosen), figures_of(minutes, chosen))
