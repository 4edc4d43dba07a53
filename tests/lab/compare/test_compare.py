"""Comparisons: common random numbers, the oracle as reference, and results that do not depend on the processes."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.compare import Plan, compare
from simulator.lab.compare.comparison import CasePart, Comparison, RowPart
from simulator.lab.compare.figures import Terms, slower_than
from simulator.lab.compare.run import kept_tasks
from simulator.lab.statistics import independent
from simulator.lab.workers.in_turn import InTurn
from simulator.records.histogram import Histogram
from simulator.replay.runner import Run, play
from simulator.scenario.scenario import load_scenario, read_scenario
from tests.lab.compare.compare_scenarios import closed, step, two

POLICIES = ("app-runner", "knative", "fixed")


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return compare(plan(step(tmp_path_factory.mktemp("step"))))


def plan(file: Path, policies: tuple[str, ...] = POLICIES, seeds: int = 8, **more: object) -> Plan:
    candidates = candidates_of(policies, (), {})
    return Plan([file], candidates, baseline=candidates[0].label, seeds=seeds, **more)  # type: ignore[arg-type]


def row(case: CasePart, candidate: str) -> RowPart:
    return next(row for row in case.rows if row.candidate == candidate)


def test_every_candidate_has_a_value_for_every_seed(comparison: Comparison) -> None:
    (case,) = comparison.cases
    assert [row.candidate for row in case.rows][:4] == [*POLICIES, "oracle"]
    assert all(row.candidate.startswith("oracle as ") for row in case.rows[4:])
    assert case.seeds == list(range(3, 11))
    assert {len(values) for row in case.rows for values in row.values.values()} == {8}
    assert comparison.failures == []


def test_the_same_seed_has_the_same_requests_under_every_policy(tmp_path: Path) -> None:
    """Common random numbers: not only the number of requests is equal, but also each request and its work."""
    scenario = load_scenario(step(tmp_path))

    def work(policy: str) -> dict[str, str]:
        rows = io.StringIO()
        play(Run(scenario.with_policy(policy), csv=rows), signals=False)
        rows.seek(0)
        return {row["intended_s"]: row["service_s"] for row in csv.DictReader(rows) if row["status"] == "200"}

    mine, yours = work("app-runner"), work("knative")
    both = mine.keys() & yours.keys()
    assert len(both) > 600
    assert all(float(mine[at]) == pytest.approx(float(yours[at]), abs=1e-8) for at in both)


def test_a_paired_difference_has_a_narrower_interval_than_independent_runs(comparison: Comparison) -> None:
    """Common random numbers have an effect (issue 7, must show 6)."""
    (case,) = comparison.cases
    mine, base = row(case, "fixed"), row(case, "app-runner")
    for name in ("latency_mean_s", "error_rate", "score"):
        paired = mine.differences[name]
        apart = independent(mine.values[name], base.values[name])
        assert apart is not None
        assert apart.half_width is not None
        assert paired.low is not None
        assert paired.high is not None
        assert (paired.high - paired.low) / 2 < apart.half_width, name


def test_differences_are_those_of_the_means_and_the_baseline_has_none(comparison: Comparison) -> None:
    (case,) = comparison.cases
    assert row(case, "app-runner").differences == {}
    knative = row(case, "knative")
    difference = knative.estimates["run_usd"].mean - row(case, "app-runner").estimates["run_usd"].mean
    assert knative.differences["run_usd"].mean == pytest.approx(difference)


def test_regret_is_measured_against_the_oracle(comparison: Comparison) -> None:
    (case,) = comparison.cases
    oracle = row(case, "oracle as app-runner")
    assert set(oracle.values["regret"]) == {1}
    oracle = row(case, "oracle")
    assert oracle.estimates["error_rate"].mean == 0
    # In percent. The demand has bins of five seconds, while the oracle decides each second.
    assert (
        oracle.estimates["under_provisioned_amount"].mean
        < row(case, "app-runner").estimates["under_provisioned_amount"].mean / 3
    )
    assert all(row(case, name).estimates["regret"].mean > 1 for name in ("app-runner", "fixed"))
    assert comparison.overall[0].regret is not None
    assert [part.candidate for part in comparison.overall if part.candidate == "oracle"] == ["oracle"]


@pytest.mark.case("L23")
def test_regret_is_against_the_best_known_with_the_same_actuator_and_never_below_one(tmp_path: Path) -> None:
    """Knative starts pods in a second and queues requests: the oracle with App Runner's actuator is no reference."""
    found = compare(plan(step(tmp_path), policies=("configured", "knative", "cloud-run", "hpa"), seeds=3))
    (case,) = found.cases
    for name in ("configured", "knative", "cloud-run", "hpa"):
        assert all(regret is not None and regret >= 1 for regret in row(case, name).values["regret"]), name
    knative, oracle = row(case, "knative"), row(case, "oracle as knative")
    for place, regret in enumerate(knative.values["regret"]):
        scores = [one.values["score"][place] for one in (knative, oracle)]
        assert regret == pytest.approx(scores[0] / min(scores))  # type: ignore[operator,type-var]


