"""Structures that the data do not exclude are in the result, with weights; a polish does not leave for overload."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.estimation.refinement import Refined, polished
from simulator.calibration.fitting.estimation.variants import with_integer
from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.calibration.fitting.likelihood import Likelihood, Whitening
from simulator.calibration.fitting.screening import Screened, one_of_each
from simulator.calibration.fitting.search import Search
from simulator.world.random_streams import RandomStreams
from tests.calibration.fitting.test_likelihood import START, KnownLikelihood

CPU, IO = TimeLaw(Family.GAMMA, 0.01, 0.5), TimeLaw(Family.CONSTANT, 0.05)
POOLED = ModelCandidate(AppStructure(pool=2), (CPU,), (IO,), TimeLaw(Family.LOGNORMAL, 0.02, 0.5))


def refined_(candidate: ModelCandidate, chi_square: float) -> Refined:
    return Refined(candidate, chi_square, np.zeros((1, 1)), Whitening((np.eye(1),), 1), np.zeros((1, 1)))


def search(monkeypatch: pytest.MonkeyPatch, seen: list[Refined], polish: dict[AppStructure, float]) -> Search:
    made = Search.__new__(Search)
    made._unloaded = cast("Any", SimpleNamespace(is_live=False))
    made._seen, made._figures, made._capacity = seen, 100, cast("Any", None)
    made._plays = made._spread = range(4)
    made._allowed, made.likelihood = {}, cast("Any", None)
    monkeypatch.setattr(Search, "_polished", lambda _self, candidate: refined_(candidate, polish[candidate.structure]))
    return made


def test_a_pool_of_another_size_that_agrees_as_well_is_a_rival_and_the_better_one_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    larger, largest = with_integer(POOLED, "pool", 3), with_integer(POOLED, "pool", 9)
    best = refined_(POOLED, 50.0)
    seen = [best, refined_(larger, 53.0), refined_(largest, 90.0)]
    polish = {POOLED.structure: 52.0, larger.structure: 49.0}
    found = search(monkeypatch, seen, polish)._averaged(best)
    assert found.best.candidate == larger
    ((rival, weight),) = found.rivals
    assert rival.candidate == POOLED
    assert weight == pytest.approx(math.exp(-3.0 / 6))


def test_a_structure_with_a_further_mechanism_that_changes_nothing_is_no_rival(monkeypatch: pytest.MonkeyPatch) -> None:
    with_workers = ModelCandidate(AppStructure(pool=2, workers=90), (CPU,), (IO,), POOLED.call)
    best = refined_(POOLED, 50.0)
    found = search(monkeypatch, [best, refined_(with_workers, 50.0)], {POOLED.structure: 50.0})._averaged(best)
    assert found.rivals == ()


def test_one_variant_of_each_mechanism_is_compared() -> None:
    larger = with_integer(POOLED, "pool", 3)
    workers = ModelCandidate(AppStructure(workers=4), (CPU,), (IO,))
    kept = one_of_each([Screened(larger, 0.9), Screened(workers, 0.8), Screened(POOLED, 0.7)])
    assert [each.candidate for each in kept] == [POOLED, workers]


class OverloadedLikelihood(KnownLikelihood):
    """Beyond a CPU time of 29.5 ms the instance is overloaded: its figures vary so much that no measurement is far. The
    parameters with which the others were made are beyond it.
    """

    def figures(self, candidate: ModelCandidate, plays: Any) -> list[Any]:
        found = super().figures(candidate, plays)
        if candidate.cpu[0].mean_s < 0.0295:
            return found
        wild = 3.0 * RandomStreams(1).stream("wild").standard_normal((len(plays), 5))
        return [values + wild[:, part] for values, part in zip(found, (slice(2), slice(2, 5)), strict=True)]


def test_a_polish_does_not_end_where_the_figures_only_vary_more() -> None:
    start = START.moved(START.point + np.log([2.77, 0.8, 0.8]))
    likelihood: Likelihood = OverloadedLikelihood()
    found = polished(likelihood, start, plays=range(8), spread_plays=range(200))
    assert found.candidate.cpu[0].mean_s < 0.0295
    assert found.chi_square + found.whitening.log_determinant < 0
