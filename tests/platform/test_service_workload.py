"""The control plane's workload on a platform of simulated instances, in virtual time and under a constant load."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from simulator.assembly.composition import compose_platform
from simulator.control.operations.time_profile import INSTANT, TimeProfile
from simulator.fleet.exchange import PooledExchange
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.model.rejection import Rejection
from simulator.platform.applications import Applications, ApplicationSettings
from simulator.platform.platform import Platform, Service
from simulator.platform.service_workload import PlatformWorkload, WorkloadSettings, local_host
from simulator.world.distributions import Constant
from simulator.world.random_streams import RandomStreams
from simulator.world.running_loop import running_loop
from tests.control.api_stage import Stage
from tests.control.resources.sources import CODE
from tests.platform.test_applications import Builder
from tests.rules.waf.acls import acl, byte_match, rule
from tests.virtual import run_virtual

REGISTRY = "public.ecr.aws/aws-containers"
NAMED = {
    f"{REGISTRY}/good:1": SimulatedApplication(start_up=Constant(2.0), io=Constant(0.5)),
    f"{REGISTRY}/good:2": SimulatedApplication(start_up=Constant(3.0), io=Constant(0.5)),
    f"{REGISTRY}/never-ready:1": SimulatedApplication(start_up=Constant(1e6)),
}


def image(name: str) -> dict[str, Any]:
    return {"ImageRepository": {"ImageIdentifier": f"{REGISTRY}/{name}", "ImageRepositoryType": "ECR_PUBLIC"}}


class Request(PooledExchange):
    """A request of the load, whose outcome is counted."""

    def __init__(self, service: Service, outcomes: Counter[int]) -> None:
        super().__init__(running_loop().time())
        self.upstream = service.upstream
        self.outcomes = outcomes
        if service.revision is not None:
            service.serving.draw(self)

    def answered(self, status: int) -> None:
        self.upstream.finish(self)
        self.outcomes[status] += 1

    def fail(self, rejection: Rejection) -> None:
        self.outcomes[rejection.status] += 1


class World:
    """`async with World() as world:` a control plane on a platform. With a path it can be opened again."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        profile: TimeProfile = INSTANT,
        named: Mapping[str, SimulatedApplication] = NAMED,
        builder: Builder | None = None,
        settings: WorkloadSettings | None = None,
        platform: Platform | None = None,
    ) -> None:
        self.platform = compose_platform((), RandomStreams(7)) if platform is None else platform
        settings = WorkloadSettings(drain_timeout_s=60.0) if settings is None else settings
        self.workload = PlatformWorkload(
            self.platform, Applications(ApplicationSettings(named, builder=builder)), settings
        )
        self.stage = Stage(path, workload=self.workload, profile=profile)
        self.outcomes: Counter[int] = Counter()

    async def __aenter__(self) -> Self:
        await self.platform.open()
        self.platform.start()
        await self.stage.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        await self.stage.__aexit__(kind)
        await self.platform.close()

    async def running(self, **request: Any) -> str:
        return await self.stage.running(SourceConfiguration=image("good:1"), **request)

    def service(self, arn: str) -> Service:
        service = self.workload.service(arn)
        assert service is not None
        return service

    async def under_load(self, arn: str, until: Callable[[], Awaitable[object]]) -> Counter[int]:
        """Return the outcomes of 20 requests/s until `until` is over, and for a second more."""
        over = self.platform.tasks.spawn(_over(until), "the rest of the run")
        outcomes: Counter[int] = Counter()
        while not over.done() or sum(outcomes.values()) < 20:
            request = Request(self.service(arn), outcomes)
            request.upstream.offer(request)
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.0)
        return outcomes


async def _over(until: Callable[[], Awaitable[object]]) -> None:
    await until()


def in_world(
    test: Callable[[World], Awaitable[None]], path: Path | None = None, builder: Builder | None = None
) -> None:
    async def main() -> None:
        async with World(path, builder=builder) as world:
            await test(world)

    run_virtual(main)


