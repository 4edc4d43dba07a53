from __future__ import annotations

import pytest

from simulator.lab.what_if.ladders import Ladder, ladders
from simulator.report.verdict.part import CauseKind, CausePart
from tests.report.verdict.cases import CASES, FAILING_VERSION, report_of, scenario_of


def made(kind: CauseKind, outcome: str = "rejected", text: str = CASES[CauseKind.START_LAG]) -> list[Ladder]:
    cause = CausePart.model_validate(
        {"kind": kind, "outcome": outcome, "requests": 5, "begin_s": 90.0, "end_s": 130.0, "text": "it was so"}
    )
    report = report_of(text)
    return ladders(scenario_of(text), report, report.services[0], cause)


@pytest.mark.parametrize("kind", [CauseKind.APPLICATION, CauseKind.NETWORK_FAULT, CauseKind.TIME_OUT])
def test_no_setting_acts_on_causes_outside_the_service(kind: CauseKind) -> None:
    assert made(kind) == []


def test_only_the_version_before_helps_against_one_that_fails() -> None:
    assert made(CauseKind.DEPLOYMENT, "failed") == []
    (ladder,) = made(CauseKind.DEPLOYMENT, "failed", FAILING_VERSION)
    assert ladder.label(ladder.values[0]) == "The version before"
    assert ladder.changed(scenario_of(FAILING_VERSION), 0).timeline == ()


def test_no_setting_saves_the_requests_at_an_instance_that_crashes() -> None:
    assert made(CauseKind.CRASH, "failed") == []
    assert len(made(CauseKind.CRASH)) == 1


def test_the_first_min_size_is_the_most_that_the_policy_wanted() -> None:
    (ladder,) = made(CauseKind.START_LAG)
    wanted = max(decision.desired for decision in report_of(CASES[CauseKind.START_LAG]).services[0].decisions)
    assert ladder.values[ladder.guess] == wanted
    changed = ladder.changed(scenario_of(CASES[CauseKind.START_LAG]), wanted).services["web"]
    assert (changed.min_size, changed.max_size) == (wanted, 10)


def test_min_size_above_max_size_raises_both() -> None:
    (ladder,) = made(CauseKind.START_LAG)
    changed = ladder.changed(scenario_of(CASES[CauseKind.START_LAG]), 12).services["web"]
    assert (ladder.label(12), changed.min_size, changed.max_size) == ("MinSize 12 and MaxSize 12", 12, 12)


def test_larger_sizes_are_those_of_app_runner() -> None:
    _, size = made(CauseKind.THROTTLED_CPU)
    assert [size.label(value) for value in size.values] == ["2 vCPU / 4 GB", "4 vCPU / 8 GB"]


def test_every_cause_has_values_within_the_limits_of_app_runner() -> None:
    for kind in CauseKind:
        for ladder in made(kind):
            assert 0 <= ladder.guess < len(ladder.values)
            for value in ladder.values:
                service = ladder.changed(scenario_of(CASES[CauseKind.START_LAG]), value).services["web"]
                assert service.scaling.max_size >= service.scaling.min_size