def test_the_score_is_the_documented_formula(tmp_path: Path) -> None:
    """USD and 0.01 USD for every request that misses its SLO, per million requests; here all requests miss it."""
    found = compare(plan(two(tmp_path), policies=("fixed",), seeds=1, terms=Terms(slo_s=0.05, miss_usd=0.01)))
    values = found.cases[0].rows[0].values
    (usd,), (requests,) = values["run_usd"], values["requests"]
    assert usd is not None
    assert requests == 100
    assert values["slo_miss_ratio"] == [1]
    assert values["score"] == [pytest.approx((usd + 0.01 * 100) / 100 * 1e6)]


def test_the_elastic_speedup_of_the_baseline_is_one(comparison: Comparison) -> None:
    (case,) = comparison.cases
    assert row(case, "app-runner").estimates["elastic_speedup"].mean == pytest.approx(1)
    # The fixed policy has too few instances for most of the peak, the oracle has not.
    oracle, fixed = (row(case, name).estimates for name in ("oracle", "fixed"))
    assert oracle["under_provisioned_amount"].mean < fixed["under_provisioned_amount"].mean


def test_processes_give_the_same_comparison_as_one(tmp_path: Path) -> None:
    asked = plan(step(tmp_path), seeds=2)
    assert compare(asked, workers=2) == compare(asked)


def test_worker_processes_play_the_scenario_that_was_read_even_if_its_file_changes(tmp_path: Path) -> None:
    file = step(tmp_path)
    alone, told = compare(plan(file, ("app-runner", "fixed"), 2)), plan(file, ("app-runner", "fixed"), 2)
    file.write_text("version: 1\nduration: nonsense\n", encoding="utf-8")
    assert compare(told, workers=2) == alone
    file.unlink()
    assert compare(told, workers=2) == alone


def test_a_closed_load_is_compared_without_oracle_and_elasticity(tmp_path: Path) -> None:
    found = compare(plan(closed(tmp_path), seeds=2))
    (case,) = found.cases
    assert [row.candidate for row in case.rows] == list(POLICIES)
    assert "under_provisioned_amount" not in case.rows[0].estimates
    assert case.rows[0].estimates["latency_p95_s"].mean == pytest.approx(0.1)


def test_services_are_cases_of_their_own(tmp_path: Path) -> None:
    found = compare(plan(two(tmp_path), policies=("fixed",), seeds=1))
    assert [case.name for case in found.cases] == ["two/a", "two/b"]
    assert [case.rows[0].values["requests"] for case in found.cases] == [[100], [200]]


