from __future__ import annotations

import pytest

from simulator.records.tally import Tallies
from tests.records.rows import Row, tell


def test_statuses_are_counted_as_served_rejected_and_failed() -> None:
    tallies = Tallies(1)
    tell(tallies.read, *(Row(status=status) for status in (200, 200, 404, 429, 503, 0)))
    tally = tallies.whole()
    assert (tally.requests, tally.served, tally.rejected, tally.failures) == (6, 3, 1, 3)
    assert dict(tally.statuses) == {200: 2, 404: 1, 429: 1, 503: 1, 0: 1}


def test_a_quick_rejection_does_not_flatter_the_latency() -> None:
    tallies = Tallies(1)
    tell(tallies.read, Row(latency_s=1.0), Row(latency_s=0.0, status=429))
    tally = tallies.whole()
    assert (tally.latency.mean_s, tally.error_latency.mean_s) == (1.0, 0.0)


def test_the_split_of_served_requests_adds_up_to_their_latency() -> None:
    tallies = Tallies(1)
    tell(
        tallies.read,
        Row(latency_s=0.6, queue_s=0.1, cold_s=0.2, service_s=0.3),
        Row(latency_s=0.5, queue_s=0.0, cold_s=0.0, service_s=0.5),
    )
    tally = tallies.whole()
    parts = [part.mean_s for part in (tally.queue, tally.cold, tally.service, tally.client)]
    assert parts == pytest.approx([0.05, 0.1, 0.4, 0.0])
    assert tally.latency.mean_s == pytest.approx(0.55)


@pytest.mark.case("L75")
def test_what_the_platform_does_not_account_for_is_the_clients_and_the_networks() -> None:
    tallies = Tallies(1)
    tell(
        tallies.read,
        Row(latency_s=0.6, queue_s=0.1, cold_s=0.2, service_s=0.25),
        Row(latency_s=0.5, queue_s=0.0, cold_s=0.0, service_s=0.501),  # two clocks that differ by a millisecond
        Row(latency_s=9.0, service_s=0.0, status=503),
    )
    tally = tallies.whole()
    assert (tally.client.count, tally.client.min_s) == (2, 0.0)
    assert tally.client.max_s == pytest.approx(0.05)


def test_a_cold_start_is_a_served_request_that_waited_for_an_instance() -> None:
    tallies = Tallies(1)
    tell(tallies.read, Row(cold_s=0.4), Row(cold_s=0.0), Row(cold_s=9.0, status=503))
    assert tallies.whole().cold_starts == 1


def test_warm_up_is_told_by_the_intended_time() -> None:
    tallies = Tallies(1, warm_up_s=10)
    tell(tallies.read, Row(intended_s=9.99, latency_s=5.0), Row(intended_s=10.0, latency_s=1.0))
    assert (tallies.after_warm_up().latency.mean_s, tallies.whole().requests) == (1.0, 2)


def test_a_tally_of_one_source_has_nothing_of_another() -> None:
    tallies = Tallies(3)
    tell(tallies.read, Row(source=0), Row(source=2, status=503), Row(source=2))
    assert [tallies.whole([source]).requests for source in range(3)] == [1, 0, 2]
    assert tallies.whole([0, 2]).failures == 1


def test_lateness_is_of_all_requests() -> None:
    tallies = Tallies(1)
    tell(tallies.read, Row(late_s=0.2, status=503), Row(late_s=0.4))
    assert tallies.whole().late.mean_s == pytest.approx(0.3)
