"""A Gaussian process over the settings: predicts a figure of settings that have not been played, with its uncertainty.

Covariance: Matern 5/2 with a length for each knob, so that a knob without effect is recognised as such, and a noise
term for what days add. Lengths and noise maximise the likelihood of the played settings, by a search along one of them
at a time from those of the last fit. Only numpy is needed: there are hundreds of settings, and fewer knobs.

C. E. Rasmussen and C. K. I. Williams, "Gaussian Processes for Machine Learning", MIT Press 2006, chapters 2 and 5.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LENGTHS: Final = (0.05, 4.0)  # of a knob whose values extend from 0 to 1
_NOISES: Final = (1e-4, 0.3)  # variance of the noise relative to that of the function
_STEPS: Final = (1 / 3, 1 / 1.5, 1.5, 3.0)
_SWEEPS_FIRST: Final = 3
_SWEEPS: Final = 1
# Parameters are searched again when there are so many times the settings of the last search.
_GROWTH: Final = 1.2
_JITTER: Final = 1e-9


class Shape(NamedTuple):
    """Parameters of the covariance: a length for each knob, and the relative noise."""

    lengths: tuple[float, ...]
    noise: float


class Surrogate:
    """Predicts one figure. `columns`: the knob of each column of the coordinates."""

    def __init__(self, columns: list[int]) -> None:
        self._columns = np.array(columns)
        knobs = int(self._columns.max()) + 1
        self._shape = Shape((0.5,) * knobs, 0.01)
        self._searched = 0  # settings at the last search of the parameters
        self._points: Floats = np.empty((0, len(columns)))
        self._mean, self._scale = 0.0, 1.0
        self._inverse: Floats = np.empty((0, 0))  # of the Cholesky factor of the covariance
        self._half_weights: Floats = np.empty(0)

    @property
    def lengths(self) -> tuple[float, ...]:
        """The length of each knob: the shorter, the more the figure depends on it."""
        return self._shape.lengths

    def fit(self, points: Floats, values: Floats) -> None:
        """Fit to the values at some settings, given by their coordinates."""
        self._points = points
        self._mean, spread = float(values.mean()), float(values.std())
        self._scale = spread if spread > 0 else 1.0
        wanted = (values - self._mean) / self._scale
        if len(points) >= _GROWTH * self._searched:
            self._search(wanted, _SWEEPS if self._searched else _SWEEPS_FIRST)
            self._searched = len(points)
        self._solve(wanted)

    def predict(self, points: Floats) -> tuple[Floats, Floats]:
        """Return the mean and the standard deviation at each of the points."""
        prediction = self.prediction(points)
        return prediction.mean, prediction.deviation

    def prediction(self, points: Floats) -> SurrogatePrediction:
        """Return the prediction of some points, to which believed values can be added."""
        across = self._covariance(self._points, points, self._shape)
        half = self._inverse @ across
        mean = self._mean + self._scale * (half.T @ self._half_weights)
        variance = 1.0 - np.einsum("ij,ij->j", half, half)
        return SurrogatePrediction(self, points, mean, variance, half)

    def covariance(self, ours: Floats, theirs: Floats) -> Floats:
        """Return the covariance of points, relative to the variance of the function."""
        return self._covariance(ours, theirs, self._shape)

    @property
    def scale(self) -> float:
        """The standard deviation of the function."""
        return self._scale

    @property
    def noise(self) -> float:
        """The variance of the noise relative to that of the function."""
        return self._shape.noise + _JITTER

    def _search(self, wanted: Floats, sweeps: int) -> None:
        best, shape = self._likelihood(wanted, self._shape), self._shape
        for _ in range(sweeps):
            for number in range(len(shape.lengths) + 1):
                for step in _STEPS:
                    tried = _moved(shape, number, step)
                    found = self._likelihood(wanted, tried)
                    if found > best:
                        best, shape = found, tried
        self._shape = shape

    def _likelihood(self, wanted: Floats, shape: Shape) -> float:
        try:
            factor = np.linalg.cholesky(self._noisy(shape))
        except np.linalg.LinAlgError:
            return -math.inf
        solved = np.linalg.solve(factor, wanted)
        # a weak preference for long lengths: with few settings many shapes explain the values equally well
        prior = -0.1 * sum(math.log(length) ** 2 for length in shape.lengths)
        return float(-0.5 * solved @ solved - np.log(np.diag(factor)).sum()) + prior

    def _solve(self, wanted: Floats) -> None:
        factor = np.linalg.cholesky(self._noisy(self._shape))
        self._inverse = np.asarray(np.linalg.inv(factor), np.float64)
        self._half_weights = np.asarray(self._inverse @ wanted, np.float64)

    def _noisy(self, shape: Shape) -> Floats:
        covariance = self._covariance(self._points, self._points, shape)
        covariance[np.diag_indices_from(covariance)] += shape.noise + _JITTER
        return covariance

    def _covariance(self, ours: Floats, theirs: Floats, shape: Shape) -> Floats:
        lengths = np.array(shape.lengths)[self._columns]
        mine, yours = ours / lengths, theirs / lengths
        squares = (mine**2).sum(axis=1)[:, None] + (yours**2).sum(axis=1)[None, :] - 2 * mine @ yours.T
        distance = np.sqrt(5.0 * np.maximum(squares, 0.0))
        covariance: Floats = (1 + distance + distance**2 / 3) * np.exp(-distance)
        return covariance


class SurrogatePrediction:
    """The prediction of a figure at some points, and how it changes if some of them are believed to be known."""

    def __init__(self, surrogate: Surrogate, points: Floats, mean: Floats, variance: Floats, half: Floats) -> None:
        self.mean = mean
        self._surrogate, self._points, self._variance, self._half = surrogate, points, variance, half

    @property
    def deviation(self) -> Floats:
        """The standard deviation at each point."""
        return np.asarray(self._surrogate.scale * np.sqrt(np.maximum(self._variance, _JITTER)), np.float64)

    def believe(self, number: int) -> None:
        """Add a point as if it had been played with its predicted value: others of a batch then lie elsewhere.

        The means stay, the variances near it fall: one more row of the triangular solution.
        """
        surrogate, at = self._surrogate, self._points[number : number + 1]
        rest = surrogate.covariance(at, self._points)[0] - self._half[:, number] @ self._half
        row = rest / math.sqrt(max(float(self._variance[number]), 0.0) + surrogate.noise)
        self._half = np.vstack([self._half, row])
        self._variance = self._variance - row**2

    def without(self, number: int) -> None:
        """Remove a point."""
        self.mean = np.delete(self.mean, number)
        self._points = np.delete(self._points, number, axis=0)
        self._variance = np.delete(self._variance, number)
        self._half = np.delete(self._half, number, axis=1)


def _moved(shape: Shape, number: int, step: float) -> Shape:
    """Return the shape with one parameter multiplied, within its bounds. The last one is the noise."""
    if number == len(shape.lengths):
        return shape._replace(noise=min(max(shape.noise * step**2, _NOISES[0]), _NOISES[1]))
    lengths = list(shape.lengths)
    lengths[number] = min(max(lengths[number] * step, _LENGTHS[0]), _LENGTHS[1])
    return shape._replace(lengths=tuple(lengths))
