"""Deployments whose new instances start and then crash: the traffic stays with the old version, or returns to it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from simulator.control.operations.time_profile import APP_RUNNER, INSTANT, TimeProfile
from simulator.fleet.simulated.application import Failures, SimulatedApplication
from simulator.model.instance import InstanceState
from simulator.world.distributions import Constant
from tests.platform.test_service_workload import NAMED, REGISTRY, Request, World, image
from tests.virtual import run_virtual

SLOW = SimulatedApplication(io=Constant(5.0))
DIES_OF_A_REQUEST = SimulatedApplication(io=Constant(0.5), failures=Failures(crash_share=1.0, exit_code=3))
STUBBORN = SimulatedApplication(io=Constant(0.5), failures=Failures(ignores_sigterm=True))
NEVER_ANSWERS = SimulatedApplication(io=Constant(1e6))
ADDED = {
    f"{REGISTRY}/slow:1": SLOW,
    f"{REGISTRY}/dies:1": DIES_OF_A_REQUEST,
    f"{REGISTRY}/stubborn:1": STUBBORN,
    f"{REGISTRY}/never-answers:1": NEVER_ANSWERS,
}

EXITED = "Your application stopped or failed to start. See logs for more information. Container exit code: 3"


def in_world(test: Callable[[World], Awaitable[None]], profile: TimeProfile = INSTANT) -> None:
    async def main() -> None:
        async with World(profile=profile, named=NAMED | ADDED) as world:
            await test(world)

    run_virtual(main)


def ask(world: World, arn: str, outcomes: Counter[int]) -> Request:
    request = Request(world.service(arn), outcomes)
    request.upstream.offer(request)
    return request


async def until_switched(world: World, arn: str) -> None:
    """Wait until the next revision of the service serves."""
    before = world.service(arn).revision
    while world.service(arn).revision is before:  # noqa: ASYNC110 there is no event for it
        await asyncio.sleep(0.01)


@pytest.mark.case("P1")
def test_a_version_that_crashes_while_the_old_one_drains_returns_the_traffic_at_once() -> None:
    async def test(world: World) -> None:
        arn = await world.stage.running(SourceConfiguration=image("slow:1"))
        outcomes: Counter[int] = Counter()
        old = world.service(arn).serving
        ask(world, arn, outcomes)  # five seconds of the old version's service time
        world.stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=image("dies:1"))
        await until_switched(world, arn)
        ask(world, arn, outcomes)  # a request during the end of the new version
        await world.stage.passes(0.1)
        assert world.service(arn).serving is old
        assert [instance.state for instance in old.replica_set.living()] == [InstanceState.ACTIVE]
        ask(world, arn, outcomes)  # served by the old version at once
        await world.stage.settled()
        await world.stage.passes(10.0)
        assert outcomes == {200: 2, 503: 1}
        assert world.stage.operations(arn)[0] == ("UPDATE_SERVICE", "ROLLBACK_SUCCEEDED")
        assert world.service(arn).revisions == [old]
        assert EXITED in world.stage.lines(arn)

    in_world(test)


@pytest.mark.case("P1")
def test_a_version_that_crashes_while_the_old_one_stops_is_replaced_by_the_old_one() -> None:
    async def test(world: World) -> None:
        arn = await world.stage.running(SourceConfiguration=image("stubborn:1"))
        world.stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=image("dies:1"))
        await until_switched(world, arn)
        await world.stage.passes(1.0)  # the old version has finished its requests and is stopping
        outcomes: Counter[int] = Counter()
        ask(world, arn, outcomes)
        await world.stage.settled()
        assert world.stage.operations(arn)[0] == ("UPDATE_SERVICE", "ROLLBACK_SUCCEEDED")
        ask(world, arn, outcomes)
        await world.stage.passes(1.0)
        assert outcomes == {503: 1, 200: 1}
        assert EXITED in world.stage.lines(arn)

    in_world(test)


@pytest.mark.case("P1")
def test_a_version_that_crashes_between_health_and_route_never_gets_the_traffic() -> None:
    async def test(world: World) -> None:
        arn = await world.stage.running(SourceConfiguration=image("good:1"))
        old = world.service(arn).serving
        world.stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=image("good:2"))
        await world.stage.passes(200.0)  # healthy for some time; the time profile logs it at 218 s
        [new] = [revision for revision in world.service(arn).revisions if revision is not old]
        new.replica_set.kill(2)
        outcomes = await world.under_load(arn, world.stage.settled)
        assert set(outcomes) == {200}
        assert world.service(arn).serving is old
        assert world.stage.operations(arn)[0] == ("UPDATE_SERVICE", "ROLLBACK_SUCCEEDED")

    in_world(test, APP_RUNNER)


@pytest.mark.case("P1")
def test_instances_kept_after_a_failed_deployment_are_awake_and_billed() -> None:
    async def test(world: World) -> None:
        arn = await world.stage.running(SourceConfiguration=image("good:1"))
        await world.stage.passes(120.0)
        replica_set = world.service(arn).replica_set
        [instance] = replica_set.living()
        assert (instance.state, instance.awake) == (InstanceState.IDLE, False)
        replica_set.drain("for a look")
        assert not world.service(arn).pool.ready
        replica_set.recall()
        assert (str(instance.state), instance.awake) == ("active", True)
        assert instance.activation_at_s == pytest.approx(world.platform.clock.at_s())
        await world.stage.passes(120.0)
        assert instance.state is InstanceState.IDLE
        assert len(replica_set.living()) == 1

    in_world(test)


def test_a_drain_has_one_time_limit_however_it_ends() -> None:
    """The drain time-out counts from the switch, and does not begin again when the instances are stopped."""

    async def test(world: World) -> None:
        arn = await world.stage.running(SourceConfiguration=image("never-answers:1"))
        outcomes: Counter[int] = Counter()
        ask(world, arn, outcomes)
        world.stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=image("good:1"))
        await until_switched(world, arn)
        began_s = world.platform.clock.at_s()
        await world.stage.settled()
        assert world.platform.clock.at_s() - began_s == pytest.approx(60.0, abs=0.1)
        assert world.stage.operations(arn)[0] == ("UPDATE_SERVICE", "SUCCEEDED")

    in_world(test)
