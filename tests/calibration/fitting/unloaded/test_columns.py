"""Shares of bins: against probabilities by scipy, and against the spread that chance gives."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from simulator.calibration.fitting.laws import Array, Family, TimeLaw
from simulator.calibration.fitting.unloaded.columns import TimeColumn
from simulator.world.random_streams import RandomStreams

CPU = TimeLaw(Family.GAMMA, 0.01, 0.5)
CALL = TimeLaw(Family.LOGNORMAL, 0.03, 0.8)


def drawn(*laws: TimeLaw, count: int, seed: int = 1) -> Array:
    z = RandomStreams(seed).stream("times").standard_normal((len(laws), count))
    times_s: Array = np.sum([law.at(row) for law, row in zip(laws, z, strict=True)], axis=0)
    return times_s


def test_the_shares_of_a_law_are_those_of_scipy() -> None:
    column = TimeColumn(drawn(CPU, count=300))
    shares = column.shares((CPU,))
    expected = np.diff(scipy.stats.gamma(a=4.0, scale=0.0025).cdf(column.edges_s))
    assert shares == pytest.approx(expected, abs=2e-4)
    assert shares.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("io", [TimeLaw(Family.UNIFORM, 0.05, 0.3), TimeLaw(Family.WEIBULL, 0.05, 0.6)])
def test_the_shares_of_a_sum_are_those_of_many_draws(io: TimeLaw) -> None:
    column = TimeColumn(drawn(io, CALL, CPU, count=200))
    many = drawn(io, CALL, CPU, count=400_000, seed=2)
    found = column.shares((io, CALL, CPU))
    assert found == pytest.approx(np.histogram(many, column.edges_s)[0] / len(many), abs=0.003)


def test_a_factor_multiplies_the_times_of_the_laws() -> None:
    column = TimeColumn(drawn(CPU, count=300))
    slower = TimeLaw(CPU.family, CPU.mean_s * 1.3, CPU.cv)
    assert column.shares((CPU,), 1.3) == pytest.approx(column.shares((slower,)), abs=1e-6)


def test_residuals_of_the_true_law_vary_as_chance_does() -> None:
    """The sum of their squares has the mean and the variance of chi-square, with a degree less than there are bins."""
    squares = [
        float((TimeColumn(drawn(CPU, count=400, seed=seed)).residuals((CPU,)) ** 2).sum()) for seed in range(300)
    ]
    freedom = len(TimeColumn(drawn(CPU, count=400)).roots) - 1
    assert np.mean(squares) == pytest.approx(freedom, rel=0.06)
    assert np.std(squares) == pytest.approx(np.sqrt(2 * freedom), rel=0.2)


def test_equal_times_are_a_constant() -> None:
    column = TimeColumn(np.full(50, 0.02))
    assert (column.residuals((TimeLaw(Family.CONSTANT, 0.02),)) == 0).all()
    assert (column.residuals((TimeLaw(Family.CONSTANT, 0.021),)) ** 2).sum() > 100
