"""A fault belongs to its service, whichever revision serves."""

from __future__ import annotations

from simulator.platform.faults.service_faults import LastingSpec, ServiceFaults
from simulator.platform.revision import Revision
from simulator.replay.runner import Run, play
from simulator.scenario.scenario import read_scenario
from simulator.scenario.sections.fault_spec import FaultSpec
from simulator.scenario.sections.timeline_spec import KillInstanceSpec, RecycleSpec
from tests.platform.test_service_workload import World, image, in_world
from tests.replay.test_timeline import acts

LATENCY = {"service": "hello", "kind": "latency", "delay": "2s"}


def lasting(**given: object) -> LastingSpec:
    fault = FaultSpec.model_validate(given).fault
    assert not isinstance(fault, KillInstanceSpec | RecycleSpec)
    return fault


def has_faults(revision: Revision) -> bool:
    return revision.upstream.faults is not None


def test_faults_move_to_the_revision_that_serves_and_end_there() -> None:
    async def test(world: World) -> None:
        arn = await world.running()
        service, faults = world.service(arn), ServiceFaults(world.platform)
        begun = [
            faults.begin(lasting(wire_fault=LATENCY)),
            faults.begin(lasting(slow_starts={"service": "hello", "extra": "7s"})),
            faults.begin(lasting(fail_health_checks={"service": "hello"})),
            faults.begin(lasting(fail_health_checks={"service": "hello", "which": "oldest"})),
        ]
        assert [said for _, said in begun] == [
            "hello: latency 2s for 100 % of the requests",
            "hello: starts take 7s longer",
            "hello: health checks of all instances fail",
            "hello: health checks of instance 1 fail",
        ]
        old = service.serving
        world.stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=image("good:2"))
        await world.stage.settled()
        new = service.serving
        assert new is not old
        assert has_faults(new)
        assert new.replica_set.extra_start_s == 7.0
        assert list(new.replica_set.prober.failing) == [0]  # instance 1 belongs to the other revision
        assert (old.replica_set.extra_start_s, list(old.replica_set.prober.failing)) == (0.0, [])
        assert [faults.end(number) for number, _ in begun] == [
            "hello: no more latency",
            "hello: starts take 0ms longer",
            "hello: health checks are real again",
            "hello: health checks are real again",
        ]
        assert not has_faults(new)
        assert (new.replica_set.extra_start_s, list(new.replica_set.prober.failing)) == (0.0, [])

    in_world(test)


def test_a_fault_survives_a_pause_and_can_end_in_it() -> None:
    async def test(world: World) -> None:
        arn = await world.running()
        faults = ServiceFaults(world.platform)
        first, _ = faults.begin(lasting(wire_fault=LATENCY))
        second, _ = faults.begin(lasting(slow_starts={"service": "hello", "extra": "7s"}))
        world.stage.call("PauseService", ServiceArn=arn)
        await world.stage.settled()
        faults.end(second)
        world.stage.call("ResumeService", ServiceArn=arn)
        await world.stage.settled()
        serving = world.service(arn).serving
        assert has_faults(serving)
        assert serving.replica_set.extra_start_s == 0.0
        faults.end(first)
        assert not has_faults(serving)

    in_world(test)


def test_a_timelines_fault_lasts_through_a_deployment() -> None:
    """Regression: the end of a fault was requested from a revision that did not have the fault."""
    record = play(
        Run(
            read_scenario(
                """
duration: 120s
services:
  web:
    policy: {name: app-runner, start_lag: 0s}
    application: {simulated: {start_up: 1s, io: 50ms}}
traffic: [{name: steady, clock: {rate: 5/s}}]
timeline:
  - {at: 10s, wire_fault: {kind: latency, delay: 1s, for: 90s}}
  - {at: 20s, deploy: {}}
"""
            )
        ),
        signals=False,
    )
    assert [said for _, said in acts(list(record.events))][-1] == "web: no more latency"
