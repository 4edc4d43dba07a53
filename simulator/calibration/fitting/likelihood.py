"""The synthetic likelihood of a candidate: figures of each stage compared with their mean and covariance over plays.

Wood: "Statistical inference for noisy nonlinear ecological dynamic systems", Nature 466, 2010.

Arrivals are those of the measurement, so what differs between plays is the work of the requests, and its effects on
each other; their covariance contains the correlation of requests that waited for each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.candidate import Coordinate, Kind, ModelCandidate
from simulator.calibration.fitting.figures.statistics import StageStatistics
from simulator.calibration.fitting.fit_stage import FitStage
from simulator.calibration.fitting.laws import Array
from simulator.calibration.fitting.stage_play import StagePlayer
from simulator.calibration.fitting.unloaded.block import UnloadedBlock

# What is assumed before the data are seen, so that a parameter without influence on them stays where it is: the
# logarithm is normal with this mean and standard deviation.
_PRIORS: Final[dict[Kind, tuple[float, float]]] = {
    Kind.CPU_CV: (np.log(0.4), 1.5),
    Kind.IO_CV: (np.log(0.4), 1.5),
    Kind.CALL_CV: (np.log(0.4), 1.5),
    Kind.CONTENTION: (np.log(0.02), 2.0),
    Kind.COHERENCY: (np.log(0.001), 2.5),
}
# The speed of a real machine differs from stage to stage: by caches, its clock, and other work.
_SPEED_VARIES: Final = 0.03
# Step of a coordinate for its derivative. Larger than the noise of a play, smaller than curvature.
_STEPS: Final[dict[Kind, float]] = {
    Kind.CPU_MEAN: 0.01,
    Kind.IO_MEAN: 0.01,
    Kind.CALL_MEAN: 0.01,
    Kind.CPU_CV: 0.08,
    Kind.IO_CV: 0.05,
    Kind.CALL_CV: 0.08,
    Kind.CONTENTION: 0.1,
    Kind.COHERENCY: 0.1,
}


_EXACT_STEP: Final = 0.01  # the same of residuals without noise

# Plays from which outliers are seen, and the distance from the median, in half the range of the central 90 %, beyond
# which a figure is one: six standard deviations of a normal distribution are 3.6 of them.
_PLAYS_FOR_OUTLIERS: Final = 20
_REACH: Final = 3.6
# Share of the plays that must be overloaded as the measurement is, so that the others are replaced.
_ALIKE_MIN: Final = 0.1


class Whitening(NamedTuple):
    """The inverse square roots of the covariances of the stages, and how many figures they have."""

    roots: tuple[Array, ...]
    size: int

    @property
    def log_determinant(self) -> float:
        """The sum of the logarithms of the determinants of the covariances."""
        return -2 * sum(float(np.log(np.diag(root)).sum()) for root in self.roots)

    def changed(self, jacobian: Array, other: Whitening) -> Array:
        """Return derivatives of residuals by another whitening as those by this one."""
        blocks, first = [], 0
        for old, new in zip(other.roots, self.roots, strict=True):
            blocks.append(new @ np.linalg.solve(old, jacobian[first : first + len(old)]))
            first += len(old)
        return np.concatenate(blocks)


class _Played(NamedTuple):
    """The figures of a stage, a row for each play, and in how many plays it was behind as in the measurement."""

    values: Array
    alike: int


class Likelihood:
    """Compares candidates with the measured figures of all stages, and with requests that were sent one at a time."""

    def __init__(self, stages: Sequence[FitStage], seed: int, unloaded: UnloadedBlock | None = None) -> None:
        self.unloaded = unloaded
        statistics = [StageStatistics(stage) for stage in stages]
        used = [n for n, each in enumerate(statistics) if each.has_routes]
        self.stages = [stages[n] for n in used]
        self.statistics = [statistics[n] for n in used]
        self.players = [StagePlayer(stage, seed) for stage in self.stages]
        self.measured = [each.measured() for each in self.statistics]
        self._last: tuple[tuple[ModelCandidate, Sequence[int]] | None, list[_Played]] = None, []

    def figures(self, candidate: ModelCandidate, plays: Sequence[int]) -> list[Array]:
        """Return the figures of each stage, a row for each play.

        Near the capacity, whether an instance becomes overloaded is a matter of chance, and the figures are of two
        kinds. Plays of the kind that was not measured are replaced by others: the figures are those on condition that
        the instance was behind its arrivals, or was not.
        """
        return [each.values for each in self._played(candidate, plays)]

    def kinds(self, candidate: ModelCandidate, plays: Sequence[int]) -> float:
        """Return minus twice the log-probability that each stage is behind its arrivals, or is not, as it was."""
        return -2 * sum(math.log((each.alike + 0.5) / (len(plays) + 1)) for each in self._played(candidate, plays))

    def _played(self, candidate: ModelCandidate, plays: Sequence[int]) -> list[_Played]:
        if self._last[0] == (candidate, plays):
            return self._last[1]
        found = []
        for player, statistics in zip(self.players, self.statistics, strict=True):
            played = player.play(candidate, plays)
            alike = np.flatnonzero(player.stage.behind(played.latency_s) == player.stage.is_behind)
            count = len(alike)
            if count < max(1, _ALIKE_MIN * len(plays)):
                alike = np.arange(len(plays))
            found.append(_Played(statistics.of(*played)[np.resize(alike, len(plays))], count))
        self._last = (candidate, plays), found
        return found

    def whitening(
        self, figures: Sequence[Array], plays: int, discrepancy: float = 0.0, speeds: Sequence[Array] = ()
    ) -> Whitening:
        """Return the whitening by the covariance of `figures`, for means over `plays` plays.

        `discrepancy`: standard deviation by which each logarithm may differ because the model is not the application.
        `speeds`: changes of the figures of each stage with the speed of the machine; empty: it does not vary.
        """
        roots = []
        for number, (values, statistics) in enumerate(zip(figures, self.statistics, strict=True)):
            covariance = np.atleast_2d(np.cov(_without_outliers(values), rowvar=False))
            # with few plays the correlations are noisy: those of the contrasts are shrunk towards none
            size = len(covariance)
            shrink = min(0.5, size / (4 * len(values)))
            covariance = _shrunk(covariance, statistics.contrasts, shrink)
            covariance = covariance * (1 + 1 / plays)
            covariance += np.diag(statistics.floors**2 + discrepancy**2)
            if speeds:
                covariance += _SPEED_VARIES**2 * np.outer(speeds[number], speeds[number])
            roots.append(np.linalg.inv(np.linalg.cholesky(covariance)))
        return Whitening(tuple(roots), sum(map(len, self.measured)))

    def speeds(self, candidate: ModelCandidate, plays: Sequence[int]) -> list[Array]:
        """Return the derivatives of the figures by the logarithm of all times; empty if no stage is of real time."""
        if not any(stage.is_live for stage in self.stages):
            return []
        slower = self.figures(candidate.slowed(1 + _SPEED_VARIES), plays)
        slopes = []
        for stage, changed, values in zip(self.stages, slower, self.figures(candidate, plays), strict=True):
            slope = (changed.mean(axis=0) - values.mean(axis=0)) / math.log1p(_SPEED_VARIES)
            slopes.append(slope if stage.is_live else np.zeros_like(slope))
        return slopes

    def residuals(self, candidate: ModelCandidate, plays: Sequence[int], whitening: Whitening) -> Array:
        """Return the whitened differences of measurement and model, stage by stage."""
        return self.residuals_of(self.figures(candidate, plays), whitening)

    @property
    def unloaded_size(self) -> int:
        """The number of residuals of requests that were sent one at a time."""
        return 0 if self.unloaded is None else self.unloaded.size

    def playless(self, candidate: ModelCandidate) -> Array:
        """Return the residuals that need no play: those of requests that were sent one at a time, then those of the
        prior.
        """
        prior = prior_residuals(candidate)
        return prior if self.unloaded is None else np.concatenate([self.unloaded.residuals(candidate), prior])

    def playless_slopes(self, candidate: ModelCandidate) -> Array:
        """Return the derivatives of these residuals by each coordinate, by central differences."""
        columns, point = [], candidate.point
        for place in range(len(point)):
            step = np.zeros(len(point))
            step[place] = _EXACT_STEP
            low, high = candidate.moved(point - step), candidate.moved(point + step)
            apart = max(float((high.point - low.point)[place]), 1e-9)  # less at an end of its range
            columns.append((self.playless(high) - self.playless(low)) / apart)
        return np.stack(columns, axis=1)

    def chi_square(self, candidate: ModelCandidate, stages: Array) -> float:
        """Return the sum of the squares of the residuals of all data. `stages`: those of the stages."""
        unloaded = np.zeros(0) if self.unloaded is None else self.unloaded.residuals(candidate)
        return float((stages**2).sum() + (unloaded**2).sum())

    def residuals_of(self, figures: Sequence[Array], whitening: Whitening) -> Array:
        """Return the whitened differences of the measurement and the means of figures over their plays."""
        means = [values.mean(axis=0) for values in figures]
        return np.concatenate(
            [root @ (ours - mean) for root, ours, mean in zip(whitening.roots, self.measured, means, strict=True)]
        )


def _without_outliers(values: Array) -> Array:
    """Return the figures of plays with those far from the others moved nearer: one play in a hundred in which the
    instance is overloaded does not make the figures of the others vary more.
    """
    if len(values) < _PLAYS_FOR_OUTLIERS:
        return values
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95), axis=0)
    reach = _REACH * (high - low) / 2
    return np.clip(values, middle - reach, middle + reach)


def _shrunk(covariance: Array, contrasts: Array, shrink: float) -> Array:
    """Return the covariance with smaller correlations of the contrasts."""
    changed = contrasts @ covariance @ contrasts.T
    changed = (1 - shrink) * changed + shrink * np.diag(np.diag(changed))
    back = np.linalg.inv(contrasts)
    return back @ changed @ back.T


def prior_residuals(candidate: ModelCandidate) -> Array:
    """Return the differences of the coordinates from what is assumed before the data are seen."""
    found = []
    for coordinate, value in zip(candidate.coordinates, candidate.point, strict=True):
        if coordinate.kind in _PRIORS:
            mean, sd = _PRIORS[coordinate.kind]
            found.append((value - mean) / sd)
    return np.array(found)


def step_of(coordinate: Coordinate) -> float:
    """Return the step of a coordinate for its derivative."""
    return _STEPS[coordinate.kind]