def test_a_failed_run_is_reported_and_the_others_count(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("class Bad:\n    def decide(self, observation):\n        return 1 / 0\n", encoding="utf-8")
    found = compare(plan(step(tmp_path), policies=("fixed", f"{bad}:Bad"), seeds=2))
    assert [(failure.candidate, failure.seed) for failure in found.failures] == [("Bad", 3), ("Bad", 4)]
    assert "policy Bad raised ZeroDivisionError" in found.failures[0].error
    (case,) = found.cases
    assert row(case, "Bad").values["score"] == [None, None]
    assert row(case, "fixed").estimates["score"].mean > 0
    assert next(part for part in found.overall if part.candidate == "Bad").regret is None


def test_the_slo_is_five_times_an_undisturbed_request_unless_given(tmp_path: Path) -> None:
    file = step(tmp_path)
    assert compare(plan(file, policies=("fixed",), seeds=1)).cases[0].slo_s == pytest.approx(1.0)
    strict = compare(plan(file, policies=("fixed",), seeds=1, terms=Terms(slo_s=0.05))).cases[0]
    assert strict.slo_s == 0.05
    # An exponential time of 200 ms is above 50 ms with probability exp(-1/4).
    missed = strict.rows[0].values["slo_miss_ratio"][0]
    assert missed is not None
    assert missed > math.exp(-0.25) - 0.05


def test_the_default_slo_counts_the_work_of_paths_and_sizes() -> None:
    text = """
duration: 20s
services: {web: {application: {simulated: {io: 100ms, io_per_mb: 50ms, paths: {/slow: {io: 500ms}}}}}}
traffic: [{clock: {rate: 5/s}, requests: [{path: /}, {path: /slow, response_size: 2 MB}]}]
"""
    # Half of the requests take 100 ms, half 500 ms and 2 x 50 ms.
    assert Terms().slo_of(read_scenario(text), "web") == pytest.approx(5 * (0.1 + 0.6) / 2)


def test_slower_than_counts_what_is_above_the_limit() -> None:
    histogram = Histogram()
    histogram.record(np.array([0.1, 0.2, 0.3, 0.4]))
    assert slower_than(histogram, 0.25) == 2
    assert slower_than(histogram, 1.0) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [({"baseline": "absent"}, "baseline = 'absent', must be one of app-runner"), ({"candidates": []}, "nothing")],
)
def test_an_invalid_plan_is_rejected(tmp_path: Path, change: dict[str, object], said: str) -> None:
    good: dict[str, object] = {"candidates": candidates_of(POLICIES, (), {}), "baseline": "app-runner"}
    with pytest.raises(ValueError, match=said):
        Plan([step(tmp_path)], **(good | change))  # type: ignore[arg-type]


def test_a_resumed_comparison_equals_an_uninterrupted_one_and_plays_only_what_is_missing(tmp_path: Path) -> None:
    class Stopped(InTurn):
        def results(self, work: Any, shared: Any, units: Any, files: Any = ()) -> Any:
            yield from super().results(work, shared, list(units)[:5], files)
            raise KeyboardInterrupt

    asked = plan(step(tmp_path), ("app-runner", "fixed"), 3)
    whole = compare(asked)
    file = tmp_path / "runs.jsonl"
    with kept_tasks(file, asked.scenarios, asked.all_candidates) as kept, pytest.raises(KeyboardInterrupt):
        compare(asked, Stopped(), kept=kept)
    played: list[bool] = []
    with kept_tasks(file, asked.scenarios, asked.all_candidates) as kept:
        assert compare(asked, on_done=lambda _task, _outcome, before: played.append(before), kept=kept) == whole
    assert played == [True] * 5 + [False] * (len(asked.tasks()) - 5)
    fewer = plan(step(tmp_path), ("fixed", "app-runner"), 2)
    with kept_tasks(file, fewer.scenarios, fewer.all_candidates) as kept:
        assert all(kept.found(task) is not None for task in fewer.tasks()), "the order and the seeds may change"
    other = plan(step(tmp_path), ("app-runner", "fixed"), 3, terms=Terms(slo_s=0.05))
    with kept_tasks(file, other.scenarios, other.all_candidates) as kept:
        assert not any(kept.found(task) for task in other.tasks()), "another SLO gives other figures"
