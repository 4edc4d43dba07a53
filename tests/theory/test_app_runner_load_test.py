"""The public load test of App Runner through the whole platform, with the default parameters of `app-runner`.

The cases are those of `simulator validate` (lab/validate/app_runner.py has setup and tolerances).
"""

from __future__ import annotations

import pytest

from simulator.lab.validate.app_runner import (
    LAG_TOLERANCE_S,
    LOSSY_S,
    LoadPhase,
    cases,
    first_step,
    load_test,
    losses,
    lost_and_offered,
    phases,
    service_of,
)
from simulator.lab.validate.case import Case


@pytest.mark.parametrize("test", ["single", "ladder"])
def test_the_loss_of_every_phase_is_the_measured_one(test: str) -> None:
    found = losses(test)
    assert len(found) == {"single": 5, "ladder": 4}[test]
    assert [str(finding) for finding in found if not finding.passed] == []


def test_the_first_step_loses_as_much_and_is_served_when_it_was_in_the_measured_run() -> None:
    assert [str(finding) for finding in first_step() if not finding.passed] == []


@pytest.mark.parametrize("phase", list(phases()), ids=str)
def test_every_phase_offers_what_was_offered_and_only_429_is_seen(phase: LoadPhase) -> None:
    service = service_of(load_test(), phase.service)
    assert lost_and_offered(service, phase.begin_s, phase.end_s)[1] == phase.requests
    assert sum(service.series.failed) == 0


def test_the_rejections_end_with_the_instance_that_the_first_decision_requested() -> None:
    decision = next(decision for decision in service_of(load_test(), "ladder").decisions if decision.desired == 2)
    assert decision.ready_after_s is not None
    assert decision.at_s + decision.ready_after_s == pytest.approx(LOSSY_S, abs=LAG_TOLERANCE_S)


def test_the_ladder_grows_by_one_instance_a_step_and_never_shrinks() -> None:
    # "Reproduced by a target of 0.5 to 0.79": every step begins with the instances of the previous step.
    desired = [decision.desired for decision in service_of(load_test(), "ladder").decisions]
    assert desired == sorted(desired)
    assert desired[-1] == 5


@pytest.mark.parametrize("case", [case for case in cases() if case.number == "13.3"], ids=lambda case: case.number)
def test_the_examples_of_the_price_page_are_reproduced(case: Case) -> None:
    assert [str(finding) for finding in case.run() if not finding.passed] == []
