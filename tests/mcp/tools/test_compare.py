"""The tool that compares."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.mcp.failure import ToolFailure
from simulator.mcp.tools.compare import COMPARE
from simulator.sdk.comparison import compare
from simulator.sdk.scenario import Scenario
from tests.mcp.contexts import OVERLOADED, called, context_of


def test_the_figures_are_those_of_the_python_api(tmp_path: Path) -> None:
    told: list[tuple[float, float | None]] = []
    context = context_of(tmp_path, lambda done, total, _: told.append((done, total)))
    outcome = called(COMPARE, context, scenario=OVERLOADED, policies=["configured", "knative"], seeds=3)
    data = compare(Scenario.from_text(OVERLOADED), ["configured", "knative"], seeds=3).data
    assert outcome.baseline == "configured"
    assert outcome.ranking == [part.candidate for part in data.overall]
    (case,) = outcome.cases
    answer = data.cases[0].answer
    assert answer is not None
    assert (case.answer, case.sentences) == (answer.headline, answer.sentences)
    for candidate, row in zip(case.candidates, data.cases[0].rows, strict=True):
        assert candidate.candidate == row.candidate
        assert candidate.figures["month_usd"].model_dump() == row.estimates["month_usd"].model_dump()
    assert case.candidates[0].differences == {}, "the baseline does not differ from itself"
    assert told[-1][0] == told[-1][1]


def test_a_change_applies_to_every_candidate(tmp_path: Path) -> None:
    context = context_of(tmp_path)
    given = {"policies": ["configured", "fixed"], "seeds": 1, "scenario": OVERLOADED}
    for candidate in called(COMPARE, context, **given).cases[0].candidates[:2]:
        assert candidate.figures["error_rate"].mean > 0.3
    for candidate in called(COMPARE, context, changes={"max_concurrency": 4}, **given).cases[0].candidates[:2]:
        assert candidate.figures["error_rate"].mean == 0


def test_wrong_candidates_are_errors(tmp_path: Path) -> None:
    context = context_of(tmp_path)
    with pytest.raises(ToolFailure, match="policies = empty, must have a policy"):
        called(COMPARE, context, scenario=OVERLOADED)
    with pytest.raises(ToolFailure, match="--allow-python"):
        called(COMPARE, context, scenario=OVERLOADED, policies=["mine.py:Mine"])
    with pytest.raises(ToolFailure, match="seeds = 31, must be less than or equal to 30"):
        called(COMPARE, context, scenario=OVERLOADED, policies=["knative"], seeds=31)
    with pytest.raises(ValueError, match=r"lambd.*did you mean `lambda`\?"):
        called(COMPARE, context, scenario=OVERLOADED, platforms=["lambd"])
