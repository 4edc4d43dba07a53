"""The accuracy of other simulators on the validation page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.lab.validate.case import Case, Evidence, Finding, Subject
from simulator.lab.validate.page import markdown
from simulator.lab.validate.published_accuracy import PUBLISHED
from simulator.lab.validate.validate import CaseResult

FACTS = Path(__file__).parents[3] / "docs" / "facts"


@pytest.fixture(scope="module")
def known() -> set[float]:
    """All numbers of the paragraph about case V22, and of the row of case 17."""
    second = (FACTS / "validation-2.md").read_text(encoding="utf-8").partition("**V22.**")[2]
    first = next(
        line for line in (FACTS / "validation.md").read_text(encoding="utf-8").splitlines() if "case-17" in line
    )
    return {float(number) for number in re.findall(r"\d+(?:\.\d+)?", second.partition("## 10")[0] + first)}


def test_every_published_error_is_in_the_facts(known: set[float]) -> None:
    unknown = [
        (entry.simulator, error)
        for entry in PUBLISHED
        for _, error in entry.errors
        if round(error * 100, 6) not in known
    ]
    assert unknown == []


def result(subject: Subject, *figures: Finding) -> CaseResult:
    case = Case("1", "a case", "source", lambda: figures, subject, Evidence.MEASUREMENT, "2026", "A set-up.")
    return CaseResult(case, figures)


def test_the_page_has_our_medians_beside_them() -> None:
    page = markdown(
        [
            result(Subject.ECS, Finding("a", 100, 104, 9), Finding("b", 100, 92, 9)),
            result(Subject.KNATIVE, Finding("c", 100, 98, 9)),
        ]
    )
    assert (
        "| BLIS | inference of language models, against vLLM | median | end to end 6.7 %, between tokens 7.1 %" in page
    )
    assert "| this simulator | Amazon ECS | median | 6 % | the observed cases above: 1 |" in page
    assert "| this simulator | Knative | median | 2 % |" in page
    assert "| median of their medians | 4 % | 2 platforms |" in page


def test_a_page_without_observed_cases_has_no_row_of_ours() -> None:
    case = Case("1", "a", "s", lambda: (Finding("x", 1, 1),), Subject.ECS, Evidence.RULES, "2026", "A set-up.")
    assert "this simulator |" not in markdown([CaseResult(case, (Finding("x", 1, 1),))])
