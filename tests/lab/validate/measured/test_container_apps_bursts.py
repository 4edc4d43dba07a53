"""The published bursts: what the case says about them follows from the rows; a queue of messages drains as computed."""

from __future__ import annotations

import pytest

from simulator.lab.validate.ground_truth import rows
from simulator.lab.validate.measured import container_apps_bursts as bursts


def test_the_published_warm_burst_shows_four_replicas_by_littles_law() -> None:
    """100 clients that always wait; a replica serves 8 / 0.25 s = 32 requests per second."""
    row = rows("container_apps/aca_burst_2026-04-12.csv")[1]
    assert 100 / (float(row["avg_ms"]) / 1000) / 32 == pytest.approx(4.3, abs=0.05)


def test_four_replicas_answer_in_rounds_of_their_threads() -> None:
    """32 threads: the n-th request of a round waits for (n - 1) // 32 others; 400 requests end after 13 rounds."""
    warm = bursts.warm()
    assert warm.failed == 0
    assert warm.total_s == pytest.approx(0.25 * -(-400 // 32), abs=0.01)
    assert warm.quantile_s(0.0) == pytest.approx(0.25, abs=0.01)


def test_an_app_at_zero_serves_no_request_of_the_burst_before_a_replica_can_have_started() -> None:
    first = bursts.Burst(bursts.FROM_ZERO_S, 0)
    assert first.played.first_ready_s(bursts.FROM_ZERO_S) - bursts.FROM_ZERO_S >= 0.7 + 9.8 + 3.9
    assert first.played.intended_s.size == bursts.REQUESTS


def test_messages_keep_the_queue_rule_until_they_are_processed() -> None:
    """One replica processes a message in 2 s; the others share the rest from about 25 s after their decisions."""
    played = bursts.queue()
    assert (played.status == 200).all()
    last_s = float((played.intended_s + played.latency_s).max()) - bursts.MESSAGES_S
    assert 40 <= last_s <= 80
