"""The tools about one run, against the Python API and against counts by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.mcp.failure import ToolFailure
from simulator.mcp.tools.runs import RUN, VERDICT, WHY
from simulator.sdk.scenario import Scenario
from tests.mcp.contexts import OVERLOADED, called, context_of


def test_a_run_has_the_figures_of_the_python_api(tmp_path: Path) -> None:
    outcome = called(RUN, context_of(tmp_path), scenario="first-look", seed=5)
    result = Scenario("first-look").run(seed=5)
    assert outcome.seed == 5
    assert outcome.p95_s == result.figures["latency_p95_s"]
    assert outcome.month_usd == result.figures["month_usd"]
    assert outcome.verdict == result.verdict.text
    assert [each.passed for each in outcome.checks] == [check.passed for check in result.report.checks]


def test_the_counts_of_an_overloaded_service_are_those_of_its_slots(tmp_path: Path) -> None:
    """Two slots of 45 ms serve two of three requests, which begin every 16.7 ms."""
    outcome = called(RUN, context_of(tmp_path), scenario=OVERLOADED)
    assert outcome.requests == 3600
    assert outcome.served == pytest.approx(2400, rel=0.01)
    assert outcome.rejected == 3600 - outcome.served
    assert outcome.error_rate == pytest.approx(1 / 3, abs=0.01)
    assert [(each.check, each.passed) for each in outcome.checks] == [("error_rate < 1 %", False)]
    assert [(each.service, each.max_concurrency) for each in outcome.services] == [("web", 2)]


def test_a_change_and_a_policy_take_effect(tmp_path: Path) -> None:
    context = context_of(tmp_path)
    more = called(RUN, context, scenario=OVERLOADED, changes={"max_concurrency": 4})
    assert more.rejected == 0
    as_text = called(RUN, context, scenario=OVERLOADED, changes='{"max_concurrency": 4}')
    assert as_text == more, "some clients send an object as its text"
    fixed = called(RUN, context, scenario=OVERLOADED, policy="fixed")
    assert fixed.services[0].policy == "fixed"


def test_the_same_run_is_played_once(tmp_path: Path) -> None:
    context = context_of(tmp_path)
    (tmp_path / "a.yaml").write_text(OVERLOADED)
    scenario = context.workspace.scenario("a.yaml", {})
    first = context.reports.report(scenario, scenario.checked, context.tell)
    assert context.reports.report(scenario, scenario.checked, context.tell) is first
    other = scenario.checked.with_seed(8)
    assert context.reports.report(scenario, other, context.tell) is not first
    (tmp_path / "a.yaml").write_text(OVERLOADED.replace("60/s", "61/s"))
    changed = context.workspace.scenario("a.yaml", {})
    assert context.reports.report(changed, changed.checked, context.tell) is not first


def test_a_verdict_has_the_causes_and_a_change_that_was_played(tmp_path: Path) -> None:
    told: list[str] = []
    context = context_of(tmp_path, lambda _done, _total, text: told.append(text))
    outcome = called(VERDICT, context, scenario=OVERLOADED, what_ifs=3)
    (service,) = outcome.services
    lost = called(RUN, context, scenario=OVERLOADED).rejected
    assert service.lost == lost
    assert service.errors == {"429": lost}
    assert [cause.kind for cause in service.causes] == ["MaxSize"]
    assert service.changes
    best = service.changes[0]
    assert best.is_enough
    assert any(best.change in text for text in told)
    keys = {"MinSize": "min_size", "MaxSize": "max_size", "MaxConcurrency": "max_concurrency"}
    changes = {keys[word]: int(value) for word, value in map(str.split, best.change.split(" and "))}
    again = called(RUN, context, scenario=OVERLOADED, changes=changes)
    assert again.rejected + again.failed == best.errors, "the change was played in full"


def test_no_change_is_played_if_none_is_wanted(tmp_path: Path) -> None:
    outcome = called(VERDICT, context_of(tmp_path), scenario=OVERLOADED, what_ifs=0)
    assert outcome.services[0].changes == []


def test_why_explains_a_moment_or_the_losses(tmp_path: Path) -> None:
    context = context_of(tmp_path)
    at = called(WHY, context, scenario=OVERLOADED, at="30s")
    assert at.sentences[0].startswith("At 0:00:30 the desired count of web was 1 instance")
    assert "around this time requests were rejected" in at.sentences[-1]
    losses = called(WHY, context, scenario=OVERLOADED)
    assert "MaxSize" in " ".join(losses.sentences)


def test_a_wrong_moment_service_or_policy_is_an_error(tmp_path: Path) -> None:
    context = context_of(tmp_path)
    with pytest.raises(ValueError, match="time = 0:03:00, must be within the run"):
        called(WHY, context, scenario=OVERLOADED, at="3m")
    with pytest.raises(ValueError, match=r"service = 'wed', must be one of web; did you mean `web`\?"):
        called(WHY, context, scenario=OVERLOADED, service="wed")
    with pytest.raises(ValueError, match=r"knativ.*did you mean `knative`\?"):
        called(RUN, context, scenario=OVERLOADED, policy="knativ")
    with pytest.raises(ToolFailure, match="--allow-python"):
        called(RUN, context, scenario=OVERLOADED, policy="mine.py:Mine")
