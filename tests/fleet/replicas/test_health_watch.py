"""The health of targets behind an Application Load Balancer: ECS replaces an unhealthy task after its grace period."""

from __future__ import annotations

import asyncio

import pytest

from simulator.fleet.pool.settings import PoolSettings
from simulator.rules.load_balancer.settings import ApplicationLoadBalancer
from tests.fleet.fakes import Stage, stage_settings
from tests.virtual import run_virtual


def behind(initial: int = 1, grace_period_s: float = 0.0) -> PoolSettings:
    load_balancer = ApplicationLoadBalancer(grace_period_s=grace_period_s)
    return stage_settings(initial=initial, least=initial).behind(load_balancer)


@pytest.mark.parametrize(("grace_period_s", "replaced_s"), [(0.0, 60.0), (300.0, 300.0)])
def test_a_replacement_starts_after_two_failed_checks_and_the_grace_period(
    grace_period_s: float, replaced_s: float
) -> None:
    async def main() -> None:
        async with Stage(behind(grace_period_s=grace_period_s)) as stage:
            stage.backend(1).healthy = False
            await asyncio.sleep(replaced_s - 1)
            assert stage.states() == "active"
            await asyncio.sleep(2)
            # The unhealthy task serves until the new one is in service: after the wait for its first check (15 s).
            assert stage.states() == "active starting"
            assert stage.offer().instance is stage.instance(1)
            await asyncio.sleep(16)
            assert stage.states().split()[1] == "active"
            assert stage.instance(1).state in {"draining", "stopped"}
            assert stage.offer().instance is stage.instance(2)

    run_virtual(main)


def test_a_target_that_recovers_within_the_grace_period_is_kept() -> None:
    async def main() -> None:
        async with Stage(behind(2, grace_period_s=600)) as stage:
            stage.backend(1).healthy = False
            await asyncio.sleep(61)
            assert stage.offer().instance is stage.instance(2)
            stage.backend(1).healthy = True
            await asyncio.sleep(5 * 30)  # five successes in a row
            assert {stage.offer().instance, stage.offer().instance} == {stage.instance(1), stage.instance(2)}
            await asyncio.sleep(600)
            assert stage.states() == "active active"
            assert [line for line in stage.lines() if "Target" in line] == [
                "Target 1 is unhealthy: not well.",
                "Target 1 is healthy again.",
            ]

    run_virtual(main)


def test_all_targets_that_are_unhealthy_are_replaced_together_and_serve_meanwhile() -> None:
    async def main() -> None:
        async with Stage(behind(3)) as stage:
            for number in (1, 2, 3):
                stage.backend(number).healthy = False
            await asyncio.sleep(61)
            assert stage.states() == "active active active starting starting starting"
            assert {stage.offer().instance for _ in range(3)} == {stage.instance(number) for number in (1, 2, 3)}
            assert any("so all of them get requests" in line for line in stage.lines())
            await asyncio.sleep(20)
            assert stage.states().split()[3:] == ["active"] * 3
            assert {stage.offer().instance for _ in range(3)} == {stage.instance(number) for number in (4, 5, 6)}

    run_virtual(main)


def test_a_task_that_never_passes_a_check_is_stopped_after_two_intervals() -> None:
    async def main() -> None:
        async with Stage(behind()) as stage:
            stage.fake.healthy = False
            stage.replica_set.resize(2)
            await asyncio.sleep(59)
            assert stage.states() == "active starting"
            await asyncio.sleep(2)
            assert stage.states().split()[1] == "stopped"

    run_virtual(main)