def test_a_created_service_serves_under_its_own_names_and_the_local_one() -> None:
    async def test(world: World) -> None:
        arn = await world.running()
        service = world.service(arn)
        host = world.stage.service(arn)["ServiceUrl"]
        assert list(service.hosts) == [host, local_host(host)]
        assert [instance.number for instance in service.pool.ready.values()] == [1]

    in_world(test)


def test_a_deployment_under_load_loses_no_request_and_leaves_nothing_of_the_old_revision() -> None:
    async def test(world: World) -> None:
        arn = await world.running()
        old = world.service(arn).serving
        world.stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=image("good:2"))
        outcomes = await world.under_load(arn, world.stage.settled)
        assert set(outcomes) == {200}
        service = world.service(arn)
        assert service.serving is not old
        assert service.revisions == [service.serving]
        assert (old.replica_set.provisioned, old.pool.in_flight) == (0, 0)
        assert list(service.pool.ready) == [2]  # the numbering continues
        assert world.stage.operations(arn)[0] == ("UPDATE_SERVICE", "SUCCEEDED")

    in_world(test)


def test_a_version_that_does_not_get_healthy_is_rolled_back_and_never_gets_a_request() -> None:
    async def test(world: World) -> None:
        arn = await world.running()
        old = world.service(arn).serving
        world.stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=image("never-ready:1"))
        outcomes = await world.under_load(arn, world.stage.settled)
        assert set(outcomes) == {200}
        assert sum(outcomes.values()) > 20 * 299  # the five minutes of the start-up allowance
        service = world.service(arn)
        assert service.serving is old
        assert service.revisions == [old]
        assert world.stage.operations(arn)[0] == ("UPDATE_SERVICE", "ROLLBACK_SUCCEEDED")
        assert world.stage.status(arn) == "RUNNING"
        assert (
            "Health check failed on protocol `TCP` [Port: '8080']. Check your configured port number. "
            "For more information, see the application logs." in world.stage.lines(arn)
        )

    in_world(test)


def test_a_new_revision_is_as_large_as_the_one_that_it_replaces() -> None:
    async def test(world: World) -> None:
        made = world.stage.call(
            "CreateAutoScalingConfiguration", AutoScalingConfigurationName="small", MaxConcurrency=4
        )
        scaling = made["AutoScalingConfiguration"]["AutoScalingConfigurationArn"]
        arn = await world.running(AutoScalingConfigurationArn=scaling)

        async def scaled_out() -> None:
            await world.stage.passes(180.0)

        async def deployed() -> None:
            world.stage.call("StartDeployment", ServiceArn=arn)
            await world.stage.settled()

        assert 429 in await world.under_load(arn, scaled_out)  # ten requests at a time, and one instance at first
        assert set(await world.under_load(arn, deployed)) == {200}
        assert len(world.service(arn).pool.ready) >= 3

    in_world(test)


def test_a_service_that_never_becomes_healthy_leaves_nothing_and_can_be_repaired() -> None:
    async def test(world: World) -> None:
        arn = world.stage.create(SourceConfiguration=image("never-ready:1"))
        await world.stage.settled()
        assert world.stage.status(arn) == "CREATE_FAILED"
        assert world.workload.service(arn) is None
        assert world.platform.services == {}
        world.stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=image("good:1"))
        await world.stage.settled()
        assert world.stage.status(arn) == "RUNNING"

    in_world(test)


def test_a_paused_service_rejects_with_503_and_serves_again_when_it_is_resumed() -> None:
    async def test(world: World) -> None:
        arn = await world.running()
        world.stage.call("PauseService", ServiceArn=arn)
        await world.stage.settled()
        assert set(await world.under_load(arn, world.stage.settled)) == {503}
        assert world.service(arn).revisions == []
        world.stage.call("ResumeService", ServiceArn=arn)
        await world.stage.settled()
        assert set(await world.under_load(arn, world.stage.settled)) == {200}

    in_world(test)


