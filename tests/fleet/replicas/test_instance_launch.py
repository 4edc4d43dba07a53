"""The launch of instances: lag, delay after crashes, and launches that fail."""

from __future__ import annotations

import asyncio

import pytest

from simulator.fleet.ports import LaunchError
from simulator.rules.policies.port import Actuator
from tests.fleet.fakes import Stage, stage_settings
from tests.virtual import run_virtual, until

LAG = Actuator(start_lag_s=30)


def test_an_initial_instance_that_cannot_be_launched_is_an_error_and_leaves_nothing_behind() -> None:
    async def main() -> None:
        stage = Stage(stage_settings(initial=2))
        stage.fake.failing = True
        with pytest.raises(LaunchError, match="service web: no such program"):
            await stage.open()
        await stage.close()
        assert len(asyncio.all_tasks()) == 1

    run_virtual(main)


def test_a_higher_desired_count_launches_after_the_platforms_delay() -> None:
    async def main() -> None:
        async with Stage(actuator=LAG) as stage:
            await asyncio.sleep(10)
            stage.replica_set.resize(3)
            assert (stage.replica_set.coming, stage.replica_set.provisioned) == (2, 1)
            await asyncio.sleep(31)
            assert [stage.moves(number) for number in (2, 3)] == [[(40.0, "starting"), (40.0, "active")]] * 2
            assert stage.replica_set.coming == 0

    run_virtual(main)


def test_a_crash_loop_backs_off_and_a_success_resets_it() -> None:
    async def main() -> None:
        async with Stage() as stage:
            stage.fake.failing = True
            stage.replica_set.resize(2)
            await asyncio.sleep(20)
            # Crashes 1 and 2 at once, then after 1, 2, 4 and 8 s, at 1, 3, 7 and 15 s; the next is due at 31 s.
            crashes = [event for number in stage.replica_set.instances for event in stage.moves(number)]
            assert crashes[2:] == [(at_s, "stopped") for at_s in (0.0, 0.0, 1.0, 3.0, 7.0, 15.0)]
            stage.fake.failing = False
            await asyncio.sleep(12)
            assert len(stage.pool.ready) == 2
            assert stage.lines()[-1] == "6 consecutive instances have crashed: the next one starts in 16s"
            stage.replica_set.kill(8)  # healthy, but not for long enough: the delays continue
            await asyncio.sleep(31.5)
            assert len(stage.pool.ready) == 1
            await asyncio.sleep(1)
            assert len(stage.pool.ready) == 2
            await asyncio.sleep(10)
            stage.replica_set.kill(1)
            await until(lambda: len(stage.pool.ready) == 1)
            await until(lambda: len(stage.pool.ready) == 2)

    run_virtual(main)
