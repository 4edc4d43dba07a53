"""The documentation page of validation."""

from __future__ import annotations

from simulator.lab.validate.case import Case, Evidence, Finding, Subject
from simulator.lab.validate.page import markdown, share_text
from simulator.lab.validate.validate import CaseResult, validated


def case(number: str = "7") -> Case:
    figures = [Finding("x", 1, 2, 0.5), Finding("y", 1, 1)]
    return Case(number, "a case", "a | source", lambda: figures, Subject.ECS, Evidence.MEASUREMENT, "2026", "A set-up.")


def test_the_page_has_every_figure_and_the_number_of_misses() -> None:
    reported: list[CaseResult] = []
    results = validated([case()], on_result=lambda result, _: reported.append(result))
    assert reported == results
    assert not results[0].passed
    page = markdown(results)
    assert "2 figures of 1 cases, 1 miss." in page
    assert "| 7 a case | x | 1 | 2 | +1 | 0.5 | 1.5e+02 % | MISS |" in page
    assert "| 7 a case | y | 1 | 1 | 0 | exact | 0 % | ok |" in page
    assert "- 7: measurement, 2026. A set-up. Source: a | source." in page


def test_the_page_has_a_summary_and_a_section_for_each_platform_with_its_plot() -> None:
    page = markdown(validated([case()]), {Subject.ECS: "validation/ecs.svg"})
    assert "| Amazon ECS | 1 | 1 | 2 | 0 | 1 | 50 % | 75 % |" in page
    assert "## Amazon ECS\n\n![Published and simulated values: Amazon ECS](validation/ecs.svg)\n" in page


def test_a_figure_outside_its_tolerance_with_a_reason_is_explained_and_is_no_miss() -> None:
    figures = [Finding("x", 1, 2, 0.5, "its nodes are not published"), Finding("y", 1, 1)]
    given = Case("8", "b", "s", lambda: figures, Subject.ECS, Evidence.MEASUREMENT, "2026", "A set-up.")
    (result,) = validated([given])
    assert result.passed
    page = markdown([result])
    assert "2 figures of 1 cases, 0 miss, 1 outside with an explanation." in page
    assert "| explained |" in page
    assert "- 8, x: its nodes are not published." in page


def test_a_share_is_a_percentage_with_two_digits() -> None:
    assert [share_text(share) for share in (0.0123, 0.5, None)] == ["1.2 %", "50 %", "-"]
