"""The answers of a comparison as Markdown."""

from __future__ import annotations

from simulator.lab.compare.comparison import Comparison
from simulator.lab.compare.summary.markdown import comparison_markdown


def test_each_case_has_its_answer_with_warnings_and_without_other_notes(comparison: Comparison) -> None:
    notes = ["Warning: this matters", "this is beside the point"]
    cases = [case.model_copy(update={"notes": notes, "name": name}) for case in comparison.cases for name in ("a", "b")]
    text = comparison_markdown(comparison.model_copy(update={"cases": cases, "answer": cases[0].answer}))
    assert [line for line in text.splitlines() if line.startswith("#")] == ["### All 2 cases", "### a", "### b"]
    assert text.count("> Warning: this matters.") == 2
    assert "beside the point" not in text
