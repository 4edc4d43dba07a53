"""Requests behind an Application Load Balancer: no limit per target, and the health of targets."""

from __future__ import annotations

import asyncio

from simulator.fleet.pool.settings import PoolSettings
from simulator.rules.load_balancer.settings import ApplicationLoadBalancer
from tests.fleet.fakes import Stage, stage_settings
from tests.virtual import run_virtual


def behind(initial: int, load_balancer: ApplicationLoadBalancer | None = None) -> PoolSettings:
    return stage_settings(initial=initial, least=initial).behind(load_balancer or ApplicationLoadBalancer())


def targets(stage: Stage, count: int) -> list[int]:
    """Offer requests; return the numbers of the instances that get them."""
    offered = [stage.offer() for _ in range(count)]
    return [0 if exchange.instance is None else exchange.instance.number for exchange in offered]


def test_max_concurrency_neither_limits_a_target_nor_queues_a_request() -> None:
    async def main() -> None:
        async with Stage(behind(2)) as stage:
            assert stage.pool.scaling.max_concurrency == 1
            assert targets(stage, 6) == [1, 2, 1, 2, 1, 2]
            assert (stage.pool.in_flight, stage.pool.queued) == (6, 0)

    run_virtual(main)


def test_an_unhealthy_target_gets_no_requests_until_it_is_healthy_again() -> None:
    async def main() -> None:
        async with Stage(behind(3)) as stage:
            assert not stage.pool.change_health(stage.instance(2), healthy=False)
            assert targets(stage, 4) == [1, 3, 1, 3]
            assert not stage.pool.change_health(stage.instance(2), healthy=True)
            assert set(targets(stage, 3)) == {1, 2, 3}

    run_virtual(main)


def test_the_group_fails_open_when_the_last_healthy_target_leaves() -> None:
    async def main() -> None:
        async with Stage(behind(2)) as stage:
            assert not stage.pool.change_health(stage.instance(1), healthy=False)
            assert targets(stage, 2) == [2, 2]
            assert stage.pool.change_health(stage.instance(2), healthy=False)
            assert set(targets(stage, 2)) == {1, 2}
            assert not stage.pool.change_health(stage.instance(1), healthy=True)
            assert targets(stage, 2) == [1, 1]
            stage.pool.leave(stage.instance(1))
            assert targets(stage, 2) == [2, 2]

    run_virtual(main)


def test_a_target_that_leaves_keeps_its_requests_for_the_deregistration_delay() -> None:
    async def main() -> None:
        async with Stage(behind(2, ApplicationLoadBalancer(deregistration_delay_s=40))) as stage:
            first, second = stage.offer(), stage.offer()
            stage.replica_set.configure(stage.pool.scaling.__class__(1, 1, 10))
            stage.replica_set.resize(1)
            await asyncio.sleep(39)
            assert second.endings == []
            assert targets(stage, 2) == [1, 1]
            await asyncio.sleep(2)
            assert second.endings == ["connection termination"]
            assert first.endings == []

    run_virtual(main)
