"""The verdict of random scenarios: its causes are possible by the scenario, and its counts are those of the report."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.report.schema import Report
from simulator.report.verdict.part import CauseKind
from tests.report.verdict.cases import report_of, scenario_of


@st.composite
def _scenarios(draw: st.DrawFn) -> str:
    """The text of a scenario of two minutes, with a crash, a downstream resource, retries or a failing application."""
    work = draw(st.sampled_from(["io: 100ms", "cpu: 60ms", "io: 50ms, failure_share: 10 %", "io: 3s"]))
    downstream = draw(st.sampled_from(["", "      downstream: {db: {connections: 2, service: 100ms}}\n"]))
    retry = draw(st.sampled_from(["", ", retry: {attempts: 3, wait: 200ms}"]))
    killed = draw(st.booleans())
    first, second = draw(st.integers(1, 20)), draw(st.integers(1, 60))
    return (
        f"version: 1\nduration: 2 min\nseed: {draw(st.integers(0, 99))}\nservices:\n  web:\n"
        f"    max_concurrency: {draw(st.sampled_from([2, 5, 40]))}\n"
        f"    max_size: {draw(st.sampled_from([1, 2, 6]))}\n    request_timeout: 2s\n"
        f"    application:\n      simulated: {{start_up: {draw(st.sampled_from([1, 20]))}s, {work}}}\n{downstream}"
        f"traffic:\n  - {{name: users, steps: {{levels: [{{rate: {first}/s, for: 60s}}, "
        f"{{rate: {second}/s, for: 60s}}]}}{retry}}}\n"
        + ("timeline:\n  - {at: 80s, kill_instance: {which: oldest}}\n" if killed else "")
    )


def _is_possible(kind: CauseKind, text: str, report: Report) -> bool:  # noqa: PLR0911 one case per cause
    """Return False if the scenario, or the decisions and states of the report, contradict the cause."""
    (service,) = report.services
    spec = scenario_of(text).services["web"]
    wanted = max([spec.min_size, *(each.desired for each in service.decisions)])
    match kind:
        case CauseKind.CRASH:
            return "kill_instance" in text
        case CauseKind.DEPLOYMENT | CauseKind.NETWORK_FAULT:
            return False
        case CauseKind.DOWNSTREAM:
            (db,) = report.downstream or (None,)
            return db is not None and (db.queue_max > 0 or db.rejected > 0)
        case CauseKind.RETRIES:
            return "retry" in text
        case CauseKind.THROTTLED_CPU | CauseKind.MAX_CONCURRENCY_HIGH:
            return "cpu: 60ms" in text
        case CauseKind.MAX_SIZE:
            return wanted >= spec.max_size
        case CauseKind.SCALE_IN:
            return any(each.desired < each.before for each in service.decisions)
        case CauseKind.START_LAG:
            return wanted > spec.min_size or "kill_instance" in text
        case CauseKind.APPLICATION:
            return "failure_share" in text
        case CauseKind.TIME_OUT:
            return report.requests.failed > 0
        case CauseKind.MAX_CONCURRENCY_LOW:
            return report.requests.rejected > 0


def test_calls_that_a_resource_rejected_are_not_failures_of_the_application() -> None:
    """The bins of the requests are five times as wide as those of the resource: there are few requests."""
    report = report_of(
        "version: 1\nduration: 2 min\nseed: 1\nservices:\n  web:\n    application:\n"
        "      simulated: {start_up: 1s, io: 100ms}\n      downstream: {db: {connections: 2, service: 100ms}}\n"
        "traffic:\n  - {name: users, poisson: {rate: 1/s}}\n"
    )
    assert report.verdict is not None
    causes = report.verdict.services[0].causes
    rejected = report.downstream[0].rejected
    assert rejected > 0
    assert [(cause.kind, cause.requests) for cause in causes] == [(CauseKind.DOWNSTREAM, rejected)]


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(_scenarios())
def test_no_cause_contradicts_the_scenario_and_every_lost_request_has_one(text: str) -> None:
    report = report_of(text)
    assert report.verdict is not None
    (part,) = report.verdict.services
    for cause in part.causes:
        assert _is_possible(cause.kind, text, report), cause
    causes = [cause for cause in part.causes if cause.outcome != "slow" and cause.kind is not CauseKind.RETRIES]
    lost = report.requests.rejected + report.requests.failed
    assert sum(cause.requests for cause in causes) == part.lost == lost == sum(each.requests for each in part.errors)
