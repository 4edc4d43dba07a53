"""The lines of `--verbose` for runs that have ended."""

from __future__ import annotations

from simulator.cli.lab.run_lines import case_line, outcome_lines, point_line
from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.figures import Terms
from simulator.lab.compare.run import ServiceOutcome, Task, TaskOutcome
from simulator.lab.sweep.grid import GridPoint
from simulator.lab.sweep.point_run import Row
from simulator.lab.validate.case import Case, Evidence, Finding, Subject
from simulator.lab.validate.validate import CaseResult
from simulator.scenario.on_policy_error import OnPolicyError

(KNATIVE,) = candidates_of(["knative"], [], {}, OnPolicyError.STOP)
TASK = Task("shop.yaml", KNATIVE, 7, Terms(), "auto")


def test_a_run_has_a_line_for_each_service_with_the_figures_that_it_has() -> None:
    web = ServiceOutcome(
        {"requests": 1200.0, "latency_p95_s": 0.25, "error_rate": 0.01, "run_usd": None, "sigma": 3.0},
        None,
        None,
        decisions=1,
        failed_checks=("p95 < 200 ms", "usd < 3"),
    )
    api = ServiceOutcome({"requests": 3.0}, None, None, decisions=2)
    assert list(outcome_lines("shop", TASK, TaskOutcome({"web": web, "api": api}))) == [
        (
            "shop, knative, seed 7: web: requests 1,200, p95 250 ms, error rate 1.00 %, 1 decision; "
            "failed checks: p95 < 200 ms; usd < 3"
        ),
        "shop, knative, seed 7: api: requests 3, 2 decisions",
    ]


def test_a_failed_run_has_one_line_with_its_error() -> None:
    assert list(outcome_lines("shop", TASK, TaskOutcome({}, "no such file"))) == [
        "shop, knative, seed 7: failed: no such file"
    ]


def test_a_point_has_the_values_of_its_axes_and_says_if_an_earlier_start_has_played_it() -> None:
    point = GridPoint(3, (("max_size", 5), ("policy", "hpa")), 7)
    row: Row = {"requests": 400, "latency_p95_s": 0.1, "month_usd": 12.5, "policy_name": "hpa", "run_usd": None}
    text = "max_size = 5, policy = hpa, seed = 7: requests 400, p95 100 ms, per month $12.50"
    assert point_line(point, row, before=False) == text
    assert point_line(point, row, before=True) == f"{text} (by an earlier start)"
    assert point_line(point, {"error": "min_size"}, before=False).endswith("seed = 7: failed: min_size")


def test_a_case_has_its_verdict_and_the_figures_that_miss() -> None:
    case = Case("39", "Knative", "knative/serving", list, Subject.KNATIVE, Evidence.RULES, "2026", "Unit tests.")
    right, wrong = Finding("steps", 3, 3), Finding("peak", 3, 4, 0.5)
    assert case_line(CaseResult(case, (right,))) == "39 Knative: 1 figure, ok"
    assert case_line(CaseResult(case, (right, wrong))) == "39 Knative: 2 figures, MISS: peak"
