"""Quantiles without scipy, compared with scipy's."""

import pytest
from scipy import special

from simulator.lab.quantiles import beta_quantile, beta_share, t_quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 19, 29, 99, 999, 100_000])
@pytest.mark.parametrize("share", [0.9, 0.975, 0.995, 0.9999])
def test_students_t_quantiles_are_those_of_scipy(freedom: int, share: float) -> None:
    assert t_quantile(freedom, share) == pytest.approx(special.stdtrit(freedom, share), rel=1e-9)


@pytest.mark.parametrize("a", [0.5, 1.5, 3, 20.5, 400.5])
@pytest.mark.parametrize("b", [0.5, 2, 9.5, 99.5])
@pytest.mark.parametrize("share", [1e-4, 0.025, 0.5, 0.975, 0.9999])
def test_beta_quantiles_are_those_of_scipy(a: float, b: float, share: float) -> None:
    assert beta_quantile(a, b, share) == pytest.approx(special.betaincinv(a, b, share), rel=1e-9)


def test_quantiles_at_0_and_1_are_the_ends_of_the_range() -> None:
    assert beta_share(2, 3, 0) == 0
    assert beta_share(2, 3, 1) == 1
