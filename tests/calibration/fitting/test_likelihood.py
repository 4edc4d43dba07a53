"""The result of a search of a maximum is compared by the covariance of its own figures, not of those of its start."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from simulator.calibration.fitting import search
from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.estimation.refinement import Refined, refined
from simulator.calibration.fitting.laws import Array, Family, TimeLaw
from simulator.calibration.fitting.likelihood import Likelihood, Whitening, prior_residuals
from simulator.calibration.fitting.search import STRONG, Search
from simulator.world.random_streams import RandomStreams

START = ModelCandidate(AppStructure(workers=3), (TimeLaw(Family.GAMMA, 0.01, 0.5),), (TimeLaw(Family.CONSTANT, 0.05),))
PLAYS = range(4)
SPREAD_PLAYS = range(4, 64)


class KnownLikelihood(Likelihood):
    """Two stages whose figures are known functions of the parameters, and vary the more the longer the CPU time is."""

    def __init__(self) -> None:
        super().__init__((), 1)
        self.statistics = cast(
            "Any", [SimpleNamespace(floors=np.full(size, 0.001), contrasts=np.eye(size)) for size in (2, 3)]
        )
        true = ModelCandidate(START.structure, (TimeLaw(Family.GAMMA, 0.03, 0.4),), (TimeLaw(Family.CONSTANT, 0.04),))
        self.measured = [values.mean(axis=0) for values in self.figures(true, range(4000))]

    def figures(self, candidate: ModelCandidate, plays: Sequence[int]) -> list[Array]:
        x = candidate.point
        means = (np.array([x[0], x[1]]), np.array([x[0] + x[2], x[2], x[1] - x[2]]))
        noise = RandomStreams(1).stream("known").standard_normal((4000, 5))[list(plays)]
        spread = candidate.cpu[0].mean_s
        return [mean + spread * noise[:, part] for mean, part in zip(means, (slice(2), slice(2, 5)), strict=True)]

    def kinds(self, candidate: ModelCandidate, plays: Sequence[int]) -> float:
        return 0.0 * len(plays) * candidate.contention


def test_a_result_has_the_covariance_of_its_own_figures() -> None:
    likelihood = KnownLikelihood()
    found = refined(likelihood, START, plays=PLAYS, spread_plays=SPREAD_PLAYS, rounds=1, evaluations=20)
    assert found.candidate.cpu[0].mean_s == pytest.approx(0.03, rel=0.05)
    own = likelihood.whitening(likelihood.figures(found.candidate, SPREAD_PLAYS), len(PLAYS))
    for root, expected in zip(found.whitening.roots, own.roots, strict=True):
        assert root == pytest.approx(expected)
    residuals = likelihood.residuals(found.candidate, PLAYS, own)
    assert found.chi_square == pytest.approx((residuals**2).sum())


def test_the_derivatives_of_a_result_are_in_its_own_whitening() -> None:
    likelihood = KnownLikelihood()
    found = refined(likelihood, START, plays=PLAYS, spread_plays=SPREAD_PLAYS, rounds=1, evaluations=20)

    def residuals(point: Array) -> Array:
        moved = found.candidate.moved(point)
        return np.concatenate([likelihood.residuals(moved, PLAYS, found.whitening), prior_residuals(moved)])

    point, step = found.candidate.point, 1e-4
    for place in range(len(point)):
        other = point.copy()
        other[place] += step
        expected = (residuals(other) - residuals(point)) / step
        assert found.jacobian[:, place] == pytest.approx(expected, rel=0.05, abs=0.5)


def test_a_limit_is_not_moved_to_a_candidate_whose_figures_only_vary_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a candidate has the smaller chi-square, because no measurement is far from it."""
    best = _refined(START, chi_square=50.0, sd=0.1)
    vague = [_refined(START, chi_square=10.0, sd=10.0)]
    monkeypatch.setattr(search, "refined", lambda *_, **__: vague[0])
    monkeypatch.setattr(Search, "_projected", lambda _self, _best, other: float(other.structure.workers == 3))
    made = Search.__new__(Search)
    made.likelihood, made._quick, made._spread, made._figures = KnownLikelihood(), PLAYS, SPREAD_PLAYS, 20
    made._tolerance, made._has_periods, made._unloaded, made._seen = 0.01, True, None, []
    assert made.criterion(vague[0]) > made.criterion(best) + STRONG
    assert made._with_integers(best) is best
    vague[0] = _refined(START, chi_square=10.0, sd=0.1)
    assert made._with_integers(best) is vague[0]


def _refined(candidate: ModelCandidate, chi_square: float, sd: float) -> Refined:
    return Refined(
        candidate, chi_square, np.zeros((20, 3)), Whitening((np.diag(np.full(20, 1 / sd)),), 20), np.zeros((3, 20))
    )
