from __future__ import annotations

import asyncio
import dataclasses

import pytest

from simulator.model.health import HealthCheck, failed_line
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.times import LoopTime
from simulator.rules.policies.port import Actuator
from tests.fleet.fakes import Stage, stage_settings
from tests.virtual import rounds, run_virtual, until

LAG = Actuator(start_lag_s=30)


# --- the first instances ---


def test_a_run_begins_with_its_initial_instances_ready_and_without_the_platforms_lag() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=3), LAG) as stage:
            assert stage.states() == "active active active"
            assert stage.loop.time() == LoopTime(0.0)

    run_virtual(main)


def test_there_are_at_least_min_size_instances() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=0, least=2)) as stage:
            assert len(stage.pool.ready) == 2

    run_virtual(main)


# --- towards the desired count ---


def test_a_timeline_makes_starts_slower() -> None:
    async def main() -> None:
        async with Stage(actuator=LAG) as stage:
            stage.replica_set.extra_start_s = 15.0
            stage.replica_set.resize(2)
            await asyncio.sleep(60)
            assert stage.moves(2)[0] == (45.0, "starting")

    run_virtual(main)


def test_the_same_desired_count_again_changes_nothing() -> None:
    async def main() -> None:
        async with Stage(actuator=LAG) as stage:
            for _ in range(5):
                stage.replica_set.resize(2)
            assert stage.states() == "active provisioning"

    run_virtual(main)


def test_the_desired_count_is_bounded_by_the_configuration() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, least=2, most=4)) as stage:
            stage.replica_set.resize(100)
            await until(lambda: len(stage.pool.ready) == 4)
            assert stage.states() == "active active active active"
            stage.replica_set.resize(0)
            await until(lambda: stage.states() == "active active stopped stopped")

    run_virtual(main)


def test_a_changed_configuration_applies_at_once() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=4)) as stage:
            stage.replica_set.configure(AutoScalingConfiguration(5, 1, 2))
            await until(lambda: stage.states() == "active active stopped stopped")
            stage.replica_set.configure(AutoScalingConfiguration(5, 3, 9))
            await until(lambda: len(stage.pool.ready) == 3)
            assert stage.replica_set.desired == 2

    run_virtual(main)


def test_instances_that_are_not_ready_stop_first_and_then_the_youngest() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2), LAG) as stage:
            stage.replica_set.resize(4)
            stage.replica_set.resize(1)
            await until(lambda: stage.states() == "active stopped stopped stopped")

    run_virtual(main)


# --- drain ---


def test_the_end_of_a_run_stops_instances_that_only_drain() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2)) as stage:
            request = stage.offer()
            stage.replica_set.drain("another revision serves")
            await asyncio.sleep(1000)  # longer than any drain time-out: `drain` stops no instance
            assert stage.states() == "draining draining"
        assert stage.states() == "stopped stopped"
        assert len(request.endings) == 1

    run_virtual(main)


@pytest.mark.row(112)
def test_a_draining_instance_finishes_its_requests_and_gets_no_new_ones() -> None:
    async def main() -> None:
        async with Stage(stage_settings(2, initial=2)) as stage:
            first, second = stage.offer(), stage.offer()
            stage.replica_set.resize(1)
            assert stage.states() == "active draining"
            third = stage.offer()
            assert third.instance is stage.instance(1)
            await asyncio.sleep(50)
            assert stage.states() == "active draining"
            stage.answer(second)
            await until(lambda: stage.states() == "active stopped")
            assert (first.endings, second.endings) == ([], [200])
            assert stage.backend(2).grace_s == 30.0

    run_virtual(main)


def test_a_draining_instance_still_counts_for_memory() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2)) as stage:
            stage.offer()
            stage.offer()
            stage.replica_set.resize(1)
            assert stage.replica_set.provisioned == 2
            assert (stage.replica_set.coming, stage.replica_set.active) == (0, 1)

    run_virtual(main)