def test_pausing_waits_for_active_requests() -> None:
    async def test(world: World) -> None:
        arn = await world.running()
        outcomes: Counter[int] = Counter()
        request = Request(world.service(arn), outcomes)
        request.upstream.offer(request)
        world.stage.call("PauseService", ServiceArn=arn)
        await world.stage.settled()
        assert outcomes == {200: 1}

    in_world(test)


def test_a_deleted_service_is_removed_from_the_platform_with_its_domains() -> None:
    async def test(world: World) -> None:
        arn = await world.running()
        world.stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
        await world.stage.passes(60.0)
        assert "www.acme.dev" in world.service(arn).hosts
        world.stage.call("DeleteService", ServiceArn=arn)
        await world.stage.settled()
        assert world.platform.services == {}

    in_world(test)


def test_services_are_restored_after_a_kill_with_their_domains(tmp_path: Path) -> None:
    path = tmp_path / "state"
    arns: list[str] = []

    async def before(world: World) -> None:
        arns.append(await world.running())
        world.stage.call("AssociateCustomDomain", ServiceArn=arns[0], DomainName="*.acme.dev")
        await world.stage.passes(60.0)

    async def after(world: World) -> None:
        await world.stage.settled()
        await world.stage.passes(5.0)
        assert set(await world.under_load(arns[0], world.stage.settled)) == {200}
        assert "*.acme.dev" in world.service(arns[0]).hosts

    in_world(before, path)
    in_world(after, path)


@pytest.mark.case("P3")
def test_secrets_of_a_file_need_an_instance_role_too() -> None:
    text = "Instance Role have to be provided if passing in RuntimeEnvironmentSecrets."

    async def test(world: World) -> None:
        arn = world.stage.create(SourceConfiguration=CODE)
        await world.stage.settled()
        assert world.stage.status(arn) == "CREATE_FAILED"
        assert text in world.stage.lines(arn)
        assert f"Deployment failed. Failure reason: {text}" in world.stage.lines(arn, "deployment/")
        assert not any("health check" in line for line in world.stage.lines(arn))

    in_world(test, builder=Builder(secrets={"KEY": "/shop/key"}))


@pytest.mark.case("P17")
def test_unresolvable_secrets_fail_before_the_health_check_is_logged() -> None:
    async def test(world: World) -> None:
        role = {"InstanceRoleArn": "arn:aws:iam::123456789012:role/app"}
        arn = world.stage.create(SourceConfiguration=CODE, InstanceConfiguration=role)
        await world.stage.settled()
        assert world.stage.status(arn) == "CREATE_FAILED"
        lines = world.stage.lines(arn, "deployment/")
        assert any("Provisioning instances" in line for line in lines)
        assert any("secrets = none" in line for line in lines)
        assert not any("health check" in line for line in lines)

    in_world(test, builder=Builder(secrets={"KEY": "/shop/key"}))


def test_a_web_acl_protects_the_service_whatever_revision_serves() -> None:
    every: dict[str, Any] = byte_match(b"/", {"UriPath": {}})
    counting, blocking = acl(rule(every, "Count")), acl(rule(every))

    async def test(world: World) -> None:
        arn = await world.running()
        service = world.service(arn)
        world.workload.protect(arn, counting)
        world.stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=image("good:2"))
        outcomes = await world.under_load(arn, world.stage.settled)
        assert set(outcomes) == {200}  # the deployment loses no request
        assert service.web_acl_counts["r", "count"] == outcomes.total()
        world.workload.protect(arn, blocking)
        world.stage.call("PauseService", ServiceArn=arn)
        await world.stage.settled()
        world.stage.call("ResumeService", ServiceArn=arn)
        await world.stage.settled()
        assert set(await world.under_load(arn, world.stage.settled)) == {403}
        assert service.pool.in_flight == 0
        world.workload.protect(arn, None)
        assert set(await world.under_load(arn, world.stage.settled)) == {200}

    in_world(test)
