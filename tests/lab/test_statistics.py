"""Confidence intervals, compared with the numbers of a textbook and with simulated experiments."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from simulator.lab.extras import MissingLibrary, needed
from simulator.lab.statistics import ANY, Scope, estimate, geometric_mean, independent, paired
from simulator.world.random_streams import RandomStreams


def test_the_interval_is_that_of_students_t() -> None:
    # NIST's handbook, table of t: 2.776 for 4 degrees of freedom at 95 %.
    found = estimate([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found is not None
    assert found.mean == 3
    assert found.low is not None
    assert found.half_width == pytest.approx(2.776 * (2.5 / 5) ** 0.5, rel=1e-3)
    assert found.low == pytest.approx(1.037, abs=1e-3)


def test_missing_values_do_not_count() -> None:
    assert estimate([None, None]) is None
    found = estimate([None, 2.0, 4.0])
    assert found is not None
    assert (found.mean, found.count) == (3, 2)


@pytest.mark.case("X13b")
@pytest.mark.parametrize("values", [[7.0], [0.01, 0.12]])
def test_one_or_two_runs_have_no_interval(values: list[float]) -> None:
    found = estimate(values, Scope(0, 1))
    assert found is not None
    assert (found.low, found.high, found.half_width) == (None, None, None)
    assert independent(values, [1.0, 2.0, 3.0]).half_width is None  # type: ignore[union-attr]


def interval(values: list[float], scope: Scope = ANY) -> tuple[float, float]:
    found = estimate(values, scope)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


@pytest.mark.case("L27")
def test_an_error_that_no_run_had_is_bounded_by_the_rule_of_three() -> None:
    """Twenty runs of 1,000 requests without an error: at most 3 in 20,000 requests."""
    low, high = interval([0.0] * 20, Scope(0, 1, 1 / 1000))
    assert low == 0
    assert high == pytest.approx(3 / 20_000, rel=0.01)
    # If the figure can change in both directions, events may be missing on either side.
    low, high = interval([5.0] * 20, Scope(0, math.inf, 1.0))
    assert low == pytest.approx(5 - 3.69 / 20, rel=1e-3)
    assert high == pytest.approx(5 + 3.69 / 20, rel=1e-3)


@pytest.mark.case("L27")
def test_one_run_of_twenty_with_errors_is_not_below_none_of_them() -> None:
    low, high = interval([0.0] * 19 + [0.02], Scope(0, 1, 1 / 1000))
    # Jeffreys' interval of 1 in 20: the 2.5 % and 97.5 % quantiles of a million draws of Beta(1.5, 19.5).
    drawn = np.quantile(RandomStreams(3).stream("beta").beta(1.5, 19.5, 1_000_000), [0.025, 0.975])
    assert (low / 0.02, high / 0.02) == pytest.approx(tuple(drawn), rel=0.02)
    assert 0 < low < 0.001 < high < 0.01


@pytest.mark.case("L27", "X13b")
def test_no_interval_leaves_the_range_of_its_figure() -> None:
    rng = RandomStreams(5).stream("bounds")
    for n in (3, 5, 20):
        for values in (rng.beta(0.3, 9, n), rng.beta(9, 0.3, n), 1 - rng.beta(0.1, 40, n)):
            low, high = interval(values.tolist(), Scope(0, 1, 0.001))
            assert 0 <= low <= values.mean() <= high <= 1


@pytest.mark.case("L27")
@pytest.mark.parametrize(
    ("distribution", "least", "most"),
    [
        ("two values", 0.93, 0.995),
        ("rare counts", 0.93, 0.995),
        ("counts", 0.92, 0.97),
        ("long tail", 0.92, 0.97),
        ("rare and of any size", 0.92, 0.98),
    ],
)
@pytest.mark.parametrize("times", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_intervals_of_money_counts_and_errors_contain_the_true_value(
    distribution: str, least: float, most: float, times: int
) -> None:
    """Twenty runs, many times. Student's t covers only 82 to 90 % here."""
    rng = RandomStreams(7).stream("laws", distribution)
    draw: dict[str, tuple[Callable[[], np.ndarray], float, float]] = {
        "two values": (lambda: 8.71 - 0.05 * (rng.random(20) < 0.15), 8.71 - 0.05 * 0.15, 0.05),
        "rare counts": (lambda: rng.poisson(0.1, 20).astype(float), 0.1, 1.0),
        "counts": (lambda: rng.poisson(2.0, 20).astype(float), 2.0, 1.0),
        "long tail": (lambda: rng.gamma(0.7, 1.0, 20), 0.7, 0.0),
        "rare and of any size": (lambda: rng.gamma(1.0, 0.02, 20) * (rng.random(20) < 0.3), 0.006, 0.001),
    }
    made, truth, step = draw[distribution]
    held = 0
    for _ in range(times):
        low, high = interval(made().tolist(), Scope(0, math.inf, step))
        held += low <= truth <= high
    chance = 0.02 if times < 1000 else 0  # more than a standard error of a share of 200 near 0.95
    assert least - chance <= held / times <= most + chance


def test_a_paired_difference_is_narrower_when_chance_is_shared() -> None:
    common = RandomStreams(1).stream("common").normal(100, 20, 20)
    own = RandomStreams(1).stream("own").normal(3, 1, 20)
    ours, theirs = (common + own).tolist(), common.tolist()
    together, apart = paired(ours, theirs), independent(ours, theirs)
    assert together is not None
    assert apart is not None
    assert together.mean == pytest.approx(apart.mean)
    assert together.half_width is not None
    assert apart.half_width is not None
    assert together.half_width < apart.half_width / 5
    assert together.mean - together.half_width < 3 < together.mean + together.half_width


def test_intervals_contain_the_true_value_as_often_as_stated() -> None:
    rng = RandomStreams(4).stream("coverage")
    intervals = [interval(rng.normal(5, 2, 8).tolist()) for _ in range(600)]
    held = sum(low <= 5 <= high for low, high in intervals)
    assert held / 600 == pytest.approx(0.95, abs=0.03)  # three standard errors of a share of 600


def test_welch_agrees_with_a_published_example() -> None:
    # Two equal samples: the pooled interval, 2 (n - 1) degrees of freedom; t(8) = 2.306.
    found = independent([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 3.0, 4.0, 5.0, 6.0])
    assert found is not None
    assert found.mean == -1
    assert found.half_width == pytest.approx(2.306 * 1.0, rel=1e-3)


def test_the_geometric_mean() -> None:
    assert geometric_mean([1.0, 4.0]) == pytest.approx(2)
    assert geometric_mean([]) is None
    assert geometric_mean([0.0, 1.0]) is None


def test_a_missing_library_is_reported_in_one_line() -> None:
    with pytest.raises(MissingLibrary, match=r"no_such_library, which this needs, is not installed.*\[lab\]"):
        needed("no_such_library.inside")
