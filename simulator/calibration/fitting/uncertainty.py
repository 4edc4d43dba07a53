"""The uncertainty of fitted parameters, and the test of the fit: both from plays of the best candidate.

A play is what another measurement of the same application, with the same arrivals, would have shown. The change of the
estimate that its figures would have caused is linear in them near the maximum (Gauss-Newton). So each play gives
another estimate; these are the members of the model, and their spread is the uncertainty.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.candidate import Coordinate, Kind, ModelCandidate
from simulator.calibration.fitting.estimation.families import (
    LawPlace,
    OtherFamily,
    law_at,
    other_families,
    with_law,
)
from simulator.calibration.fitting.estimation.refinement import Refined
from simulator.calibration.fitting.estimation.variants import with_integer
from simulator.calibration.fitting.laws import Array
from simulator.calibration.fitting.search import Found
from simulator.lab.quantiles import t_quantile
from simulator.world.random_streams import RandomStreams

# Plays from which the uncertainty is estimated; their numbers follow those that the fit used.
_PLAYS: Final = 80
_DRAWS: Final = 240  # estimates, with other structures and families among them
_PLAYS_OF_FAMILIES: Final = 24
_LEVEL: Final = 0.975
# Below this probability the figures disagree with the best model by more than chance: no play disagrees as much.
P_MIN: Final = 1.5 / _PLAYS
# Increase of the chi-square at the ends of a 95 % interval of one parameter.
_PROFILE: Final = 3.841
_LIMIT_MAX: Final = 200
# The logarithm of the largest factor between a member and the best candidate: a parameter without influence on the
# figures could have any value, but a scenario needs one that it can play.
_FARTHEST: Final = 3.0


class EstimateDraw(NamedTuple):
    """An estimate that another measurement would have given: a candidate, with the point to which it would move."""

    candidate: ModelCandidate
    point: Array


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """`draws`: estimates that other measurements would have given, in proportion to the likelihood of their structures
    and families. `p_value`: probability of at least this disagreement, if the model is right.
    """

    best: ModelCandidate
    draws: Sequence[EstimateDraw]
    p_value: float
    chi_square: float

    def interval(self, *coordinates: Coordinate) -> tuple[float, float, float]:
        """Return the value of a product of parameters, and its 95 % interval: by the mean and the standard deviation of
        the draws, wider if 95 % of the draws have several groups.
        """
        centre = math.log(math.prod(max(self.best.value(each), 1e-12) for each in coordinates))
        found = []
        for draw in self.draws:
            own = draw.candidate.coordinates
            if all(each in own for each in coordinates):
                found.append(float(draw.point[[own.index(each) for each in coordinates]].sum()))
        middle, sd = float(np.mean(found)), float(np.std(found, ddof=1))
        half = t_quantile(len(found) - 1, _LEVEL) * sd
        low, high = np.quantile(found, (1 - _LEVEL, _LEVEL)).tolist()
        return math.exp(centre), math.exp(min(middle - half, low)), math.exp(min(max(middle + half, high), 50.0))

    def members(self, count: int) -> list[ModelCandidate]:
        """Return candidates that the data allow, evenly chosen among the estimates."""
        chosen = np.linspace(0, len(self.draws) - 1, min(count, len(self.draws))).astype(np.int64)
        found = []
        for candidate, point in (self.draws[place] for place in chosen):
            move = np.clip(point - candidate.point, -_FARTHEST, _FARTHEST)
            found.append(candidate.moved(candidate.point + move))
        return found


def uncertainty(found: Found, seed: int) -> Uncertainty:
    """Return the uncertainty of a search's result."""
    structures = [(found.best, 1.0), *found.rivals]
    total = sum(weight for _, weight in structures)
    draws: list[EstimateDraw] = []
    tests = []
    for number, (refined, weight) in enumerate(structures):
        count = max(1, round(_DRAWS * weight / total))
        moves, p_value, chi_square = _moves(found, refined, seed)
        tests.append((p_value, chi_square))
        draws += _draws(found, refined, moves, count, RandomStreams(seed).stream("calibration", "draws", str(number)))
    return Uncertainty(found.best.candidate, draws, *tests[0])


def _draws(found: Found, best: Refined, moves: Array, count: int, rng: np.random.Generator) -> list[EstimateDraw]:
    """Return draws of one structure. The families of its laws are drawn by their likelihoods."""
    candidate = best.candidate
    by_place: dict[LawPlace, list[OtherFamily]] = {}
    if found.allowed:
        plays = found.spread_plays[:_PLAYS_OF_FAMILIES]
        for each in other_families(found.likelihood, best, plays, found.allowed):
            by_place.setdefault(each.place, []).append(each)
    points = np.tile(candidate.point, (count, 1)) + moves[np.arange(count) % len(moves)]
    candidates = [candidate] * count
    for place, others in by_place.items():
        weights = np.array([1.0, *(math.exp(-max(each.cost, 0.0) / 2) for each in others)])
        for draw, choice in enumerate(rng.choice(len(weights), count, p=weights / weights.sum()).tolist()):
            if choice:
                other = others[choice - 1].candidate
                points[draw] += other.point - candidate.point
                candidates[draw] = with_law(candidates[draw], place, law_at(other, place))
    return [EstimateDraw(each, point) for each, point in zip(candidates, points, strict=True)]


def _moves(found: Found, best: Refined, seed: int) -> tuple[Array, float, float]:
    """Return the changes of the estimate that the figures of plays cause, a row each; the probability of at least the
    measured disagreement, and its chi-square.
    """
    likelihood = found.likelihood
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
    return moves, (worse + 1) / (_PLAYS + 1), float((own_left**2).sum())


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


def integer_interval(known: Uncertainty, found: Found, distance: LimitProfile, name: str) -> tuple[int, int | None]:
    """Return the 95 % interval of a limit of the structure, by its profile likelihood and by the structures that the
    data allow. None: no limit is as likely.
    """
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
    drawn = [limit for each in known.draws if (limit := getattr(each.candidate.structure, name)) is not None]
    allowed = np.quantile(drawn, (1 - _LEVEL, _LEVEL), method="inverted_cdf").astype(np.int64).tolist()
    return min(low, *allowed), None if high >= _LIMIT_MAX else max(high, *allowed)


def _lowest(distance: LimitProfile, candidate: ModelCandidate, name: str, bound: float) -> int:
    """Return the smallest limit that agrees as well as none, by bisection."""
    low, high = 0, _LIMIT_MAX
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if distance(with_integer(candidate, name, middle)) <= bound else (middle, high)
    return high


SD_OF: Final = {Kind.CPU_CV: Kind.CPU_MEAN, Kind.IO_CV: Kind.IO_MEAN, Kind.CALL_CV: Kind.CALL_MEAN}
"""The mean with which a relative spread is multiplied to give a standard deviation."""
