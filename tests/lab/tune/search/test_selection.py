"""KN selects the best of several normal populations as often as it promises, on common random numbers."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.lab.tune.search.selection import FIRST_DAYS, select, survivors, triangle
from simulator.world.random_streams import RandomStreams

Floats = NDArray[np.float64]


def chosen(means: Sequence[float], rng: np.random.Generator, days_max: int = 400, day: float = 3.0) -> tuple[int, int]:
    """Select on costs with a common part for each day, and return the setting and the number of days."""
    common = day * rng.standard_normal(days_max)
    own = 2.0 * rng.standard_normal((len(means), days_max))
    costs = np.array(means)[:, None] + common + own
    place, days, _ = select(range(len(means)), lambda some, n: costs[list(some), :n], days_max, 0.01, 0.95)
    return place, days


def test_the_best_is_selected_as_often_as_promised() -> None:
    rng = RandomStreams(1).stream()
    right = sum(chosen([101.0, 100.0, 101.0, 101.0, 103.0], rng)[0] == 1 for _ in range(300))
    # promised: 95 % at least; 300 repetitions of exactly 95 % are below 275 with a probability of 1 %
    assert right >= 275


def test_what_all_settings_have_in_common_does_not_matter() -> None:
    few = [chosen([100.0, 103.0], RandomStreams(seed).stream(), day=0.0)[1] for seed in range(20)]
    many = [chosen([100.0, 103.0], RandomStreams(seed).stream(), day=50.0)[1] for seed in range(20)]
    assert np.mean(many) == pytest.approx(np.mean(few), rel=0.5)


def test_clear_differences_need_only_the_first_days() -> None:
    assert chosen([100.0, 130.0, 140.0], RandomStreams(2).stream()) == (0, FIRST_DAYS)


def test_a_single_setting_is_selected_at_once() -> None:
    place, days, finished = select([4], lambda some, n: np.ones((len(some), n)), 40, 0.01, 0.95)
    assert (place, days, finished) == (4, FIRST_DAYS, True)


def test_too_few_days_are_said() -> None:
    rng = RandomStreams(3).stream()
    costs = 100 + 30 * rng.standard_normal((2, 12))
    _, days, finished = select([0, 1], lambda some, n: costs[list(some), :n], 12, 0.01, 0.95)
    assert (days, finished) == (12, False)


def test_the_region_closes_after_the_number_of_days_of_the_paper() -> None:
    # Kim and Nelson: N = floor(h^2 S^2 / delta^2), the region is empty after that
    rng = RandomStreams(4).stream()
    first = 2.0 * rng.standard_normal((2, 10))
    region = triangle(first, 1.0, 0.95)
    eta = 0.5 * ((2 * 0.05) ** (-2 / 9) - 1)
    variance = (first[0] - first[1]).var(ddof=1)
    assert region.days_max == int(2 * eta * 9 * variance) + 1
    assert (region.limit(region.days_max + 1) == 0).all()
    assert survivors(np.array([[1.0] * 500, [1.001] * 500]), region) == [0]
