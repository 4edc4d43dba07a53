"""Other families: how much worse they agree, and which parameters go with them, by a linear change."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import scipy.stats

from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.estimation.families import (
    LawPlace,
    law_at,
    other_families,
    projected,
    with_law,
)
from simulator.calibration.fitting.estimation.refinement import Refined, refined
from simulator.calibration.fitting.laws import Array, Family, TimeLaw
from simulator.calibration.fitting.likelihood import Likelihood
from simulator.calibration.fitting.unloaded.block import UnloadedBlock
from simulator.calibration.fitting.unloaded.samples import RouteSamples, UnloadedSamples
from simulator.world.random_streams import RandomStreams
from tests.calibration.fitting.unloaded.test_columns import drawn

TRUE = ModelCandidate(AppStructure(), (TimeLaw(Family.GAMMA, 0.01, 0.7),), (TimeLaw(Family.LOGNORMAL, 0.05, 0.3),))
CPU = LawPlace("cpu", 0)
COUNT = 600


class UnloadedLikelihood(Likelihood):
    """One stage with a single figure, the mean I/O time, and requests that were sent one at a time."""

    def __init__(self) -> None:
        samples = RouteSamples(drawn(TRUE.cpu[0], count=COUNT), drawn(TRUE.io[0], count=COUNT, seed=2), np.zeros(0))
        super().__init__((), 1, UnloadedBlock(UnloadedSamples((samples,), is_live=False)))
        self.statistics = cast("Any", [SimpleNamespace(floors=np.full(1, 0.001), contrasts=np.eye(1))])
        self.measured = [np.log([0.05])]

    def figures(self, candidate: ModelCandidate, plays: Sequence[int]) -> list[Array]:
        noise = RandomStreams(1).stream("known").standard_normal((200, 1))[list(plays)]
        return [np.log(candidate.io[0].mean_s) + 0.02 * noise]

    def kinds(self, candidate: ModelCandidate, plays: Sequence[int]) -> float:
        return 0.0 * len(plays) * candidate.contention


def best_of(start: ModelCandidate) -> tuple[Likelihood, Refined]:
    likelihood = UnloadedLikelihood()
    found = refined(likelihood, start, plays=range(8), spread_plays=range(8, 108), rounds=1, evaluations=8)
    return likelihood, found


def test_the_true_family_agrees_better_and_its_parameters_are_those_of_scipy() -> None:
    lognormal = with_law(TRUE, CPU, TimeLaw(Family.LOGNORMAL, 0.01, 0.7))
    likelihood, best = best_of(lognormal)
    options = other_families(likelihood, best, range(8), {})
    nearest = min((each for each in options if each.place == CPU), key=lambda each: each.cost)
    law = law_at(nearest.candidate, CPU)
    assert law.family is Family.GAMMA
    shape, _, scale = scipy.stats.gamma.fit(drawn(TRUE.cpu[0], count=COUNT), floc=0.0)
    assert law.mean_s == pytest.approx(shape * scale, rel=0.02)
    assert law.cv == pytest.approx(shape**-0.5, rel=0.06)
    # minus twice the difference of log-likelihoods, of the times themselves
    times_s = drawn(TRUE.cpu[0], count=COUNT)
    sigma, _, middle = scipy.stats.lognorm.fit(times_s, floc=0.0)
    apart = scipy.stats.gamma.logpdf(times_s, shape, scale=scale) - scipy.stats.lognorm.logpdf(
        times_s, sigma, scale=middle
    )
    assert nearest.cost == pytest.approx(-2 * float(apart.sum()), rel=0.35)


def test_only_allowed_families_are_tried() -> None:
    likelihood, best = best_of(TRUE)
    allowed = {CPU: frozenset({Family.GAMMA, Family.WEIBULL}), LawPlace("io", 0): frozenset({Family.LOGNORMAL})}
    (only,) = other_families(likelihood, best, range(8), allowed)
    assert law_at(only.candidate, only.place).family is Family.WEIBULL


def test_a_candidate_is_projected_back_to_the_best_one() -> None:
    likelihood, best = best_of(TRUE)
    base, _ = projected(likelihood, best, best.candidate, range(8))
    moved = best.candidate.moved(best.candidate.point + np.array([0.02, -0.03, 0.01, 0.02]))
    cost, point = projected(likelihood, best, moved, range(8))
    assert point == pytest.approx(best.candidate.point, abs=0.004)
    assert cost == pytest.approx(base, abs=0.3)
