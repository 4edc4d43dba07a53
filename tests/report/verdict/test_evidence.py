"""A verdict names no cause that the journal contradicts: the journal is read here by simpler means than the rule's."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.model.instance import READY, InstanceState
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.times import RunTime
from simulator.records.events import ANOTHER_REVISION, Event, InstanceMoved, ScalingDecided
from simulator.records.instance_time import InstanceTime
from simulator.records.journal import Journal
from simulator.records.request_log import Chunk, RequestLog
from simulator.records.request_stats import StatsBySource
from simulator.records.scale_out import scale_outs
from simulator.records.series import RequestSeries
from simulator.report.verdict.causes import attributed
from simulator.report.verdict.evidence import RunOfService, evidence_of
from simulator.report.verdict.part import CauseKind, ServiceVerdictPart
from simulator.report.verdict.service_facts import ServiceFacts
from simulator.report.verdict.verdict import verdict_part
from tests.report.fake_run import decided, moved

S = InstanceState
ENDED_S = 100.0
MAX_SIZE = 4


@dataclass(frozen=True)
class _Made:
    run: RunOfService
    events: tuple[Event, ...]

    @property
    def part(self) -> ServiceVerdictPart:
        return verdict_part([self.run]).services[0]


def _made(events: list[Event], requests: list[tuple[float, int]], retried: int = 0, max_size: int = MAX_SIZE) -> _Made:
    """Return a run with these events and requests, given as (time, status)."""
    journal = Journal()
    log, stats, series = RequestLog(journal), StatsBySource(1), RequestSeries(1, ENDED_S)
    journal.subscribe(Chunk, stats.read)
    journal.subscribe(Chunk, series.read)
    for at_s, status in requests:
        log.add(0, at_s, 0.1, 0.0, 0.0, 0.1, status, 1, 0.0)
    log.flush()
    times = InstanceTime("web", events)
    whole = stats.after_warm_up()
    whole.retried = retried
    run = RunOfService(
        name="web",
        scaling=AutoScalingConfiguration(10, 1, max_size),
        vcpu=1.0,
        ended_s=ENDED_S,
        warm_up_s=0.0,
        stats=whole,
        requests=series.binned(),
        errors=series.errors(),
        times=times,
        raises=scale_outs("web", events, times.ready, ENDED_S),
        events=events,
    )
    return _Made(run, tuple(events))


@st.composite
def _journals(draw: st.DrawFn) -> list[Event]:
    """A journal in which instances start, crash, are replaced and are removed as decisions want."""
    events: list[Event] = [moved(0.0, 1, S.PROVISIONING, S.STARTING), moved(1.0, 1, S.STARTING, S.ACTIVE)]
    ready, desired, number, now_s = [1], 1, 1, 1.0
    for _ in range(draw(st.integers(0, 8))):
        now_s += draw(st.sampled_from([0.5, 3.0, 9.0]))
        match draw(st.sampled_from(["out", "in", "crash", "deploy"])):
            case "out" if desired < MAX_SIZE:
                events.append(decided(now_s, desired, desired + 1))
                desired, number = desired + 1, number + 1
                events.append(moved(now_s, number, S.PROVISIONING, S.STARTING))
                now_s += draw(st.sampled_from([0.0, 4.0]))
                events.append(moved(now_s, number, S.STARTING, S.ACTIVE))
                ready.append(number)
            case "in" if desired > 1 and ready:
                events.append(decided(now_s, desired, desired - 1))
                desired -= 1
                events.append(moved(now_s, ready.pop(), S.ACTIVE, S.DRAINING))
            case "crash" if ready:
                events.append(moved(now_s, ready.pop(), S.ACTIVE, S.STOPPED))
            case "deploy" if ready:
                events += [moved(now_s, each, S.ACTIVE, S.DRAINING, ANOTHER_REVISION) for each in ready]
                ready = ready[:0]
            case _:
                pass
    return events


_REQUESTS = st.lists(
    st.tuples(st.floats(0, ENDED_S - 0.001), st.sampled_from([200, 429, 500, 502, 503, 504, 499, 0])), max_size=40
)


@settings(deadline=None, max_examples=60)
@given(_journals(), _REQUESTS, st.integers(0, 10))
def test_no_cause_contradicts_the_journal(  # noqa: C901 one case per cause
    events: list[Event], requests: list[tuple[float, int]], retried: int
) -> None:
    made = _made(events, requests, retried)
    moves = [event for event in events if isinstance(event, InstanceMoved)]
    decisions = [event for event in events if isinstance(event, ScalingDecided)]
    for cause in made.part.causes:
        until_s = cause.end_s + 0.2
        match cause.kind:
            case CauseKind.CRASH:
                assert any(m.before in READY and m.after is S.STOPPED and m.at_s <= until_s + 1 for m in moves)
            case CauseKind.DEPLOYMENT:
                assert any(m.why == ANOTHER_REVISION and m.at_s <= until_s for m in moves)
            case CauseKind.SCALE_IN:
                lowered = [d.at_s for d in decisions if d.desired < d.before]
                raised = [d.at_s for d in decisions if d.desired > d.before and d.at_s <= until_s]
                assert lowered
                assert max(raised) > min(lowered)
            case CauseKind.START_LAG:
                is_unready = min(m.at_s for m in moves if m.after is S.ACTIVE) >= cause.begin_s
                has_raise = any(d.desired > d.before for d in decisions)
                has_lost_all = any(m.after in {S.STOPPED, S.DRAINING} for m in moves)
                assert is_unready or has_raise or has_lost_all
            case CauseKind.MAX_SIZE:
                assert any(d.desired >= MAX_SIZE and d.at_s <= until_s for d in decisions)
            case CauseKind.RETRIES:
                assert retried
            case CauseKind.MAX_CONCURRENCY_LOW:
                assert cause.outcome == "rejected"
                assert any(status == 429 for _, status in requests)
            case CauseKind.TIME_OUT:
                assert any(status in {499, 504} for _, status in requests)
            case CauseKind.APPLICATION:
                assert any(status >= 500 or status == 0 for _, status in requests)
            case CauseKind.DOWNSTREAM | CauseKind.NETWORK_FAULT:
                raise AssertionError("the run has no downstream resource and no timeline")
            case CauseKind.MAX_CONCURRENCY_HIGH | CauseKind.THROTTLED_CPU:
                raise AssertionError("the CPU time of a request is unknown")


@settings(deadline=None, max_examples=30)
@given(_journals(), _REQUESTS)
def test_each_lost_request_has_exactly_one_cause(events: list[Event], requests: list[tuple[float, int]]) -> None:
    made = _made(events, requests)
    lost = np.array([sum(status != 200 for _, status in requests)])
    evidence = evidence_of(made.run)
    by_cause = [cause.by_bin for cause in attributed(evidence) if cause.outcome != "slow"]
    assert sum(by_cause, np.zeros(1)).sum() == lost.sum() == made.part.lost


def test_a_deployment_that_leaves_fewer_instances_is_the_cause_until_they_are_back() -> None:
    events: list[Event] = [
        *(moved(0.0, number, S.PROVISIONING, S.STARTING) for number in (1, 2, 3)),
        *(moved(1.0, number, S.STARTING, S.ACTIVE) for number in (1, 2, 3)),
        decided(2.0, 1, 3),
        moved(30.0, 4, S.PROVISIONING, S.STARTING),
        moved(35.0, 4, S.STARTING, S.ACTIVE),
        *(moved(40.0, number, S.ACTIVE, S.DRAINING, ANOTHER_REVISION) for number in (1, 2, 3)),
        moved(45.0, 5, S.PROVISIONING, S.STARTING),
        moved(45.0, 6, S.PROVISIONING, S.STARTING),
        moved(60.0, 5, S.STARTING, S.ACTIVE),
        moved(60.0, 6, S.STARTING, S.ACTIVE),
    ]
    part = _made(events, [(39.0, 200), (50.0, 429), (59.0, 429), (61.0, 429)], max_size=9).part
    deployment = next(cause for cause in part.causes if cause.kind is CauseKind.DEPLOYMENT)
    assert (deployment.requests, deployment.begin_s, deployment.text) == (
        2,
        50.0,
        "a deployment replaced 3 instances by 1 at 0:40",
    )


def test_an_unhealthy_instance_has_not_crashed() -> None:
    events: list[Event] = [
        moved(0.0, 1, S.PROVISIONING, S.STARTING),
        moved(1.0, 1, S.STARTING, S.ACTIVE),
        InstanceMoved(RunTime(20.0), "web", 1, S.ACTIVE, S.STOPPED, "Health check failed on protocol `HTTP`"),
    ]
    (cause,) = _made(events, [(20.5, 429)]).part.causes
    assert (cause.kind, cause.text) == (CauseKind.CRASH, "1 instance failed the health check at 0:20")


def test_instances_that_never_became_ready_are_start_lag_and_not_max_size() -> None:
    events: list[Event] = [
        moved(0.0, 1, S.PROVISIONING, S.STARTING),
        moved(1.0, 1, S.STARTING, S.ACTIVE),
        decided(5.0, 1, MAX_SIZE),
        *(moved(5.0, number, S.PROVISIONING, S.STARTING) for number in (2, 3, 4)),
        decided(17.0, MAX_SIZE, 1),
        *(moved(17.0, number, S.STARTING, S.STOPPED) for number in (2, 3, 4)),
    ]
    (cause,) = _made(events, [(4.0, 200), (8.0, 429), (16.0, 429)]).part.causes
    assert (cause.kind, cause.requests, cause.text) == (
        CauseKind.START_LAG,
        2,
        "new instances were not ready 12 s after the policy had requested them",
    )


def test_max_size_is_that_of_the_configuration() -> None:
    """Not the number of instances that were ready: the others may be on their way."""
    events: list[Event] = [
        moved(0.0, 1, S.PROVISIONING, S.STARTING),
        moved(1.0, 1, S.STARTING, S.ACTIVE),
        decided(2.0, 1, 2),
        moved(2.0, 2, S.PROVISIONING, S.STARTING),
        moved(3.0, 2, S.STARTING, S.ACTIVE),
        moved(4.0, 2, S.ACTIVE, S.IDLE),
    ]
    (cause,) = _made(events, [(8.0, 429)], max_size=2).part.causes
    assert cause.text == "MaxSize allows no more than 2 instances, and all of them were at MaxConcurrency"


def test_bins_after_the_end_of_the_run_have_no_busy_cpu() -> None:
    made = _made([moved(0.0, 1, S.PROVISIONING, S.STARTING), moved(1.0, 1, S.STARTING, S.ACTIVE)], [(90.0, 200)])
    run = replace(made.run, ended_s=50.0, facts=ServiceFacts(request_cpu_s=0.1))
    busy = evidence_of(run).cpu_busy
    assert np.isnan(busy[-1])
    assert not np.isinf(busy).any()
