"""The ground-truth table: which cases, what a miss looks like, and the page that is made of it."""

from __future__ import annotations

import pytest

from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject, exact
from simulator.lab.validate.validate import all_cases, chosen, validated
from simulator.lab.validate.vectors import cases as vector_cases


@pytest.mark.parametrize("case", vector_cases(), ids=lambda case: case.number)
def test_every_published_vector_is_reproduced(case: Case) -> None:
    found = case.run()
    assert found
    assert [str(finding) for finding in found if not finding.passed] == []


def test_every_case_has_a_number_of_its_own() -> None:
    numbers = [case.number for case in all_cases()]
    assert len(set(numbers)) == len(numbers)
    assert len(numbers) >= 40


def test_cases_are_chosen_by_number_or_by_its_beginning() -> None:
    assert [case.number for case in chosen(["39"])] == ["39"]
    assert len(chosen(["2.1"])) == 24
    assert [case.number for case in chosen(["4"])] == ["1, 4"]
    with pytest.raises(ValueError, match=r"case = '99', must be one of V10, V11, V9, V3, V4"):
        chosen(["99"])


def test_a_figure_outside_its_tolerance_is_a_miss() -> None:
    assert Finding("x", 10, 10.5, 0.5).passed
    assert not Finding("x", 10, 10.6, 0.5).passed
    assert not exact("x", [1, 2, 3], [1, 2, 4])[0].passed
    assert not exact("x", [1, 2, 3], [1, 2])[0].passed


def test_cases_are_chosen_by_platform() -> None:
    assert {case.subject for case in chosen([], ["knative"])} == {Subject.KNATIVE}
    assert [case.number for case in chosen(["39", "44"], ["ecs", "knative"])] == ["39", "44"]
    with pytest.raises(ValueError, match=r"platform = 'knativ', must be .*knative"):
        chosen([], ["knativ"])
    with pytest.raises(ValueError, match="case = '44', must be"):
        chosen(["44"], ["knative"])


def test_a_result_has_the_curves_of_its_case_and_its_run_time() -> None:
    curve = Curve("Replicas", "s", "replicas", ((0, 1),), ((0, 1),))
    figures = [Finding("x", 1, 1)]
    case = Case(
        "7",
        "a case",
        "a source",
        lambda: figures,
        Subject.ECS,
        Evidence.STATEMENT,
        "2026",
        "A set-up.",
        lambda: [curve],
    )
    (result,) = validated([case])
    assert (result.findings, result.curves) == (tuple(figures), (curve,))
    assert result.seconds > 0


def test_several_processes_give_the_result_of_one() -> None:
    cases = chosen(["38", "45"])
    assert [result.findings for result in validated(cases, 2)] == [result.findings for result in validated(cases)]