@pytest.mark.row(112)
def test_the_time_to_drain_is_bounded() -> None:
    async def main() -> None:
        settings = stage_settings(initial=2, request_timeout_s=1000, drain_timeout_s=120)
        async with Stage(settings) as stage:
            exchanges = [stage.offer(), stage.offer()]
            stage.replica_set.resize(1)
            await asyncio.sleep(119)
            assert exchanges[1].endings == []
            await asyncio.sleep(2)
            assert exchanges[1].endings == ["connection termination"]
            assert stage.moves(2)[-1] == (120.0, "stopped")

    run_virtual(main)


def test_a_draining_instance_may_crash() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2)) as stage:
            exchanges = [stage.offer(), stage.offer()]
            stage.replica_set.resize(1)
            stage.replica_set.kill(2)
            await until(lambda: stage.states() == "active stopped")
            assert exchanges[1].endings == ["connection termination"]

    run_virtual(main)


# --- crashes ---


def test_a_crashed_instance_is_replaced() -> None:
    async def main() -> None:
        async with Stage(actuator=LAG) as stage:
            await asyncio.sleep(5)
            stage.replica_set.kill(1)
            await asyncio.sleep(31)
            assert stage.states() == "stopped active"
            assert stage.moves(2)[0] == (35.0, "starting")

    run_virtual(main)


def test_a_crash_is_logged_in_app_runners_words() -> None:
    async def main() -> None:
        async with Stage() as stage:
            stage.backend(1).exit(3)
            await until(lambda: bool(stage.lines()))
            assert stage.lines() == [
                "Your application stopped or failed to start. See logs for more information. Container exit code: 3"
            ]

    run_virtual(main)


@pytest.mark.parametrize("state", ["provisioning", "starting"])
def test_an_instance_that_does_not_serve_yet_can_be_killed(state: str) -> None:
    async def main() -> None:
        async with Stage(actuator=LAG) as stage:
            stage.fake.healthy = False
            stage.replica_set.resize(2)
            await asyncio.sleep(1 if state == "provisioning" else 31)
            assert stage.states() == f"active {state}"
            stage.replica_set.kill(2)
            await until(lambda: stage.states() == "active stopped provisioning")

    run_virtual(main)


def test_killing_an_ended_or_unknown_instance_does_nothing() -> None:
    async def main() -> None:
        async with Stage() as stage:
            stage.replica_set.kill(99)
            stage.replica_set.kill(1)
            await until(lambda: stage.states() == "stopped active")
            stage.replica_set.kill(1)
            await rounds(20)
            assert stage.states() == "stopped active"

    run_virtual(main)


def test_an_unhealthy_instance_is_replaced() -> None:
    async def main() -> None:
        settings = dataclasses.replace(stage_settings(), health_check=HealthCheck(interval_s=5, unhealthy_threshold=3))
        async with Stage(settings) as stage:
            stage.backend(1).healthy = False
            await asyncio.sleep(14.5)
            assert stage.states() == "active"
            await asyncio.sleep(1)
            assert stage.states() == "stopped active"
            assert stage.moves(1)[-1] == (15.0, "stopped")
            assert stage.lines() == [f"{failed_line(settings.health_check, 8080)} (not well)"]

    run_virtual(main)


def test_an_instance_that_is_not_healthy_within_five_minutes_is_stopped() -> None:
    async def main() -> None:
        async with Stage() as stage:
            stage.fake.healthy = False
            stage.replica_set.resize(2)
            await asyncio.sleep(299)
            assert stage.states() == "active starting"
            stage.fake.healthy = True
            await asyncio.sleep(2)
            assert stage.states() == "active stopped active"
            assert stage.lines()[0].startswith(
                "Health check failed on protocol `TCP` [Port: '8080']. Check your configured port number."
            )

    run_virtual(main)


