"""The discrepancy of a model, as a variation of its parameters from load to load.

No model is the application, so even its best parameters leave differences that chance does not explain (Kennedy and
O'Hagan, "Bayesian calibration of computer models", J. R. Statist. Soc. B 63, 2001). They are described by parameters
that vary: CPU times, I/O times, times with a connection and the relative spreads of all times each have a factor that
differs from load to load. Their standard deviations are those with which the figures of all stages vary as much as they
differ from the model (Sargsyan, Najm and Ghanem, "On the statistical calibration of physical models", Int. J. Chem.
Kinet. 47, 2015). So a prediction of any figure, at any load, contains the discrepancy: close to saturation, where a
small change of a CPU time changes the latency by much, it is large.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.candidate import Coordinate, Kind, ModelCandidate
from simulator.calibration.fitting.estimation.refinement import Refined
from simulator.calibration.fitting.laws import Array
from simulator.calibration.fitting.likelihood import Likelihood
from simulator.lab.extras import needed
from simulator.model.text.quantities import digits_text
from simulator.world.random_streams import RandomStreams

# The parameters that vary together.
_GROUPS: Final = {
    "CPU times": frozenset({Kind.CPU_MEAN}),
    "I/O times": frozenset({Kind.IO_MEAN}),
    "times with a connection or lock": frozenset({Kind.CALL_MEAN}),
    "spreads of times": frozenset({Kind.CPU_CV, Kind.IO_CV, Kind.CALL_CV}),
}
# ASSUMPTION: all stages of an observation found the machine in one state, so a run at another time differs by more; the
# standard deviation of saturation rates in repeated runs of benchmarks/calibration_live would settle by how much.
_ANOTHER_RUN: Final = 0.03
_TOLD: Final = 0.01  # a deviation from which it is told
# Standard deviations of the logarithms between which the discrepancy is searched.
_LEAST: Final = 1e-4
_MOST: Final = 0.7
_START: Final = 0.03
# A difference of this much is not ascribed to the parameters.
_NOT_COMPARED: Final = 0.005


class StageDifference(NamedTuple):
    """The figures of a stage, as logarithms: how far the measured ones are from the model, the variance that chance
    explains, and their derivatives by each coordinate of the candidate.
    """

    apart: Array
    variance: Array
    slopes: Array


class Discrepancy(NamedTuple):
    """Standard deviations of the logarithms of each group of parameters, estimated from a number of stages."""

    deviations: tuple[float, ...]
    stages: int

    @property
    def text(self) -> str:
        """The deviations as text, such as `CPU times by 4 %, I/O times by 7 %`; empty if there are none."""
        named = zip(_GROUPS, self.deviations, strict=True)
        return ", ".join(f"{name} by {digits_text(100 * share, 2)} %" for name, share in named if share >= _TOLD)

    def in_another_run(self) -> Discrepancy:
        """Return the discrepancy for a run at another time in real time: mean times differ by more."""
        spreads = len(self.deviations) - 1
        further = (math.hypot(each, _ANOTHER_RUN) for each in self.deviations[:spreads])
        return self._replace(deviations=(*further, self.deviations[spreads]))

    def varied(self, candidates: Sequence[ModelCandidate], seed: int) -> list[ModelCandidate]:
        """Return the candidates with parameters as they may be at a further load.

        The deviations are estimates from few stages, so the factors have Student's t distribution.
        """
        rng = RandomStreams(seed).stream("calibration", "discrepancy")
        count, freedom = len(candidates), max(2, self.stages - 1)
        shares = (np.arange(count) + 0.5) / count
        quantiles = np.asarray(needed("scipy.special").stdtrit(freedom, shares))
        factors = np.stack([deviation * rng.permutation(quantiles) for deviation in self.deviations], axis=1)
        return [
            each.moved(each.point + columns_of(each.coordinates) @ factor)
            for each, factor in zip(candidates, factors, strict=True)
        ]


def columns_of(coordinates: Sequence[Coordinate]) -> Array:
    """Return a row for each coordinate, with 1 in the column of its group."""
    return np.array([[float(each.kind in group) for group in _GROUPS.values()] for each in coordinates])


def differences(likelihood: Likelihood, best: Refined, plays: Sequence[int]) -> list[StageDifference]:
    """Return the differences of each stage from the best candidate."""
    figures = likelihood.figures(best.candidate, plays)
    found, first = [], 0
    for values, measured, statistics, root in zip(
        figures, likelihood.measured, likelihood.statistics, best.whitening.roots, strict=True
    ):
        rows = best.jacobian[first : first + len(root)]
        first += len(root)
        chance = values.var(axis=0, ddof=1) * (1 + 1 / len(values))
        variance = np.asarray(chance + statistics.floors**2, dtype=np.float64)
        # residuals are measurement less model, so the model's own derivatives have the other sign
        slopes = -np.asarray(np.linalg.solve(root, rows), dtype=np.float64)
        found.append(StageDifference(measured - values.mean(axis=0), variance, slopes))
    return found


def embedded(stages: Sequence[StageDifference], coordinates: Sequence[Coordinate]) -> Discrepancy:
    """Return the discrepancy with which the figures vary as much as they differ from the model.

    The likelihood is that of each figure by itself, so that each is covered.
    """
    groups = columns_of(coordinates)
    apart = np.concatenate([stage.apart for stage in stages])
    variance = np.concatenate([stage.variance for stage in stages])
    effects = np.concatenate([(stage.slopes @ groups) ** 2 for stage in stages])
    # the parameters were fitted to the same figures, which made the differences smaller
    squares = apart**2 * len(apart) / max(1, len(apart) - len(coordinates))
    variance = variance + _NOT_COMPARED**2

    def cost(point: Array) -> tuple[float, Array]:
        omega = np.exp(2 * np.asarray(point))
        total = variance + effects @ omega
        value = float((np.log(total) + squares / total).sum())
        slope = (1 / total - squares / total**2) @ effects * 2 * omega
        return value, slope

    start = np.full(len(_GROUPS), math.log(_START))
    bounds = [(math.log(_LEAST), math.log(_MOST))] * len(_GROUPS)
    found = needed("scipy.optimize").minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds)
    deviations = tuple(
        float(math.exp(value)) if effect > 0 else 0.0
        for value, effect in zip(found.x, effects.sum(axis=0), strict=True)
    )
    return Discrepancy(deviations, len(stages))
