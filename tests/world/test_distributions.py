"""Distributions: means, standard deviations, quantiles, and rejection of invalid parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.world.distributions import (
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Gamma,
    Hyperexponential,
    LogNormal,
    Pareto,
    Uniform,
    Weibull,
)
from simulator.world.random_streams import RandomStreams

N = 200_000

LAWS: list[tuple[Distribution, float, float]] = [
    # distribution, mean, standard deviation
    (Constant(0.08), 0.08, 0),
    (Uniform(1, 3), 2, 2 / math.sqrt(12)),
    (Exponential(0.5), 0.5, 0.5),
    (LogNormal.of_mean(3.24, 2.0), 3.24, 2.0),
    (Gamma(0.1, 0.03), 0.1, 0.03),
    (Weibull(2, 1), math.gamma(1.5), math.sqrt(math.gamma(2) - math.gamma(1.5) ** 2)),
    (Hyperexponential(2, 4), 2, 4),
    (Pareto(5, 2), 2.5, math.sqrt(5 * 4 / (16 * 3))),
    (Pareto.of_mean(6, 3), 3, math.sqrt(2.5**2 * 6 / (25 * 4))),
    (Empirical((1, 1, 4)), 2, math.sqrt(2)),
]


@pytest.mark.parametrize(("distribution", "mean", "sd"), LAWS, ids=lambda value: type(value).__name__)
def test_draws_have_the_mean_and_the_standard_deviation(distribution: Distribution, mean: float, sd: float) -> None:
    draws = distribution.draw(RandomStreams(5).stream("law"), N)

    assert distribution.mean == pytest.approx(mean, rel=1e-12)
    # Four standard errors: one failure in 16,000 seeds, and the seed is fixed.
    assert abs(draws.mean() - mean) <= 4 * sd / math.sqrt(N) + 1e-12
    assert draws.std() == pytest.approx(sd, rel=0.05, abs=1e-12)


@given(index=st.integers(0, len(LAWS) - 1), seed=st.integers(0, 2**32))
def test_no_distribution_draws_a_negative_number(index: int, seed: int) -> None:
    draws = LAWS[index][0].draw(RandomStreams(seed).stream("law"), 100)

    assert draws.shape == (100,)
    assert draws.dtype == np.float64
    assert (draws >= 0).all()


def test_a_log_normal_distribution_of_median_and_p95_has_these_quantiles() -> None:
    draws = LogNormal.of_median(0.12, 0.4).draw(RandomStreams(5).stream("law"), N)

    assert np.quantile(draws, [0.5, 0.95]) == pytest.approx([0.12, 0.4], rel=0.02)


def test_the_published_cold_start_distribution_has_its_parameters() -> None:
    distribution = LogNormal.of_mean(3.24, 7.10)  # validation case 35: mu .296, sigma 1.326

    assert (distribution.mu, distribution.sigma) == pytest.approx((0.296, 1.326), abs=5e-4)


def test_a_hyperexponential_distribution_of_cv2_one_is_exponential() -> None:
    assert Hyperexponential(2, 1).short_share == 0.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant(-1), "value = -1, must be at least 0"),
        (lambda: Constant(math.nan), "value = nan, must be"),
        (lambda: Uniform(3, 1), "high = 1, must be at least low = 3"),
        (lambda: Exponential(math.inf), "mean = inf, must be"),
        (lambda: LogNormal.of_mean(0, 1), "mean = 0, must be above 0"),
        (lambda: LogNormal.of_median(2, 1), "p95 = 1, must be at least median = 2"),
        (lambda: Gamma(1, 0), "sd = 0, must be above 0"),
        (lambda: Weibull(0, 1), "shape = 0, must be above 0"),
        (lambda: Hyperexponential(1, 0.5), "cv2 = 0.5, must be at least 1"),
        (lambda: Empirical(()), "values = "),
        (lambda: Empirical((1, -1)), "values = -1, must be at least 0"),
    ],
)
def test_invalid_parameters_are_rejected(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=message.replace("[", r"\[")):
        make()


@pytest.mark.case("L43")
@pytest.mark.parametrize("times", [1.5, 3, 10, 50])
def test_a_pareto_distribution_has_its_tail(times: float) -> None:
    draws = Pareto(1.5, 0.1).draw(RandomStreams(5).stream("law"), N)

    assert draws.min() >= 0.1
    share = times**-1.5
    assert np.mean(draws > 0.1 * times) == pytest.approx(share, abs=4 * math.sqrt(share / N))


@pytest.mark.case("L43")
def test_a_pareto_distribution_without_a_mean_is_rejected() -> None:
    with pytest.raises(ValueError, match="shape = 1, must be above 1"):
        Pareto(1, 3)
