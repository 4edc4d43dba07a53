"""Rate limits: the counts, compared with a plain list of times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.waf.rate_limits import CHECK_S, KEYS_MAX, WINDOWS_S, RateCounts


def test_a_burst_passes_until_the_next_check_and_its_key_is_limited_while_it_is_in_the_window() -> None:
    counts = RateCounts(limit=10, window_s=60)

    assert not any(counts.is_limited("a", 3.0) for _ in range(50))
    assert counts.is_limited("a", 10.0)
    assert not counts.is_limited("b", 10.0)
    assert counts.is_limited("a", 69.9)
    assert not counts.is_limited("a", 70.0)


@given(
    st.lists(st.floats(min_value=0, max_value=2000, allow_nan=False), max_size=80),
    st.sampled_from(WINDOWS_S),
    st.integers(min_value=1, max_value=12),
)
def test_the_count_is_that_of_the_window_before_the_last_check(times: list[float], window_s: int, limit: int) -> None:
    counts, earlier = RateCounts(limit, window_s), list[float]()
    for now_s in sorted(times):
        look_s = now_s // CHECK_S * CHECK_S
        expected = sum(look_s - window_s <= each < look_s for each in earlier) > limit
        assert counts.is_limited("a", now_s) is expected
        earlier.append(now_s)


@pytest.mark.parametrize("more", [0, 5])
def test_the_number_of_keys_is_bounded(more: int) -> None:
    counts = RateCounts(limit=1, window_s=60)
    for key in range(KEYS_MAX + more):
        counts.is_limited(key, 0.0)
        counts.is_limited(key, 0.0)

    assert counts.is_limited(KEYS_MAX + more - 1, 10.0)
    assert counts.is_limited(0, 10.0) is (more == 0)
