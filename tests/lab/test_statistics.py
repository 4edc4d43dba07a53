"""Confidence intervals, against a textbook's numbers and against chance itself."""

from __future__ import annotations

import pytest

from simulator.lab.extras import MissingLibrary, needed
from simulator.lab.statistics import estimate, geometric_mean, independent, paired
from simulator.world.chance import Chance


def test_the_interval_is_students() -> None:
    # NIST's handbook, table of t: 2.776 for 4 degrees of freedom at 95 %.
    found = estimate([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found is not None
    assert found.mean == 3
    assert found.half_width == pytest.approx(2.776 * (2.5 / 5) ** 0.5, rel=1e-3)
    assert found.low == pytest.approx(found.mean - found.half_width)


def test_what_was_not_measured_does_not_count() -> None:
    assert estimate([None, None]) is None
    found = estimate([None, 2.0, 4.0])
    assert found is not None
    assert (found.mean, found.count) == (3, 2)


def test_a_single_run_has_no_interval() -> None:
    found = estimate([7.0])
    assert found is not None
    assert (found.low, found.high, found.is_certain) == (7, 7, False)


def test_a_paired_difference_is_narrower_when_chance_is_shared() -> None:
    common = Chance(1).stream("common").normal(100, 20, 20)
    own = Chance(1).stream("own").normal(3, 1, 20)
    ours, theirs = (common + own).tolist(), common.tolist()
    together, apart = paired(ours, theirs), independent(ours, theirs)
    assert together is not None
    assert apart is not None
    assert together.mean == pytest.approx(apart.mean)
    assert together.half_width < apart.half_width / 5
    assert together.low < 3 < together.high


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = Chance(4).stream("coverage")
    intervals = [estimate(rng.normal(5, 2, 8).tolist()) for _ in range(600)]
    held = sum(found is not None and found.low <= 5 <= found.high for found in intervals)
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


def test_a_missing_library_is_told_in_one_line() -> None:
    with pytest.raises(MissingLibrary, match=r"no_such_library = not installed.*\[lab\]"):
        needed("no_such_library.inside")
