"""The figures of one run, computed again from the rows and events of a made-up one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.lab.compare.figures import FIGURES, OF_RUNS, SLO_FACTOR, Terms, measured, missed_slo, slower_than
from simulator.records.histogram import Histogram
from simulator.records.request_stats import RequestStats
from simulator.report.report import build_report
from simulator.scenario.scenario import read_scenario
from tests.report.fake_run import WARM_UP_S, fake_run

MISS_USD = 1e-4
SLO_S = 0.2
RECORD = fake_run()
(SERVICE,) = RECORD.services
VALUES, FOLLOWS = measured(RECORD, SERVICE, None, SLO_S, MISS_USD)


def test_each_figure_of_a_run_has_a_definition_and_those_of_other_runs_are_left_out() -> None:
    assert set(VALUES) <= set(OF_RUNS) <= set(FIGURES)
    assert not {"elastic_speedup", "regret", "sigma_worst"} & set(VALUES)


def test_the_figures_of_requests_are_those_of_the_report() -> None:
    (service,) = build_report(RECORD).services
    part = service.requests
    assert VALUES["requests"] == part.requests
    assert VALUES["latency_p95_s"] == part.latency.p95_s
    assert VALUES["error_rate"] == part.error_rate
    assert VALUES["cold_starts"] == part.cold_starts
    assert VALUES["run_usd"] == pytest.approx(service.cost.run.usd)
    assert VALUES["month_usd"] == pytest.approx(service.cost.month.usd)
    assert VALUES["scaling_actions"] == sum(one.at_s >= WARM_UP_S for one in service.decisions) == 2


def test_a_request_misses_the_slo_if_it_was_lost_or_slow() -> None:
    """Of 2,400 requests, those from 10 s (number 200) on; the made-up run says what became of each."""
    stats = RECORD.stats_by_source.after_warm_up()
    slow = int(stats.latency.counts[stats.latency.buckets.middles_s > SLO_S].sum())
    lost = 100 + 4  # rejected 600 to 699; 503 at 499, 999, 1499, 1999
    assert stats.requests == 2200
    assert missed_slo(stats, SLO_S) == lost + slow
    assert VALUES["slo_miss_ratio"] == pytest.approx((lost + slow) / 2200)
    assert missed_slo(stats, None) == lost


def test_the_score_is_money_and_misses_per_million_requests() -> None:
    whole = RECORD.stats_by_source.whole()
    usd, misses = VALUES["run_usd"], missed_slo(whole, SLO_S)
    assert usd is not None
    assert VALUES["score_misses"] == pytest.approx(misses * MISS_USD / 2400 * 1e6)
    assert VALUES["score"] == pytest.approx((usd + misses * MISS_USD) / 2400 * 1e6)
    free = VALUES["month_free_usd"]
    assert free == 0, "App Runner has no free tier"


def test_without_a_known_demand_there_is_no_elasticity() -> None:
    assert FOLLOWS is None
    assert VALUES["sigma"] is None
    assert VALUES["idle_instance_hours"] is None


def test_the_demand_is_held_against_what_was_ready() -> None:
    demand = np.ones(120, dtype=np.int64)
    values, follows = measured(RECORD, SERVICE, demand, SLO_S, MISS_USD)
    assert follows is not None
    # From 10 to 120 s one instance is needed; more are ready from 40 to 60 s (a second) and 42 to 90 s (a third).
    assert values["under_provisioned_time"] == 0
    assert values["over_provisioned_time"] == pytest.approx(100 * 50 / 110, abs=1)
    assert values["jitter_per_hour"] is not None


def test_slower_than_counts_whole_buckets_above_the_limit() -> None:
    histogram = Histogram()
    histogram.record(np.array([0.1] * 3 + [1.0] * 2))
    assert [slower_than(histogram, limit_s) for limit_s in (0.05, 0.5, 2.0)] == [5, 2, 0]
    assert slower_than(Histogram(), 0.1) == 0


def test_nothing_served_and_nothing_asked_is_no_ratio() -> None:
    assert missed_slo(RequestStats(), 1.0) == 0
    empty = SERVICE._replace(name="absent", usages=[])
    values, _ = measured(RECORD, empty, None, SLO_S, MISS_USD)
    assert values["requests"] == 0
    assert (values["error_rate"], values["usd_per_million"], values["score"]) == (None, None, None)


def test_a_case_without_an_slo_takes_five_times_the_undisturbed_time() -> None:
    scenario = read_scenario(
        "duration: 10s\nservices: {web: {application: {simulated: {io: 80ms}}}}\ntraffic: [{poisson: {rate: 1/s}}]\n"
    )
    assert Terms().slo_of(scenario, "web") == pytest.approx(SLO_FACTOR * 0.08)
    assert Terms(slo_s=0.3).slo_of(scenario, "web") == 0.3


def test_bounds_keep_intervals_within_what_a_figure_can_be() -> None:
    assert (FIGURES["error_rate"].least, FIGURES["error_rate"].most) == (0, 1)
    assert (FIGURES["instability"].least, FIGURES["instability"].most) == (0, 100)
    assert FIGURES["over_provisioned_amount"].most == math.inf
    assert FIGURES["jitter_per_hour"].least == -math.inf
