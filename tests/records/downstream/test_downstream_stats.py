from __future__ import annotations

import pytest

from simulator.model.times import RunTime
from simulator.records.downstream.downstream_stats import DownstreamStats, ResourceStats
from simulator.records.events import CallOutcome, DownstreamCalled, DownstreamChanged
from simulator.records.journal import Journal


def stats_of(*events: DownstreamCalled | DownstreamChanged) -> ResourceStats:
    journal, stats = Journal(), DownstreamStats(warm_up_s=10.0, duration_s=20.0)
    stats.follow(journal)
    for event in events:
        journal.publish(event)
    return stats.resources["db"]


def changed(at_s: float, opened: int, busy: int, waiting: int) -> DownstreamChanged:
    return DownstreamChanged(RunTime(at_s), "db", 8, opened, busy, waiting)


def called(asked_s: float, wait_s: float, outcome: CallOutcome, service: str = "web") -> DownstreamCalled:
    return DownstreamCalled(RunTime(asked_s + 5), "db", service, RunTime(asked_s), wait_s, outcome)


def test_states_are_averaged_over_the_time_after_the_warm_up() -> None:
    stats = stats_of(changed(0, 8, 8, 9), changed(12, 4, 2, 0), changed(16, 5, 0, 3), changed(16, 6, 1, 0))
    # 2 s of (8, 8, 9), 4 s of (4, 2, 0), 4 s of (6, 1, 0)
    assert stats.means(20.0) == pytest.approx(((16 + 16 + 24) / 10, (16 + 8 + 4) / 10, 18 / 10))
    assert (stats.limit, stats.opened_max, stats.waiting_max) == (8, 8, 9)


def test_maxima_before_the_warm_up_do_not_count_and_those_of_an_instant_do() -> None:
    stats = stats_of(changed(0, 8, 8, 9), changed(9, 2, 0, 0), changed(15, 7, 0, 5), changed(15, 3, 0, 0))
    stats.means(20.0)
    assert (stats.opened_max, stats.waiting_max) == (7, 5)


def test_a_run_that_ends_within_the_warm_up_has_no_means() -> None:
    assert stats_of(changed(0, 8, 8, 9)).means(10.0) == (0.0, 0.0, 0.0)


def test_calls_count_by_the_time_at_which_they_began() -> None:
    answered, rejected, timed_out = CallOutcome.ANSWERED, CallOutcome.REJECTED, CallOutcome.TIMED_OUT
    stats = stats_of(
        called(9.9, 1.0, answered),
        called(10.0, 2.0, answered),
        called(11.0, 4.0, timed_out, "api"),
        called(12.0, 0.0, rejected),
        changed(13, 0, 0, 0),
    )
    assert (stats.calls, stats.errors, dict(stats.by_service)) == (3, 2, {"web": 2, "api": 1})
    assert (stats.waits.count, stats.waits.mean_s, stats.waits.max_s) == (2, 3.0, 4.0)