def test_an_instance_that_crashes_while_it_stops_is_recorded_once() -> None:
    """Between the crash and its detection by the lifecycle, the replica set may decide to terminate the instance."""

    async def main() -> None:
        async with Stage(stage_settings(initial=2)) as stage:
            exchanges = [stage.offer(), stage.offer()]
            stage.replica_set.kill(2)
            stage.replica_set.resize(1)
            await until(lambda: stage.states() == "active stopped")
            await rounds(20)
            assert stage.states() == "active stopped"
            assert exchanges[1].endings == ["connection termination"]

    run_virtual(main)


# --- the end of a run ---


def test_no_instance_is_provisioned_after_the_end() -> None:
    """The autoscaler decides, and instances crash, while the last ones stop; neither must start an instance."""

    async def main() -> None:
        stage = Stage(stage_settings(initial=2, least=2))
        stage.fake.stop_s = 5.0
        await stage.open()
        stage.replica_set.kill(1)
        lifecycles = stage.replica_set.dismiss()
        stage.replica_set.resize(7)
        await asyncio.wait(lifecycles)
        stage.replica_set.resize(3)
        await rounds(20)
        assert stage.states() == "stopped stopped"
        await stage.close()

    run_virtual(main)


@pytest.mark.parametrize("after_s", [0.0, 10.0, 30.5, 31.5, 36.0])
def test_a_platform_that_is_closed_while_instances_start_leaves_nothing(after_s: float) -> None:
    async def main() -> None:
        stage = Stage(actuator=LAG)
        await stage.open()
        stage.fake.launch_s, stage.fake.healthy = 1.0, False
        stage.replica_set.resize(4)
        await asyncio.sleep(after_s)
        await stage.close()
        assert set(stage.states().split()) == {"stopped"}
        assert all(backend.exited.done() for backend in stage.fake.backends.values())
        assert len(asyncio.all_tasks()) == 1

    run_virtual(main)


# --- cancellation ---


async def _one_lifecycle(stage: Stage) -> None:
    """Run one lifecycle: lag, launch, probe, two requests, drain, stop. Each takes a second; it is over after nine."""
    stage.fake.launch_s = stage.fake.probe_s = stage.fake.stop_s = 1.0
    exchanges = [stage.offer(), stage.offer()]
    stage.replica_set.resize(1)
    await asyncio.sleep(4)
    for exchange in exchanges:
        if exchange.open and exchange.instance is not None:
            stage.answer(exchange)
        stage.replica_set.resize(0)
        await asyncio.sleep(2)
    await asyncio.sleep(1)


@pytest.mark.parametrize("after_s", [0.5 * half for half in range(18)])
@pytest.mark.parametrize("later", range(5))
def test_cancelling_an_instances_lifecycle_anywhere_leaks_nothing(after_s: float, later: int) -> None:
    """`later`: iterations of the loop after that moment, so that every await of the lifecycle is hit."""

    async def main() -> None:
        settings = stage_settings(initial=0, least=0, wait_s=100, queue=10)
        stage = Stage(settings, Actuator(start_lag_s=1))
        await stage.open()
        program = stage.tasks.spawn(_one_lifecycle(stage), "program")
        await asyncio.sleep(after_s)
        await rounds(later)
        if (lifecycle := stage.replica_set._lifecycles.get(1)) is not None:
            lifecycle.cancel()
        await program
        assert stage.states() == "stopped"
        assert stage.instance(1).outstanding == 0
        # The next resize must not count the cancelled instance.
        stage.replica_set.resize(1)
        await asyncio.sleep(4)
        late = stage.offer()
        waiting = [exchange for exchange in stage.exchanges if exchange.open]
        for exchange in waiting:
            stage.answer(exchange)
        assert late.endings == [200]
        await stage.close()
        assert [len(exchange.endings) for exchange in stage.exchanges] == [1, 1, 1]
        assert all(backend.exited.done() for backend in stage.fake.backends.values())
        assert len(asyncio.all_tasks()) == 1

    run_virtual(main)
