"""The derivatives of the figures, averaged over plays, with the part of them that is noise taken into account.

Near saturation the derivative of a figure differs so much between plays that its mean over a few of them is mostly
noise. To least squares this noise is information that the measurement does not contain: the parameters move too little
and their intervals are too narrow. So derivatives are shrunk by the share of them that is noise, as James and Stein
shrink a mean, for each stage and parameter ("Estimation with quadratic loss", 4th Berkeley Symposium, 1961): the
information is then about what it would be with many more plays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.candidate import ModelCandidate
from simulator.calibration.fitting.laws import Array
from simulator.calibration.fitting.likelihood import Likelihood, Whitening, step_of

# Information about each logarithm before the data are seen: a standard deviation of a factor of 20.
INFORMATION_MIN: Final = 0.1
# Less certain derivatives are left out: many that are noise alone would add up.
_TRUST_MIN: Final = 0.5
# A step that moves the figures by more standard deviations than this is beyond what a derivative describes: the
# instance is overloaded at one of its ends, and not at the other.
_LINEAR_MAX: Final = 30.0


class Slopes(NamedTuple):
    """Derivatives of the whitened residuals by each coordinate, and of those that need no play. `trust`: the share of
    each that is not noise.
    """

    whole: Array
    trust: Array
    playless: Array

    @property
    def jacobian(self) -> Array:
        """The derivatives without their noise, and those that need no play."""
        return np.concatenate([self.trust * self.whole, self.playless])

    def estimator(self) -> Array:
        """Return the matrix that gives the change of the estimate by the residuals."""
        jacobian = self.jacobian
        information = jacobian.T @ jacobian + INFORMATION_MIN * np.eye(jacobian.shape[1])
        # the residual is measurement less model, so the estimate moves against the derivative
        return np.asarray(-np.linalg.solve(information, jacobian.T), dtype=np.float64)


def slopes(
    likelihood: Likelihood,
    candidate: ModelCandidate,
    base: Sequence[Array],
    plays: Sequence[int],
    whitening: Whitening,
) -> Slopes:
    """Return the derivatives at a candidate. `base`: its figures in these plays."""
    wholes, trusts = [], []
    for place, coordinate in enumerate(candidate.coordinates):
        step = step_of(coordinate)
        moved = _stepped(candidate, place, step)
        if np.array_equal(moved.point, candidate.point):
            step = -step  # it was at the upper end of its range
            moved = _stepped(candidate, place, step)
        figures = likelihood.figures(moved, plays)
        blocks = [
            _block((before - after) / step @ root.T, step)
            for before, after, root in zip(base, figures, whitening.roots, strict=True)
        ]
        wholes.append(np.concatenate([mean for mean, _ in blocks]))
        trusts.append(np.concatenate([np.full(len(mean), trust) for mean, trust in blocks]))
    return Slopes(np.stack(wholes, axis=1), np.stack(trusts, axis=1), likelihood.playless_slopes(candidate))


def _block(values: Array, step: float) -> tuple[Array, float]:
    """Return the means of the derivatives of a stage, and their share without noise. `values`: a row for each play."""
    mean = values.mean(axis=0)
    square = float((mean**2).sum())
    if square * step**2 > _LINEAR_MAX**2 * len(mean) or square <= 0:
        return mean, 0.0
    if len(values) < 2:
        return mean, 1.0
    trust = 1 - float(values.var(axis=0, ddof=1).sum()) / len(values) / square
    return mean, trust if trust > _TRUST_MIN else 0.0


def _stepped(candidate: ModelCandidate, place: int, step: float) -> ModelCandidate:
    point = candidate.point.copy()
    point[place] += step
    return candidate.moved(point)
