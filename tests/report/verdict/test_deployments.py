"""Deployments as causes: a version with fewer instances, one that fails, and one that is slower."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.model.instance import InstanceState
from simulator.records.events import ANOTHER_REVISION, Event
from simulator.report.verdict.deployments import Replacement, replacements, serving_counts
from simulator.report.verdict.part import CauseKind
from tests.report.fake_run import moved
from tests.report.verdict.cases import CASES, EQUAL_VERSION, FAILING_VERSION, SLOWER_VERSION, report_of, verdict_of

S = InstanceState
# Two instances, then a third; one of another revision is ready at 20 and serves from 30 on, the others leave at 40.
EVENTS: list[Event] = [
    *(moved(0.0, number, S.PROVISIONING, S.STARTING) for number in (1, 2)),
    *(moved(1.0, number, S.STARTING, S.ACTIVE) for number in (1, 2)),
    moved(10.0, 3, S.STARTING, S.ACTIVE),
    moved(20.0, 4, S.STARTING, S.ACTIVE),
    moved(35.0, 5, S.STARTING, S.ACTIVE),
    *(moved(40.0, number, S.ACTIVE, S.DRAINING, ANOTHER_REVISION) for number in (1, 2, 3)),
]


def test_instances_serve_from_the_switch_to_their_revision_until_the_next_one() -> None:
    counts = serving_counts("web", EVENTS, [30.0])
    assert [counts.at(at_s) for at_s in (0.5, 1.0, 10.0, 20.0, 29.9, 30.0, 35.0, 40.0)] == [0, 2, 3, 3, 3, 1, 2, 2]


def test_a_replacement_has_the_ready_instances_of_both_revisions_at_the_switch() -> None:
    assert replacements("web", EVENTS, [30.0]) == [Replacement(30.0, 3, 1)]


def test_without_a_known_switch_the_old_instances_serve_until_they_drain() -> None:
    assert replacements("web", EVENTS, []) == [Replacement(40.0, 3, 2)]


def test_fewer_instances_lose_requests_until_as_many_are_ready_as_the_policy_wants() -> None:
    text = CASES[CauseKind.DEPLOYMENT]
    cause = verdict_of(text).causes[0]
    (service,) = report_of(text).services
    switched_s = next(
        event.at_s
        for event in service.events
        if event.line.startswith("Health check is successful. R") and event.at_s > 0
    )
    wanted = max(each.desired for each in service.decisions if each.at_s <= switched_s)
    ready_s = sorted(
        each.at_s
        for each in service.instance_events
        if each.after == "active" and each.at_s > 60 and each.before == "starting"
    )
    begins_s = np.arange(len(service.series.rejected)) * service.series.width_s
    lossy = (begins_s >= switched_s) & (begins_s < ready_s[wanted])  # its own instance, and those that were missing
    assert cause.kind is CauseKind.DEPLOYMENT
    assert cause.begin_s == switched_s
    assert cause.requests == int(np.array(service.series.rejected)[lossy].sum())


def test_a_version_that_fails_is_named_with_its_share() -> None:
    (cause,) = verdict_of(FAILING_VERSION).causes
    assert (cause.kind, cause.outcome) == (CauseKind.DEPLOYMENT, "failed")
    assert cause.requests == report_of(FAILING_VERSION).requests.failed
    assert cause.text.startswith("the version deployed at 4:08 failed 2")


def test_a_version_that_is_slower_is_the_cause_of_the_rejections() -> None:
    (cause,) = verdict_of(SLOWER_VERSION).causes
    assert (cause.kind, cause.outcome) == (CauseKind.DEPLOYMENT, "rejected")
    assert "is slower, with a median of 5" in cause.text


@pytest.mark.parametrize("text", [EQUAL_VERSION, FAILING_VERSION.replace("failure_share: 20 %", "failure_share: 0 %")])
def test_a_version_like_the_one_before_is_no_cause(text: str) -> None:
    assert verdict_of(text).causes == []
