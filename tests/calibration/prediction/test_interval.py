from __future__ import annotations

import numpy as np
import pytest

from simulator.calibration.prediction.draws import Draw
from simulator.calibration.prediction.interval import predicted, weighted_quantile
from simulator.world.random_streams import RandomStreams


def draws(members: list[int], weights: list[float] | None = None) -> list[Draw]:
    count = len(members)
    return [Draw(member, n, 1 / count if weights is None else weights[n]) for n, member in enumerate(members)]


def test_equal_weights_give_numpys_weibull_quantiles() -> None:
    values = RandomStreams(1).stream("interval").exponential(size=47)
    for share in (0.025, 0.3, 0.5, 0.975):
        expected = np.quantile(values, share, method="weibull")
        assert weighted_quantile(values, np.full(47, 1 / 47), share) == pytest.approx(expected)


def test_a_weight_of_two_counts_as_two_equal_draws_in_the_middle() -> None:
    values, weights = np.array([1.0, 2, 3, 4, 5]), np.array([1.0, 1, 2, 1, 1])
    assert weighted_quantile(values, weights / 6, 0.5) == pytest.approx(3)
    heavy = np.array([1.0, 1, 1, 1, 100])
    assert weighted_quantile(values, heavy / 104, 0.5) > 4.5


def test_the_interval_contains_a_further_draw_in_95_of_100_cases() -> None:
    rng = RandomStreams(7).stream("interval")
    contained = 0
    for _ in range(2000):
        values = rng.lognormal(size=41)
        found = predicted(values[:40].tolist(), draws(list(range(40))))
        assert found is not None
        contained += found.contains(float(values[40]))
    # 2000 trials with probability 0.95: standard deviation 0.5 %
    assert contained / 2000 == pytest.approx(0.95, abs=0.02)


def test_a_figure_that_most_draws_do_not_have_is_unknown() -> None:
    three = draws([0, 1, 2])
    assert predicted([None, None, 1.0], three) is None
    found = predicted([None, 2.0, 2.0], three)
    assert found is not None
    assert (found.value, found.low, found.high) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize(("between", "within"), [(0.3, 0.1), (0.1, 0.3), (0.0, 0.2)])
def test_the_share_of_the_parameters_is_that_of_the_variances(between: float, within: float) -> None:
    rng = RandomStreams(3).stream("interval")
    members = [n % 400 for n in range(800)]
    values = np.exp(rng.normal(0, between, 400)[members] + rng.normal(0, within, 800))
    found = predicted(values.tolist(), draws(members))
    assert found is not None
    assert found.parameters_share == pytest.approx(between**2 / (between**2 + within**2), abs=0.12)


def test_the_share_of_the_parameters_is_unknown_without_repetition_and_zero_with_one_member() -> None:
    alone = predicted([1.0, 2.0, 3.0], draws([0, 1, 2]))
    same = predicted([1.0, 2.0, 3.0], draws([0, 0, 0]))
    assert alone is not None
    assert same is not None
    assert (alone.parameters_share, same.parameters_share) == (None, 0.0)
