"""The view of a run in real time: the scenario's requests, separate from those of other clients."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from simulator.platform.platform import Platform
from simulator.records.events import InstanceImitated, SecondClosed
from simulator.records.journal import Journal
from simulator.replay.run_recorder import OwnLoad, RunRecorder
from simulator.scenario.scenario import read_scenario
from simulator.world.clock import ClockKind
from tests.scenario.scenario_texts import scenario_of


class Watched:
    """A platform with one pool, and a run that has sent `configured` requests so far."""

    def __init__(self, recorder: RunRecorder, journal: Journal) -> None:
        self.recorder, self.journal = recorder, journal
        self.pool = SimpleNamespace(in_flight=0, queued=0)
        self.now_s = 0.0
        self.own = OwnLoad(0, 0)
        replica_set = SimpleNamespace(active=1, provisioned=1, desired=1)
        revision = SimpleNamespace(pool=self.pool, replica_set=replica_set)
        service = SimpleNamespace(revisions=[revision], revision=revision)
        clock = SimpleNamespace(at_s=lambda: self.now_s)
        self.platform = cast("Platform", SimpleNamespace(clock=clock, services={"web": service}))

    def seconds(self, sent: int, *arrivals: int) -> Any:
        """Let seconds pass, in each of which the run sends `sent` requests and as many arrive as given."""
        return [self.second(sent, each) for each in arrivals][-1]

    def second(self, sent: int, arrivals: int) -> Any:
        """Let a second pass in which the run sends `sent` requests and `arrivals` requests arrive at the service."""
        self.now_s += 1.0
        self.own = OwnLoad(self.own.sent + sent, self.own.unfinished)
        sample = SimpleNamespace(
            second=round(self.now_s) - 1, arrivals=arrivals, rejected=0, in_flight=0.0, waiting=0.0
        )
        self.journal.publish(SecondClosed("web", cast("Any", sample)))
        return self.recorder.view(self.platform, self.own)


@pytest.fixture
def watched() -> Watched:
    journal = Journal()
    return Watched(RunRecorder(scenario_of(), ClockKind.REAL, journal), journal)


@pytest.mark.case("L76")
def test_requests_of_other_clients_are_counted_separately(watched: Watched) -> None:
    view = watched.seconds(20, *[920] * 6)
    assert view.offered_rps == pytest.approx(20.0)
    assert view.outside_rps == pytest.approx(900.0)


@pytest.mark.case("L76")
def test_in_flight_counts_the_requests_of_the_run(watched: Watched) -> None:
    watched.pool.in_flight, watched.pool.queued = 39, 5
    watched.own = OwnLoad(0, 1)
    view = watched.second(sent=20, arrivals=920)
    assert (view.in_flight, view.waiting) == (1, 0)
    watched.pool.in_flight, watched.pool.queued = 2, 5
    watched.own = OwnLoad(20, 4)
    view = watched.second(sent=20, arrivals=20)
    assert (view.in_flight, view.waiting) == (2, 2)


@pytest.mark.case("L76")
def test_without_requests_of_other_clients_their_rate_is_zero(watched: Watched) -> None:
    view = watched.seconds(20, 20, 23, 18, 20, 22, 19)
    assert (view.offered_rps, view.outside_rps) == (20.0, 0.0)


@pytest.mark.case("L76")
def test_the_rate_is_over_the_last_seconds(watched: Watched) -> None:
    watched.seconds(100, *[100] * 20)
    view = watched.seconds(0, *[0] * 6)
    assert view.offered_rps == 0.0


BOTH = """
duration: 10s
services:
  web: {application: {process: {command: "true"}, simulated: {io: 1ms}}}
  plain: {application: {simulated: {io: 1ms}}}
traffic:
  - {service: web, clock: {rate: 1/s}, requests: [{path: /a}, {path: /b}]}
  - {service: plain, clock: {rate: 1/s}}
"""


@pytest.mark.parametrize(("clock", "counts"), [(ClockKind.REAL, {0: 1, 2: 2}), (ClockKind.VIRTUAL, None)])
def test_service_times_of_real_instances_are_counted_by_path_in_real_time(
    clock: ClockKind, counts: dict[int, int] | None
) -> None:
    journal = Journal()
    recorder = RunRecorder(read_scenario(BOTH).with_measured_paths(), clock, journal)
    journal.publish(InstanceImitated("web", 2))
    for number, instance in ((0, 1), (2, 1), (2, 1), (2, 2), (1, 1)):
        recorder.log.add(number, 1.0, 0.1, 0.0, 0.0, 0.1, 200, instance, 0.0)
    recorder.log.flush()
    times = recorder._real_service_time
    assert (None if times is None else {number: each.count for number, each in times.by_number.items()}) == counts
