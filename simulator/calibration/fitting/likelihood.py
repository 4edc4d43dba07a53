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
from simulator.calibration.fitting.fit_stage import FitStage
from simulator.calibration.fitting.laws import Array
from simulator.calibration.fitting.stage_play import StagePlayer
from simulator.calibration.fitting.statistics import StageStatistics
from simulator.lab.extras import needed

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


class Whitening(NamedTuple):
    """The inverse square roots of the covariances of the stages, and how many figures they have."""

    roots: tuple[Array, ...]
    size: int

    @property
    def log_determinant(self) -> float:
        """The sum of the logarithms of the determinants of the covariances."""
        return -2 * sum(float(np.log(np.diag(root)).sum()) for root in self.roots)

    def changed(self, jacobian: Array, other: Whitening) -> Array:
        """Return derivatives of residuals by this whitening as those by another; the rows of the prior stay."""
        blocks, first = [], 0
        for old, new in zip(self.roots, other.roots, strict=True):
            blocks.append(new @ np.linalg.solve(old, jacobian[first : first + len(old)]))
            first += len(old)
        return np.concatenate([*blocks, jacobian[first:]])


class Likelihood:
    """Compares candidates with the measured figures of all stages."""

    def __init__(self, stages: Sequence[FitStage], seed: int) -> None:
        statistics = [StageStatistics(stage) for stage in stages]
        used = [n for n, each in enumerate(statistics) if each.has_routes]
        self.stages = [stages[n] for n in used]
        self.statistics = [statistics[n] for n in used]
        self.players = [StagePlayer(stage, seed) for stage in self.stages]
        self.measured = [each.measured() for each in self.statistics]

    def figures(self, candidate: ModelCandidate, plays: Sequence[int]) -> list[Array]:
        """Return the figures of each stage, a row for each play."""
        found = []
        for player, statistics in zip(self.players, self.statistics, strict=True):
            played = player.play(candidate, plays)
            found.append(statistics.of(played.latency_s, played.cpu_s))
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
            covariance = np.atleast_2d(np.cov(values, rowvar=False))
            # with few plays the correlations are noisy: they are shrunk towards none
            size = len(covariance)
            shrink = min(0.5, size / (4 * len(values)))
            diagonal = np.diag(np.diag(covariance))
            covariance = (1 - shrink) * covariance + shrink * diagonal
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
        means = [values.mean(axis=0) for values in self.figures(candidate, plays)]
        return np.concatenate(
            [root @ (ours - mean) for root, ours, mean in zip(whitening.roots, self.measured, means, strict=True)]
        )


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


class Refined(NamedTuple):
    """A candidate at the maximum of its likelihood.

    `whitening`: by the covariance of the candidate's own figures, in which `chi_square` (of the data alone) and
    `jacobian` (of the residuals with those of the prior) are.
    """

    candidate: ModelCandidate
    chi_square: float
    jacobian: Array
    whitening: Whitening


def refined(
    likelihood: Likelihood,
    start: ModelCandidate,
    *,
    plays: Sequence[int],
    spread_plays: Sequence[int],
    rounds: int,
    evaluations: int = 5,
    discrepancy: float = 0.0,
) -> Refined:
    """Search the maximum of the likelihood by a trust-region method (scipy).

    In each of `rounds`, the covariance is that of plays of the round's first candidate; in the result, that of plays of
    the result, so that results can be compared.
    """
    assert rounds > 0, rounds
    candidate, jacobian = start, np.zeros((0, 0))

    def whitening_of(candidate: ModelCandidate) -> Whitening:
        speeds = likelihood.speeds(candidate, plays) if discrepancy else ()
        return likelihood.whitening(likelihood.figures(candidate, spread_plays), len(plays), discrepancy, speeds)

    whitening = whitening_of(candidate)
    for _ in range(rounds):
        candidate, jacobian = _climbed(likelihood, candidate, plays, whitening, evaluations)
        own = whitening_of(candidate)
        whitening, jacobian = own, whitening.changed(jacobian, own)
    residuals = likelihood.residuals(candidate, plays, whitening)
    return Refined(candidate, float((residuals**2).sum()), jacobian, whitening)


def _climbed(
    likelihood: Likelihood, start: ModelCandidate, plays: Sequence[int], whitening: Whitening, evaluations: int
) -> tuple[ModelCandidate, Array]:
    last: dict[bytes, Array] = {}

    def residuals(point: Array) -> Array:
        key = np.asarray(point).tobytes()
        if key not in last:
            moved = start.moved(point)
            last[key] = np.concatenate([likelihood.residuals(moved, plays, whitening), prior_residuals(moved)])
        return last[key]

    def jacobian(point: Array) -> Array:
        base = residuals(point)
        columns = []
        for place, coordinate in enumerate(start.coordinates):
            step = step_of(coordinate)
            other = np.array(point, dtype=np.float64)
            other[place] += step
            if np.array_equal(start.moved(other).point, start.moved(point).point):
                step, other[place] = -step, other[place] - 2 * step  # at the upper end of its range
            columns.append((residuals(other) - base) / step)
        return np.stack(columns, axis=1)

    found = needed("scipy.optimize").least_squares(
        residuals,
        start.point,
        jac=jacobian,
        method="trf",
        x_scale=np.array([10 * step_of(each) for each in start.coordinates]),
        ftol=1e-3,
        xtol=1e-4,
        gtol=1e-3,
        max_nfev=evaluations,
    )
    return start.moved(found.x), np.asarray(found.jac)
