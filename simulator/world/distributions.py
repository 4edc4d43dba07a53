"""Probability distributions for times and sizes: immutable values with a mean, which draw many numbers at once.

A distribution has no unit of its own: its numbers have the unit of its parameters, usually seconds. It never draws a
negative number. It contains no generator: callers pass one from `simulator.world.random_streams`, and the draws depend
only on the state of that generator.

numpy is imported by the first draw, because `serve` creates distributions at its start without drawing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Draws = NDArray[np.float64]

# 95 % quantile of the standard normal distribution, for log-normal distributions given by their median and p95.
_NORMAL_P95: Final = 1.6448536269514722


class Distribution(Protocol):
    """The interface of every distribution."""

    @property
    def mean(self) -> float:
        """The expected value, in the unit of the parameters."""

    def draw(self, rng: np.random.Generator, n: int) -> Draws:
        """Draw `n` independent, non-negative numbers."""


@dataclass(frozen=True, slots=True)
class Constant:
    """The constant `value` (>= 0)."""

    value: float

    def __post_init__(self) -> None:
        _require_at_least_zero("value", self.value)

    @property
    def mean(self) -> float:
        return self.value

    def draw(self, rng: np.random.Generator, n: int) -> Draws:  # noqa: ARG002 - a constant needs no random numbers
        import numpy as np  # noqa: PLC0415

        return np.full(n, self.value)


@dataclass(frozen=True, slots=True)
class Uniform:
    """The uniform distribution between `low` and `high`, 0 <= low <= high."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _require_at_least_zero("low", self.low)
        if not self.low <= self.high < math.inf:
            msg = f"high = {self.high:g}, must be at least low = {self.low:g}"
            raise ValueError(msg)

    @property
    def mean(self) -> float:
        return (self.low + self.high) / 2

    def draw(self, rng: np.random.Generator, n: int) -> Draws:
        return rng.uniform(self.low, self.high, n)


@dataclass(frozen=True, slots=True)
class Exponential:
    """The exponential (memoryless) distribution with the given `mean` (>= 0)."""

    mean: float

    def __post_init__(self) -> None:
        _require_at_least_zero("mean", self.mean)

    def draw(self, rng: np.random.Generator, n: int) -> Draws:
        return rng.exponential(self.mean, n)


@dataclass(frozen=True, slots=True)
class LogNormal:
    """The log-normal distribution: exp of a normal variable with mean `mu` and standard deviation `sigma` (>= 0)."""

    mu: float
    sigma: float

    def __post_init__(self) -> None:
        _require_at_least_zero("sigma", self.sigma)

    @classmethod
    def of_mean(cls, mean: float, sd: float) -> LogNormal:
        """Create the distribution from its mean (> 0) and standard deviation (>= 0)."""
        _require_positive("mean", mean)
        _require_at_least_zero("sd", sd)
        variance = math.log1p((sd / mean) ** 2)
        return cls(math.log(mean) - variance / 2, math.sqrt(variance))

    @classmethod
    def of_median(cls, median: float, p95: float) -> LogNormal:
        """Create the distribution from its median (> 0) and 95 % quantile (>= median)."""
        _require_positive("median", median)
        if not median <= p95 < math.inf:
            msg = f"p95 = {p95:g}, must be at least median = {median:g}"
            raise ValueError(msg)
        return cls(math.log(median), math.log(p95 / median) / _NORMAL_P95)

    @property
    def mean(self) -> float:
        return math.exp(self.mu + self.sigma**2 / 2)

    def draw(self, rng: np.random.Generator, n: int) -> Draws:
        return rng.lognormal(self.mu, self.sigma, n)


@dataclass(frozen=True, slots=True)
class Gamma:
    """The gamma distribution with the given `mean` (> 0) and standard deviation `sd` (> 0)."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        _require_positive("mean", self.mean)
        _require_positive("sd", self.sd)

    def draw(self, rng: np.random.Generator, n: int) -> Draws:
        return rng.gamma((self.mean / self.sd) ** 2, self.sd**2 / self.mean, n)


@dataclass(frozen=True, slots=True)
class Weibull:
    """The Weibull distribution; `scale` (> 0) is its 63.2 % quantile.

    A `shape` (> 0) below 1 has a heavy tail; 1 is the exponential distribution.
    """

    shape: float
    scale: float

    def __post_init__(self) -> None:
        _require_positive("shape", self.shape)
        _require_positive("scale", self.scale)

    @property
    def mean(self) -> float:
        return self.scale * math.gamma(1 + 1 / self.shape)

    def draw(self, rng: np.random.Generator, n: int) -> Draws:
        return self.scale * rng.weibull(self.shape, n)


@dataclass(frozen=True, slots=True)
class Pareto:
    """The Pareto distribution (type I): P(X > x) = (`scale` / x)^`shape`. `shape` > 1, so that the mean is finite."""

    shape: float
    scale: float

    def __post_init__(self) -> None:
        _require_positive("scale", self.scale)
        if not 1 < self.shape < math.inf:
            msg = f"shape = {self.shape:g}, must be above 1 (the mean is infinite otherwise)"
            raise ValueError(msg)

    @classmethod
    def of_mean(cls, shape: float, mean: float) -> Pareto:
        """Create the distribution from its shape and mean (> 0)."""
        return cls(shape, mean * (shape - 1) / shape)

    @property
    def mean(self) -> float:
        return self.scale * self.shape / (self.shape - 1)

    def draw(self, rng: np.random.Generator, n: int) -> Draws:
        return self.scale * (1 + rng.pareto(self.shape, n))


@dataclass(frozen=True, slots=True)
class Hyperexponential:
    """Two exponential phases with balanced means: `mean` (> 0), squared coefficient of variation `cv2` (>= 1).

    Balanced means: each phase contributes half of the mean. This determines the parameter that mean and cv2 leave open
    (the usual choice in queueing textbooks).
    """

    mean: float
    cv2: float

    def __post_init__(self) -> None:
        _require_positive("mean", self.mean)
        if not 1 <= self.cv2 < math.inf:
            msg = f"cv2 = {self.cv2:g}, must be at least 1 (1 is the exponential distribution)"
            raise ValueError(msg)

    @property
    def short_share(self) -> float:
        """The probability of the phase with the shorter mean, 0.5 to 1."""
        return (1 + math.sqrt((self.cv2 - 1) / (self.cv2 + 1))) / 2

    def draw(self, rng: np.random.Generator, n: int) -> Draws:
        import numpy as np  # noqa: PLC0415

        p = self.short_share
        phase_mean = np.where(rng.random(n) < p, self.mean / (2 * p), self.mean / (2 * (1 - p)))
        return rng.standard_exponential(n) * phase_mean


@dataclass(frozen=True, slots=True)
class Empirical:
    """One of `values` (at least one, each >= 0), all equally likely; repeat a value to give it more weight."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            msg = "values = [], must have at least one number"
            raise ValueError(msg)
        for value in self.values:
            _require_at_least_zero("values", value)

    @property
    def mean(self) -> float:
        return math.fsum(self.values) / len(self.values)

    def draw(self, rng: np.random.Generator, n: int) -> Draws:
        import numpy as np  # noqa: PLC0415

        return np.asarray(self.values, dtype=np.float64)[rng.integers(len(self.values), size=n)]


def _require_at_least_zero(name: str, value: float) -> None:
    if not 0 <= value < math.inf:
        msg = f"{name} = {value:g}, must be at least 0 and finite"
        raise ValueError(msg)


def _require_positive(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        msg = f"{name} = {value:g}, must be above 0 and finite"
        raise ValueError(msg)
