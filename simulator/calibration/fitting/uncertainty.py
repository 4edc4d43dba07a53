"""The uncertainty of fitted parameters, and the test of the fit: both from plays of the best candidate.

A play is what another measurement of the same application, with the same arrivals, would have shown. The change of the
estimate that its figures would have caused is linear in them near the maximum (Gauss-Newton). So each play gives
another estimate; these are the members of the model, and their spread is the uncertainty.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.calibration.fitting.candidate import Coordinate, Kind, ModelCandidate
from simulator.calibration.fitting.laws import Array
from simulator.calibration.fitting.search import Found, with_integer
from simulator.lab.quantiles import t_quantile
from simulator.world.random_streams import RandomStreams

# Plays from which the uncertainty is estimated; their numbers follow those that the fit used.
_PLAYS: Final = 80
_LEVEL: Final = 0.975
# Below this probability the figures disagree with the best model by more than chance: no play disagrees as much.
P_MIN: Final = 1.5 / _PLAYS
# Increase of the chi-square at the ends of a 95 % interval of one parameter.
_PROFILE: Final = 3.841
_LIMIT_MAX: Final = 200
# The logarithm of the largest factor between a member and the best candidate: a parameter without influence on the
# figures could have any value, but a scenario needs one that it can play.
_FARTHEST: Final = 3.0


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """`points`: estimates that other measurements would have given, around the best one. `p_value`: probability of at
    least this disagreement, if the model is right.
    """

    best: ModelCandidate
    points: Array
    p_value: float
    chi_square: float

    def interval(self, *coordinates: Coordinate) -> tuple[float, float, float]:
        """Return the value of a product of parameters, and its 95 % interval."""
        places = [self.best.coordinates.index(each) for each in coordinates]
        centre = float(self.best.point[places].sum())
        sd = float(self.points[:, places].sum(axis=1).std(ddof=1))
        half = t_quantile(len(self.points) - 1, _LEVEL) * sd
        return math.exp(centre), math.exp(centre - half), math.exp(min(centre + half, 50.0))

    def members(self, count: int) -> list[ModelCandidate]:
        """Return candidates that the data allow, evenly chosen among the estimates."""
        chosen = np.linspace(0, len(self.points) - 1, min(count, len(self.points))).astype(np.int64)
        moves = np.clip(self.points[chosen] - self.best.point, -_FARTHEST, _FARTHEST)
        return [self.best.moved(self.best.point + move) for move in moves]


def uncertainty(found: Found, seed: int) -> Uncertainty:
    """Return the uncertainty of a search's result."""
    best, likelihood = found.best, found.likelihood
    first = found.spread_plays[-1] + 1
    figures = likelihood.figures(best.candidate, range(first, first + _PLAYS))
    count, scale = best.whitening.size, math.sqrt(1 + 1 / len(found.spread_plays))
    rng = RandomStreams(seed).stream("calibration", "uncertainty")
    rows = []
    for values, root in zip(figures, best.whitening.roots, strict=True):
        centred = (values - values.mean(axis=0)) * scale
        centred = centred + rng.normal(0.0, found.discrepancy, centred.shape)
        rows.append(centred @ root.T)
    if likelihood.unloaded is not None:
        rows.append(likelihood.unloaded.noise(rng, _PLAYS))
        count += likelihood.unloaded_size
    residuals = np.concatenate(rows, axis=1)
    jacobian = best.jacobian
    solve = best.estimator
    own = likelihood.residuals(best.candidate, found.spread_plays, best.whitening)
    own = np.concatenate([own, likelihood.playless(best.candidate)[: likelihood.unloaded_size]])
    priors = rng.standard_normal((_PLAYS, len(jacobian) - count))
    moves = residuals @ solve[:, :count].T + priors @ solve[:, count:].T
    data = jacobian[:count]
    left = residuals + (residuals @ solve[:, :count].T) @ data.T
    own_left = own + data @ (solve[:, :count] @ own)
    worse = int(((left**2).sum(axis=1) >= float((own_left**2).sum())).sum())
    moves -= moves.mean(axis=0)
    points = best.candidate.point + moves
    return Uncertainty(best.candidate, points, (worse + 1) / (_PLAYS + 1), float((own_left**2).sum()))


class LimitProfile:
    """The chi-square of candidates after the best linear change of the continuous parameters."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._plays = found.plays[: max(4, len(found.plays) // 2)]
        self._jacobian = found.best.jacobian
        self._solve = np.linalg.pinv(found.best.jacobian, rcond=1e-10)

    def __call__(self, candidate: ModelCandidate) -> float:
        likelihood = self._found.likelihood
        stages = likelihood.residuals(candidate, self._plays, self._found.best.whitening)
        residuals = np.concatenate([stages, likelihood.playless(candidate)])
        left = residuals - self._jacobian @ (self._solve @ residuals)
        return float((left**2).sum())


def integer_interval(found: Found, distance: LimitProfile, name: str) -> tuple[int, int | None]:
    """Return the 95 % interval of a limit of the structure, by its profile likelihood. None: no limit is as likely."""
    candidate = found.best.candidate
    value = getattr(candidate.structure, name)
    bound = distance(candidate) + _PROFILE
    if value is None:
        return _lowest(distance, candidate, name, bound), None
    low = value
    while low > 1 and distance(with_integer(candidate, name, low - 1)) <= bound:
        low -= 1
    high = value
    while high < _LIMIT_MAX and distance(with_integer(candidate, name, high + 1)) <= bound:
        high += max(1, high // 8)
    return low, None if high >= _LIMIT_MAX else high


def _lowest(distance: LimitProfile, candidate: ModelCandidate, name: str, bound: float) -> int:
    """Return the smallest limit that agrees as well as none, by bisection."""
    low, high = 0, _LIMIT_MAX
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if distance(with_integer(candidate, name, middle)) <= bound else (middle, high)
    return high


SD_OF: Final = {Kind.CPU_CV: Kind.CPU_MEAN, Kind.IO_CV: Kind.IO_MEAN, Kind.CALL_CV: Kind.CALL_MEAN}
"""The mean with which a relative spread is multiplied to give a standard deviation."""
