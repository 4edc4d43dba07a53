"""Members by their weights: draws in proportion, and intervals that may be infinite."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.calibration.members import interval_of, resampled, weights_of


@given(st.lists(st.floats(0.001, 1.0), min_size=1, max_size=60))
def test_draws_differ_from_the_share_by_less_than_one(weights: list[float]) -> None:
    found = resampled(np.array(weights), 40)

    assert sum(found.values()) == 40
    for place, weight in enumerate(weights):
        assert abs(found.get(place, 0) - 40 * weight / sum(weights)) < 1 + 1e-6


def test_weights_are_likelihoods() -> None:
    assert weights_of(np.array([4.0, 2.0, 2.0 + 2 * math.log(10)])) == pytest.approx([math.exp(-1), 1.0, 0.1])


def test_an_interval_has_the_weighted_quantiles() -> None:
    values = np.array([math.inf, 8.0, 4.0, 16.0])

    assert interval_of(values, np.array([1.0, 1.0, 1.0, 1.0])) == (4.0, math.inf)
    assert interval_of(values, np.array([0.001, 1.0, 0.001, 1.0])) == (8.0, 16.0)
