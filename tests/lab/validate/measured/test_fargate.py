"""The start of tasks on Fargate: the figures follow from the stages; the load of the order of autoscalers."""

from __future__ import annotations

import statistics

import pytest

from simulator.lab.validate.measured import fargate


def test_the_published_starts_have_the_published_mean() -> None:
    assert len(fargate.PUBLISHED_STARTS_S) == 10
    assert round(statistics.fmean(fargate.PUBLISHED_STARTS_S)) == 57


def test_a_start_is_placement_and_pull(monkeypatch: pytest.MonkeyPatch) -> None:
    """18 to 25 s uniformly distributed, and 413 MB at 12 MB/s."""
    monkeypatch.setattr(fargate, "STARTS", 60)
    starts = fargate.starts_s.__wrapped__()
    assert len(starts) == 60
    pull_s = 413 / 12
    assert 18 + pull_s <= starts[0] < 20 + pull_s
    assert 23 + pull_s < starts[-1] <= 25 + pull_s
    assert statistics.fmean(starts) == pytest.approx(21.5 + pull_s, abs=1.1)


def test_the_peak_exceeds_what_the_first_tasks_can_serve() -> None:
    assert min(fargate.PEAKS) > 1
    text = fargate._peak_text(fargate.POLICIES[0], 2.0)
    assert "peak: 100/s" in text
    assert "cpu: 0.04s" in text


@pytest.mark.slow
def test_step_scaling_loses_less_than_target_tracking() -> None:
    assert [finding.measured for finding in fargate.order()] == [0, 0]
