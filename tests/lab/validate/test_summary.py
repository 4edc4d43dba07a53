"""The summary by platform: what counts as observed, and the medians."""

from __future__ import annotations

import statistics

import pytest

from simulator.lab.validate.case import Case, Evidence, Finding, Subject
from simulator.lab.validate.summary import by_subject
from simulator.lab.validate.validate import CaseResult


def result(subject: Subject, evidence: Evidence, *findings: Finding, seconds: float = 1.0) -> CaseResult:
    case = Case("1", "a case", "source", lambda: findings, subject, evidence, "2026", "A set-up.")
    return CaseResult(case, findings, seconds=seconds)


def test_a_median_error_is_over_the_figures_of_observed_cases_only() -> None:
    figures = [Finding("a", 100, 101, 5), Finding("b", 10, 8, 5), Finding("c", 50, 52, 5), Finding("d", 0, 3, 5)]
    results = [
        result(Subject.ECS, Evidence.MEASUREMENT, *figures[:2]),
        result(Subject.ECS, Evidence.STATEMENT, *figures[2:], seconds=2.5),
        result(Subject.ECS, Evidence.RULES, Finding("tasks", 4, 4), Finding("more", 4, 3)),
        result(Subject.THEORY, Evidence.THEORY, Finding("wait", 1, 1.5, 1)),
    ]
    ecs, theory = by_subject(results)
    assert (ecs.cases, ecs.observed, ecs.figures, ecs.missed, ecs.seconds) == (3, 2, 6, 1, 4.5)
    assert ecs.median_error == statistics.median([0.01, 0.2, 0.04])
    assert ecs.smallest_bias == pytest.approx(statistics.median([6 / 100, 7 / 10, 7 / 50]))
    assert (theory.subject, theory.median_error, theory.smallest_bias) == (Subject.THEORY, None, None)


def test_subjects_are_in_one_order_whatever_order_the_results_have() -> None:
    results = [result(subject, Evidence.RULES) for subject in reversed(Subject)]
    assert [one.subject for one in by_subject(results)] == list(Subject)
