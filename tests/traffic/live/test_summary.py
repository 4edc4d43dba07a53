"""Lateness of the load generator: quantiles in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.traffic.live.summary import Lateness


@given(st.lists(st.floats(0.001, 900), min_size=1, max_size=300), st.floats(0.01, 1))
def test_a_quantile_of_lateness_is_exact_to_half_a_percent(values: list[float], share: float) -> None:
    lateness = Lateness()
    for value in values:
        lateness.add(value)
    exact = float(np.quantile(values, share, method="inverted_cdf"))
    assert lateness.quantile_s(share) == pytest.approx(exact, rel=0.005)
    assert lateness.max_s() == max(values)


def test_the_memory_of_lateness_does_not_grow_with_the_requests() -> None:
    lateness = Lateness()
    for index in range(50_000):
        lateness.add(index * 1e-6)
    assert len(lateness._fresh) < 4096
    assert lateness._seen.count + len(lateness._fresh) == 50_000


def test_a_load_that_sent_nothing_was_not_late() -> None:
    assert (Lateness().quantile_s(0.99), Lateness().max_s()) == (0.0, 0.0)
