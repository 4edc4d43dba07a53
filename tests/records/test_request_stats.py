from __future__ import annotations

import numpy as np
import pytest

from simulator.records.events import InstanceImitated
from simulator.records.journal import Journal
from simulator.records.request_log import Chunk, RequestLog
from simulator.records.request_stats import RealServiceTime, StatsBySource
from simulator.world.random_streams import RandomStreams
from tests.records.rows import Row, tell


def test_statuses_are_counted_as_served_rejected_and_failed() -> None:
    stats_by_source = StatsBySource(1)
    tell(stats_by_source.read, *(Row(status=status) for status in (200, 200, 404, 429, 503, 0)))
    stats = stats_by_source.whole()
    assert (stats.requests, stats.served, stats.rejected, stats.failures) == (6, 3, 1, 3)
    assert dict(stats.statuses) == {200: 2, 404: 1, 429: 1, 503: 1, 0: 1}


def test_a_quick_rejection_does_not_lower_the_latency() -> None:
    stats_by_source = StatsBySource(1)
    tell(stats_by_source.read, Row(latency_s=1.0), Row(latency_s=0.0, status=429))
    stats = stats_by_source.whole()
    assert (stats.latency.mean_s, stats.error_latency.mean_s) == (1.0, 0.0)


def test_the_split_of_served_requests_adds_up_to_their_latency() -> None:
    stats_by_source = StatsBySource(1)
    tell(
        stats_by_source.read,
        Row(latency_s=0.6, queue_s=0.1, cold_s=0.2, service_s=0.3),
        Row(latency_s=0.5, queue_s=0.0, cold_s=0.0, service_s=0.5),
    )
    stats = stats_by_source.whole()
    parts = [part.mean_s for part in (stats.queue, stats.cold, stats.service, stats.client)]
    assert parts == pytest.approx([0.05, 0.1, 0.4, 0.0])
    assert stats.latency.mean_s == pytest.approx(0.55)


@pytest.mark.case("L75")
def test_the_remainder_of_a_latency_is_client_and_network_time() -> None:
    stats_by_source = StatsBySource(1)
    tell(
        stats_by_source.read,
        Row(latency_s=0.6, queue_s=0.1, cold_s=0.2, service_s=0.25),
        Row(latency_s=0.5, queue_s=0.0, cold_s=0.0, service_s=0.501),  # two clocks that differ by a millisecond
        Row(latency_s=9.0, service_s=0.0, status=503),
    )
    stats = stats_by_source.whole()
    assert (stats.client.count, stats.client.min_s) == (2, 0.0)
    assert stats.client.max_s == pytest.approx(0.05)


def test_a_cold_start_is_a_served_request_that_waited_for_an_instance() -> None:
    stats_by_source = StatsBySource(1)
    tell(stats_by_source.read, Row(cold_s=0.4), Row(cold_s=0.0), Row(cold_s=9.0, status=503))
    assert stats_by_source.whole().cold_starts == 1


def test_warm_up_is_decided_by_the_intended_time() -> None:
    stats_by_source = StatsBySource(1, warm_up_s=10)
    tell(stats_by_source.read, Row(intended_s=9.99, latency_s=5.0), Row(intended_s=10.0, latency_s=1.0))
    assert (stats_by_source.after_warm_up().latency.mean_s, stats_by_source.whole().requests) == (1.0, 2)


def test_the_statistics_of_one_source_exclude_another() -> None:
    stats_by_source = StatsBySource(3)
    tell(stats_by_source.read, Row(source=0), Row(source=2, status=503), Row(source=2))
    assert [stats_by_source.whole([source]).requests for source in range(3)] == [1, 0, 2]
    assert stats_by_source.whole([0, 2]).failures == 1


def test_lateness_is_of_all_requests() -> None:
    stats_by_source = StatsBySource(1)
    tell(stats_by_source.read, Row(late_s=0.2, status=503), Row(late_s=0.4))
    assert stats_by_source.whole().late.mean_s == pytest.approx(0.3)


_WARM_UP_S, _ROWS = 10.0, 6000


@pytest.mark.parametrize("chunks", [1, 7])
def test_served_requests_of_real_instances_after_the_warm_up_count_by_number(chunks: int) -> None:
    journal = Journal()
    log, times = RequestLog(journal), RealServiceTime(["web", "api", None], _WARM_UP_S)
    journal.subscribe(Chunk, times.read)
    journal.subscribe(InstanceImitated, times.imitated)
    rng = RandomStreams(3).stream("rows")
    sources, instances = rng.integers(0, 3, _ROWS), rng.integers(1, 6, _ROWS)
    at_s, service_s = rng.uniform(0, 60, _ROWS), rng.lognormal(-2.0, 0.6, _ROWS)
    statuses = rng.choice([200, 404, 429, 503, 0], _ROWS)
    blocked = rng.random(_ROWS) < 0.1
    for number in (3, 4):
        journal.publish(InstanceImitated("web", number))
    for row in range(_ROWS):
        instance = -log.rules.number("rule") if blocked[row] else int(instances[row])
        log.add(
            int(sources[row]), at_s[row], service_s[row], 0.0, 0.0, service_s[row], int(statuses[row]), instance, 0.0
        )
        if row % (_ROWS // chunks) == 0:
            log.flush()
    log.flush()
    assert sorted(times.by_number) == [0, 1], "the third service is not measured"
    for number, imitated in ((0, (3, 4)), (1, ())):
        rows = (sources == number) & (at_s >= _WARM_UP_S) & np.isin(statuses, (200, 404)) & ~blocked
        wanted_s = service_s[rows & ~np.isin(instances, imitated)]
        got = times.by_number[number]
        assert got.count == len(wanted_s) > 300
        assert got.mean_s == pytest.approx(float(wanted_s.mean()), rel=1e-6)
        for quantile in (0.5, 0.95):
            exact_s = float(np.quantile(wanted_s, quantile, method="inverted_cdf"))
            assert got.quantile(quantile) == pytest.approx(exact_s, rel=0.004)
