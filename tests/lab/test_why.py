"""The decision in force, explained in a sentence."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from simulator.lab.why import clock_text, parse_moment, read_report, why
from simulator.records.evaluation_log import KEPT_MAX, EvaluationLog
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.report.serialization import report_json
from simulator.rules.policies.port import Decision
from simulator.scenario.scenario import load_scenario, read_scenario
from tests.lab.compare.compare_scenarios import step


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return build_report(play(Run(load_scenario(step(tmp_path_factory.mktemp("step")))), signals=False))


def test_an_explanation_has_inputs_formula_and_decision(report: Report) -> None:
    raised = next(decision for decision in report.services[0].decisions if decision.desired > 1)
    (sentence,) = why(report, raised.at_s + 0.5)
    assert sentence.startswith(
        f"At {clock_text(raised.at_s + 0.5)} the desired count of web was {raised.desired} instances"
    )
    assert f"at {clock_text(raised.at_s)}, 500 ms before" in sentence
    assert f"saw in_flight = {raised.inputs['in_flight']:.4g}" in sentence
    assert f"computed {raised.formula}" in sentence
    assert f"raised the desired count from {raised.before} to {raised.desired}, because" in sentence


def test_an_explanation_names_the_clamps(report: Report) -> None:
    clamped = next(decision for decision in report.services[0].decisions if decision.clamps)
    (sentence,) = why(report, clamped.at_s)
    assert f"clamped it by {clamped.clamps[0]}" in sentence


def test_before_the_first_decision_the_initial_count_is_explained(report: Report) -> None:
    (sentence,) = why(report, 0.0, "web")
    assert "had not decided yet (its first evaluation was at 0:00:01)" in sentence


@pytest.mark.case("L12", "X3")
def test_a_moment_without_a_change_is_explained_too(report: Report) -> None:
    (service,) = report.services
    changes = [decision.at_s for decision in service.decisions]
    for look in service.looks:
        if look.at_s in changes:
            continue
        (sentence,) = why(report, look.at_s)
        assert f"app-runner saw in_flight = {look.inputs['in_flight']:.4g}" in sentence
        assert f"computed {look.formula}" in sentence
        assert f"and changed nothing, because {look.reason}." in sentence
        earlier = [at_s for at_s in changes if at_s < look.at_s]
        assert (f"since {clock_text(earlier[-1])}" if earlier else "unchanged since its start") in sentence
    assert len(service.looks) == 60, "each second of this run"


@pytest.mark.case("L12")
def test_a_fractional_concurrency_is_shown_with_its_digits(tmp_path: Path) -> None:
    """roadmap#85: one slow request every other second and no scaling; the explanation shows the metric."""
    text = """
        duration: 5 min
        services: {web: {max_concurrency: 70, application: {simulated: {io: 1s}}}}
        traffic: [{clock: {rate: 0.5/s}}]
    """
    slow = build_report(play(Run(read_scenario(text, folder=tmp_path)), signals=False))
    assert slow.services[0].decisions == []
    (sentence,) = why(slow, 200)
    assert "saw in_flight = 0.5, rejected = 0, service_s = 1" in sentence
    assert "computed ceil(0.5 / (0.7 x 70)) = 1" in sentence
    assert "because 0.5 requests in flight on average over 60 s." in sentence


@pytest.mark.case("L12")
def test_a_long_run_keeps_a_bounded_number_of_evaluations() -> None:
    evaluations = EvaluationLog()
    for second in range(100_000):
        evaluations.note(second, Decision(1, "", str(second)))
    times = [at_s for at_s, _ in evaluations.kept]
    assert KEPT_MAX / 2 <= len(times) <= KEPT_MAX
    assert times[-1] == 99_999
    assert max(later - earlier for earlier, later in pairwise(times)) <= 1024


def test_a_missing_moment_or_service_is_rejected(report: Report) -> None:
    with pytest.raises(ValueError, match=r"time = 1:00:00, must be within the run: 0:00:00 to 0:01:00"):
        why(report, 3600)
    with pytest.raises(ValueError, match=r"service = 'x', must be one of web"):
        why(report, 1, "x")


@pytest.mark.parametrize(
    ("text", "seconds"), [("12:03:06", 43386), ("03:06", 186), ("90s", 90), ("1:2:3.5", 3723.5), ("1h", 3600)]
)
def test_moments_are_read_in_common_notations(text: str, seconds: float) -> None:
    assert parse_moment(text) == seconds


@pytest.mark.parametrize("text", ["noon", "12:99:00", "12", "-1s"])
def test_an_invalid_moment_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="must be a moment of the run"):
        parse_moment(text)


def test_a_report_is_read_back(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(report_json(report), encoding="utf-8")
    assert why(read_report(file), 30) == why(report, 30)
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="must be what `simulator run --json` writes"):
        read_report(file)
    with pytest.raises(ValueError, match="must be a file that can be read"):
        read_report(tmp_path / "nowhere.json")


def test_background_work_that_stalled_before_the_moment_is_named() -> None:
    text = """
    duration: 3 min
    services:
      web:
        application: {simulated: {io: 100ms, background: {mail: {after_requests: 100 %, cpu: 30s}}}}
    traffic: [{clock: {rate: 1/s}, until: 5s}]
    """
    report = build_report(play(Run(read_scenario(text)), signals=False))
    *_, stalled = why(report, 120)
    assert stalled.startswith("web: at 0:01:0")
    assert "instance 1 is idle, 3 of mail stalled" in stalled
    assert len(why(report, 30)) == 1
