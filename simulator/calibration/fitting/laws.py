"""Families of distributions of a time, each given by its mean and its coefficient of variation.

A fit changes both a little and must see a small change of the modelled times. So times are not drawn: each request has
a standard normal number that stays the same, and its time is the quantile of the family at that number.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, assert_never

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.model.scenario_text import time_text
from simulator.lab.extras import needed

Array = NDArray[np.float64]

# Normal numbers between these ends are distinguished: one time in 150,000 is beyond them.
_Z_MAX: Final = 4.5
_Z: Final[Array] = np.linspace(-_Z_MAX, _Z_MAX, 601)
_STEP: Final = float(_Z[1] - _Z[0])
# Below it a distribution is a constant.
CV_MIN: Final = 0.002


class Family(StrEnum):
    """A family of distributions, by its name in scenario files."""

    CONSTANT = "constant"
    UNIFORM = "uniform"
    GAMMA = "gamma"
    LOGNORMAL = "lognormal"
    WEIBULL = "weibull"
    HYPEREXPONENTIAL = "hyperexponential"
    PARETO = "pareto"

    @property
    def cv_range(self) -> tuple[float, float]:
        """The coefficients of variation that it can have."""
        match self:
            case Family.CONSTANT:
                return 0.0, 0.0
            case Family.UNIFORM:
                return CV_MIN, 1 / math.sqrt(3)
            case Family.GAMMA | Family.LOGNORMAL:
                return CV_MIN, 6.0
            case Family.WEIBULL:
                return 0.02, 6.0
            case Family.HYPEREXPONENTIAL:
                return 1.01, 6.0
            case Family.PARETO:
                return CV_MIN, 2.0
            case _:
                assert_never(self)

    def within(self, cv: float) -> float:
        """Return the nearest coefficient of variation that it can have."""
        low, high = self.cv_range
        return min(max(cv, low), high)


@dataclass(frozen=True, slots=True)
class TimeLaw:
    """A distribution, by its family, mean and coefficient of variation."""

    family: Family
    mean_s: float
    cv: float = 0.0

    @property
    def sd_s(self) -> float:
        """The standard deviation."""
        return self.mean_s * self.cv

    def at(self, z: Array) -> Array:
        """Return the times of requests with these standard normal numbers."""
        if self.mean_s <= 0:
            return np.zeros_like(z)
        if self.family is Family.CONSTANT:
            return np.full_like(z, self.mean_s)
        if self.family is Family.LOGNORMAL:
            variance = math.log1p(self.cv**2)
            return np.exp(math.log(self.mean_s) - variance / 2 + math.sqrt(variance) * z)
        table = self.mean_s * _standard_table(self.family, float(f"{self.cv:.9g}"))
        place = np.clip((z + _Z_MAX) / _STEP, 0.0, len(_Z) - 1.000001)
        index = place.astype(np.int64)
        low = table[index]
        return low + (place - index) * (table[index + 1] - low)

    def share_below(self, times_s: Array) -> Array:
        """Return the probabilities of a shorter time than each of these."""
        if self.family is Family.CONSTANT or self.mean_s <= 0 or self.cv <= 0:
            return (times_s >= self.mean_s).astype(np.float64)
        ends = np.interp(times_s, self.at(_Z), _Z, left=-40.0, right=40.0)
        return np.asarray(needed("scipy.special").ndtr(ends))

    def quantiles(self, shares: Array) -> Array:
        """Return the quantiles at these probabilities."""
        return self.at(np.asarray(needed("scipy.special").ndtri(shares), dtype=np.float64))

    def spec(self) -> Any:  # noqa: PLR0911 - one return per family is the table
        """Return the value of a key of a scenario file."""
        mean, sd = time_text(self.mean_s), time_text(self.sd_s)
        match self.family:
            case Family.CONSTANT:
                return mean
            case Family.GAMMA:
                return {"gamma": {"mean": mean, "sd": sd}}
            case Family.LOGNORMAL:
                return {"lognormal": {"mean": mean, "sd": sd}}
            case Family.UNIFORM:
                half_s = math.sqrt(3) * self.sd_s
                return {
                    "uniform": {
                        "low": time_text(max(0.0, self.mean_s - half_s)),
                        "high": time_text(self.mean_s + half_s),
                    }
                }
            case Family.WEIBULL:
                shape = _weibull_shape(self.cv)
                return {
                    "weibull": {"shape": round(shape, 6), "scale": time_text(self.mean_s / math.gamma(1 + 1 / shape))}
                }
            case Family.HYPEREXPONENTIAL:
                return {"hyperexponential": {"mean": mean, "cv2": round(self.cv**2, 6)}}
            case Family.PARETO:
                return {"pareto": {"mean": mean, "shape": round(_pareto_shape(self.cv), 6)}}
            case _:
                assert_never(self.family)


@functools.lru_cache(maxsize=512)
def _standard_table(family: Family, cv: float) -> Array:
    """Return the quantiles, at `_Z`, of the distribution with mean 1."""
    special = needed("scipy.special")
    shares = special.ndtr(_Z)
    upper = special.ndtr(-_Z)
    match family:
        case Family.GAMMA:
            shape = cv**-2
            return np.asarray(
                np.where(_Z < 0, special.gammaincinv(shape, shares), special.gammainccinv(shape, upper)) / shape
            )
        case Family.UNIFORM:
            return np.asarray(1 + math.sqrt(3) * cv * (2 * shares - 1))
        case Family.WEIBULL:
            shape = _weibull_shape(cv)
            return np.asarray((-np.log(upper)) ** (1 / shape) / math.gamma(1 + 1 / shape))
        case Family.PARETO:
            shape = _pareto_shape(cv)
            return np.asarray((shape - 1) / shape * upper ** (-1 / shape))
        case Family.HYPEREXPONENTIAL:
            return _hyperexponential_table(cv, upper)
        case Family.CONSTANT | Family.LOGNORMAL:
            return np.ones_like(_Z)
        case _:
            assert_never(family)


def _hyperexponential_table(cv: float, upper: Array) -> Array:
    p = (1 + math.sqrt((cv**2 - 1) / (cv**2 + 1))) / 2
    times = np.concatenate(([0.0], np.geomspace(1e-7, 60.0 * cv**2, 4000)))
    survival = p * np.exp(-2 * p * times) + (1 - p) * np.exp(-2 * (1 - p) * times)
    return np.interp(-np.log(upper), -np.log(np.maximum(survival, 1e-300)), times)


@functools.lru_cache(maxsize=512)
def _weibull_shape(cv: float) -> float:
    """Return the shape of the Weibull distribution with this coefficient of variation."""

    def excess(log_shape: float) -> float:
        shape = math.exp(log_shape)
        return math.lgamma(1 + 2 / shape) - 2 * math.lgamma(1 + 1 / shape) - math.log1p(cv**2)

    return math.exp(needed("scipy.optimize").brentq(excess, math.log(0.2), math.log(200.0)))


def _pareto_shape(cv: float) -> float:
    """Return the shape, above 2, of the Pareto distribution with this coefficient of variation."""
    return 1 + math.sqrt(1 + cv**-2)
