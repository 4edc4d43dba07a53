"""The closed load on ECS Fargate: the derived mix agrees with the source, the played rows with closed laws."""

from __future__ import annotations

import pytest

from simulator.lab.validate.measured.ecs_fargate import (
    BASE,
    CPU_MS,
    FIRST_LOGINS,
    REGISTRATIONS,
    REQUESTS_PER_ITERATION,
    ROWS,
    THINK_S,
    UPLOADS,
    Row,
    findings,
    played,
)


def test_the_mix_gives_the_requests_and_the_mean_of_the_row_of_50_users() -> None:
    logins = REGISTRATIONS + FIRST_LOGINS
    requests = 1 + UPLOADS + REGISTRATIONS + logins
    total_ms = 8.02 + 50.8 * UPLOADS + 875.6 * REGISTRATIONS + 417.5 * logins
    assert requests == pytest.approx(REQUESTS_PER_ITERATION, abs=0.001)
    assert total_ms / requests == pytest.approx(BASE.mean_ms, rel=0.005)


def test_counts_that_the_source_prints_for_other_rows_agree_with_the_mix() -> None:
    """A failed check prints its count: 1,818 logins of 40,478 requests (100 users), 64,333 fetches of 80,634 (200)."""
    iterations = 40_478 / REQUESTS_PER_ITERATION
    assert pytest.approx(REGISTRATIONS * iterations + 2 * 100, rel=0.03) == 1818
    assert pytest.approx(1 / REQUESTS_PER_ITERATION, rel=0.01) == 64_333 / 80_634


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_published_rows_follow_the_closed_law(row: Row) -> None:
    assert row.users / (THINK_S + row.mean_ms / 1000) == pytest.approx(row.rate_rps, rel=0.015)


@pytest.mark.slow
def test_the_quota_bounds_the_throughput_of_a_task() -> None:
    """0.25 vCPU: with twice the users of the knee, the task is always busy and the rest of the users wait."""
    capacity_rps = 250 / CPU_MS
    simulated = played(400)
    assert 0.97 * capacity_rps < simulated.rate_rps <= 1.001 * capacity_rps
    assert simulated.mean_ms / 1000 == pytest.approx(400 / capacity_rps - THINK_S, rel=0.05)


@pytest.mark.slow
def test_all_figures_are_within_their_tolerance() -> None:
    assert [str(finding) for finding in findings() if not finding.passed] == []
