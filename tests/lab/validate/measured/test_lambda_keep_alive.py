"""Case 18: what the recording says about the ends of environments, by counting instead of simulating."""

from __future__ import annotations

import itertools

import pytest

from simulator.lab.validate.measured import lambda_keep_alive
from simulator.rules.policies.registry import POLICIES


def test_the_recorded_cold_starts_are_those_of_the_fact_sheet() -> None:
    assert [lambda_keep_alive.published(number) for number in range(4)] == [59, 52, 43, 35]


def test_in_the_slowest_fitted_experiment_every_gap_says_when_environments_expire() -> None:
    """Requests are minutes apart there, so a gap is the idle time of the only environment, up to 2.4 s of a request."""
    starts = lambda_keep_alive.recorded(0)
    gaps = [(after[0] - before[0], after[1]) for before, after in itertools.pairwise(starts)]
    spread = POLICIES["lambda"].parameters()
    low_s = spread.idle_expiry_s * (1 - spread.idle_expiry_spread)
    high_s = spread.idle_expiry_s * (1 + spread.idle_expiry_spread) + 2.7
    assert not any(cold for gap_s, cold in gaps if gap_s < low_s)
    assert all(cold for gap_s, cold in gaps if gap_s > high_s)
    assert sum(gap_s > high_s for gap_s, _ in gaps) > 50


def test_a_replay_with_a_constant_expiry_counts_the_longer_gaps() -> None:
    """Without random ends, each request after a longer gap than 600 s, which requests do not overlap, is cold."""
    starts = [at_s for at_s, _ in lambda_keep_alive.recorded(0)]
    replayed = lambda_keep_alive.cold_starts(
        0, 1, idle_expiry_s=600.0, idle_expiry_beside_s=None, idle_expiry_spread=0.0, age_limit_s=None, recycled_s=None
    )
    busy_s = 1.981
    longer = sum(after - before > 600 + busy_s for before, after in itertools.pairwise(starts))
    overlapping = sum(after - before < busy_s for before, after in itertools.pairwise(starts))
    assert longer <= replayed <= longer + overlapping + 1


@pytest.mark.parametrize("changes", [{"idle_expiry_s": 400.0}, {"age_limit_s": 1800.0}])
def test_another_keep_alive_would_be_a_miss(changes: dict[str, float]) -> None:
    expected = lambda_keep_alive.published(5)
    assert lambda_keep_alive.cold_starts(5, 1, **changes) > expected * 1.1 + 2


@pytest.mark.slow
def test_the_cold_starts_of_the_judging_experiments_are_within_their_tolerance() -> None:
    assert [str(finding) for finding in lambda_keep_alive.replayed() if not finding.passed] == []
