"""The tool that tunes."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.mcp.failure import ToolFailure
from simulator.mcp.tools.runs import RUN
from simulator.mcp.tools.tune import TUNE
from tests.mcp.contexts import OVERLOADED, called, context_of

SHORT = OVERLOADED.replace("duration: 60s", "duration: 10s")

SLO = "error_rate < 1 %"


def test_the_choice_holds_when_it_is_played(tmp_path: Path) -> None:
    told: list[tuple[float, float | None]] = []
    context = context_of(tmp_path, lambda done, total, _: told.append((done, total)))
    vary = ["max_size=1,2", "max_concurrency=2,4"]
    outcome = called(TUNE, context, scenario=SHORT, slo=SLO, vary=vary, runs=20)
    assert outcome.choice is not None
    assert outcome.answer.startswith(outcome.choice.text)
    played = called(RUN, context, scenario=SHORT, changes=outcome.choice.changes)
    assert played.error_rate is not None
    assert played.error_rate < 0.01
    assert outcome.today is not None
    assert not outcome.today.holds
    assert "aws apprunner" in outcome.apply
    assert {knob.name for knob in outcome.knobs} == {"max_size", "max_concurrency"}
    assert all(total is not None and done <= total for done, total in told)


def test_no_choice_is_made_up(tmp_path: Path) -> None:
    context = context_of(tmp_path)
    outcome = called(TUNE, context, scenario=SHORT, slo=SLO, vary='["max_concurrency=1,2"]', runs=20)
    assert outcome.choice is None
    assert outcome.nearest is not None
    assert outcome.apply == ""


def test_wrong_arguments_are_named(tmp_path: Path) -> None:
    context = context_of(tmp_path)
    with pytest.raises(ToolFailure, match=r"withstand.0 = \"rain\", must be 'traffic', 'bursts' or 'starts'"):
        called(TUNE, context, scenario=SHORT, slo=SLO, withstand=["rain"])
    with pytest.raises(ToolFailure, match=r"scenario = .tuesday\.yaml., must be"):
        called(TUNE, context, scenario=SHORT, slo=SLO, judge=["tuesday.yaml"])
