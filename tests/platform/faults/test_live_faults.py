"""Faults that a user injects into running services."""

from __future__ import annotations

import asyncio

import pytest

from simulator.control.principal import Principal
from simulator.platform.faults.live_faults import LiveFaults
from simulator.records.events import MaintenanceChanged, TimelineActed
from simulator.scenario.sections.fault_spec import FaultSpec
from tests.control.api_stage import ALICE, principal
from tests.platform.test_service_workload import World, image, in_world


def spec(**given: object) -> FaultSpec:
    return FaultSpec.model_validate(given)


SLOW = {"kind": "latency", "delay": "3s", "for": "30s"}


def test_a_fault_ends_after_its_duration_or_when_it_is_ended() -> None:
    async def test(world: World) -> None:
        service = world.service(await world.running())
        live = LiveFaults(world.platform)
        number, said = live.begin(spec(wire_fault=SLOW))
        other, _ = live.begin(spec(fail_health_checks={"which": "oldest"}))
        assert (number, said) == (1, "hello: latency 3s for 100 % of the requests")
        await asyncio.sleep(12)
        assert [live.remaining_s(fault) for fault in live.active.values()] == [pytest.approx(18.0), None]
        await asyncio.sleep(18.5)
        assert list(live.active) == [other]
        assert service.serving.upstream.faults is None
        assert other is not None
        assert live.end(other) == "hello: health checks are real again"
        acts = [event for event in world.platform.journal.events if isinstance(event, TimelineActed)]
        assert [act.action for act in acts] == [
            "fault: wire_fault",
            "fault: fail_health_checks",
            "fault: end",
            "fault: end",
        ]
        with pytest.raises(ValueError, match="fault = 2, must be the number of an active one: none is active"):
            live.end(other)

    in_world(test)


def test_killed_instances_are_replaced() -> None:
    async def test(world: World) -> None:
        service = world.service(await world.running())
        live = LiveFaults(world.platform)
        assert live.begin(spec(kill_instance={})) == (None, "hello: instance 1 killed")
        assert live.active == {}
        await asyncio.sleep(60)
        assert [instance.number for instance in service.living()] == [2]

    in_world(test)


def test_instances_are_recycled_one_by_one() -> None:
    async def test(world: World) -> None:
        service = world.service(await world.running())
        live = LiveFaults(world.platform)
        assert live.begin(spec(recycle={"at_a_time": 2})) == (None, "hello: instance 1 is replaced, 2 at a time")
        assert live.active == {}
        await asyncio.sleep(60)
        assert [instance.number for instance in service.living()] == [2]

    in_world(test)


def test_a_maintenance_locks_the_service_until_it_ends() -> None:
    async def test(world: World) -> None:
        arn = await world.running()
        # In `serve`, platform and control plane have one journal.
        world.platform.journal.subscribe(MaintenanceChanged, world.stage.registry.journal.publish)
        live = LiveFaults(world.platform)
        first, said = live.begin(spec(maintenance={"for": "60s"}))
        second, _ = live.begin(spec(maintenance={"for": "90s"}))
        assert (first, second, said) == (1, 2, "hello: maintenance begins, instance 1 is replaced")

        def status() -> object:
            return world.stage.call("DescribeService", ServiceArn=arn)["Service"]["Status"]

        assert status() == "OPERATION_IN_PROGRESS"
        await asyncio.sleep(70)
        assert status() == "OPERATION_IN_PROGRESS"  # the second lasts
        assert [instance.number for instance in world.service(arn).living()] == [2]
        await asyncio.sleep(21)
        assert (status(), live.active) == ("RUNNING", {})

    in_world(test)


def test_a_maintenance_locks_the_service_with_its_name_on_the_platform_only() -> None:
    async def test(world: World) -> None:
        stage, bob = world.stage, principal("210987654321")
        world.platform.journal.subscribe(MaintenanceChanged, stage.registry.journal.publish)

        def status(who: Principal, arn: str) -> object:
            return stage.call("DescribeService", who, ServiceArn=arn)["Service"]["Status"]

        before = await world.running()
        request = {"ServiceName": "hello", "SourceConfiguration": image("good:1")}
        others = stage.call("CreateService", bob, **request)["Service"]["ServiceArn"]
        await stage.settled()
        stage.call("DeleteService", ServiceArn=before)
        await stage.settled()
        arn = await world.running()
        assert [world.service(each).name for each in (arn, others)] == ["hello", f"hello-{others.split('/')[-1][:8]}"]
        LiveFaults(world.platform).begin(spec(maintenance={"service": "hello", "for": "60s"}))
        assert (status(ALICE, arn), status(bob, others)) == ("OPERATION_IN_PROGRESS", "RUNNING")
        await asyncio.sleep(61)
        assert (status(ALICE, arn), status(bob, others)) == ("RUNNING", "RUNNING")

    in_world(test)


def test_a_zone_is_lost_for_all_services_and_returns() -> None:
    async def test(world: World) -> None:
        world.platform.zones.divide(2)
        service = world.service(await world.running())
        other = world.service(await world.running(ServiceName="other"))
        live = LiveFaults(world.platform)
        number, said = live.begin(spec(zone_loss={"zone": "a", "for": "60s"}))
        assert (number, said) == (1, "Availability Zone a is lost: hello: instance 1; other: instance 1")
        await asyncio.sleep(50)
        assert [instance.zone for each in (service, other) for instance in each.living()] == ["b", "b"]
        await asyncio.sleep(11)
        assert live.active == {}
        assert world.platform.zones.available == ["a", "b"]
        with pytest.raises(ValueError, match="zone = 'c', must be one of a, b"):
            live.begin(spec(zone_loss={"zone": "c"}))

    in_world(test)


def test_without_zones_none_can_be_lost() -> None:
    async def test(world: World) -> None:
        with pytest.raises(ValueError, match="zone = 'a', must be left out: the platform has no Availability Zones"):
            LiveFaults(world.platform).begin(spec(zone_loss={"zone": "a"}))

    in_world(test)


def test_an_impossible_fault_is_rejected_with_the_possible_values() -> None:
    async def test(world: World) -> None:
        live = LiveFaults(world.platform)
        with pytest.raises(ValueError, match="service = none, must be given: there is no service yet"):
            live.begin(spec(wire_fault=SLOW))
        arn = await world.running()
        await world.running(ServiceName="other")
        with pytest.raises(ValueError, match="service = none, must be given: hello, other"):
            live.begin(spec(wire_fault=SLOW))
        with pytest.raises(ValueError, match="service = 'halo', must be one of hello, other"):
            live.begin(spec(wire_fault={**SLOW, "service": "halo"}))
        with pytest.raises(ValueError, match="kind = reset, must be latency or status: a simulated application has no"):
            live.begin(spec(wire_fault={"kind": "reset", "service": "hello"}))
        world.stage.call("PauseService", ServiceArn=arn)
        await world.stage.settled()
        with pytest.raises(ValueError, match="service = 'hello', must be one that runs: it is paused"):
            live.begin(spec(wire_fault={**SLOW, "service": "hello"}))

    in_world(test)


def test_the_faults_of_a_deleted_service_end() -> None:
    async def test(world: World) -> None:
        arn = await world.running()
        live = LiveFaults(world.platform)
        live.begin(spec(wire_fault=SLOW))
        world.stage.call("DeleteService", ServiceArn=arn)
        await world.stage.settled()
        await world.running(ServiceName="other")
        assert live.active == {}

    in_world(test)
