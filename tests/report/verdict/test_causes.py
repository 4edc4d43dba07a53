"""Runs whose cause of loss is known by construction (cases.py)."""

from __future__ import annotations

import pytest

from simulator.report.verdict.part import CauseKind
from tests.report.verdict.cases import ANSWERED, CASES, POOLS, report_of, verdict_of


def test_every_cause_has_a_case() -> None:
    assert set(CASES) == set(CauseKind)


@pytest.mark.parametrize("kind", CASES, ids=str)
def test_the_first_cause_is_the_one_that_the_run_was_made_for(kind: CauseKind) -> None:
    part = verdict_of(CASES[kind])
    found = [cause.kind for cause in part.causes]
    expected = [CauseKind.MAX_SIZE, CauseKind.RETRIES] if kind is CauseKind.RETRIES else [kind]
    assert found[: len(expected)] == expected


@pytest.mark.parametrize("kind", CASES, ids=str)
def test_each_lost_request_has_one_cause(kind: CauseKind) -> None:
    report, part = report_of(CASES[kind]), verdict_of(CASES[kind])
    by_cause = sum(
        cause.requests for cause in part.causes if cause.outcome != "slow" and cause.kind is not CauseKind.RETRIES
    )
    assert part.lost == by_cause == report.requests.rejected + report.requests.failed
    assert sum(series.requests for series in part.errors) == part.lost


def test_calls_that_wait_for_the_pool_of_their_instance_do_not_say_that_the_resource_is_full() -> None:
    cause = verdict_of(POOLS).causes[0]
    assert (cause.kind, cause.text) == (
        CauseKind.DOWNSTREAM,
        "no connection to db was free in the pools of the instances",
    )


def test_a_run_without_a_loss_has_no_cause() -> None:
    part = verdict_of(ANSWERED)
    assert (part.causes, part.errors, part.lost) == ([], [], 0)


def test_the_first_peak_is_not_the_fault_of_the_scale_in_after_it() -> None:
    text = CASES[CauseKind.SCALE_IN].replace("warm_up: 5 min\n", "")
    kinds = {cause.kind: cause for cause in verdict_of(text).causes}
    assert kinds[CauseKind.START_LAG].begin_s < 120.0
    assert kinds[CauseKind.SCALE_IN].begin_s >= 480.0
