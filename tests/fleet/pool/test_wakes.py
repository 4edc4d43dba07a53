"""Requests that wait until an idle instance has its CPU again."""

from __future__ import annotations

import asyncio

from simulator.rules.policies.port import Actuator
from tests.fleet.fakes import Stage, stage_settings
from tests.virtual import run_virtual

ACTIVATES = Actuator(activates=True)


def test_waking_an_idle_instance_is_cold_time() -> None:
    async def main() -> None:
        async with Stage(stage_settings(2), ACTIVATES) as stage:
            stage.fake.wake_s = 0.5
            assert stage.backend(1).throttled
            first = stage.offer()
            await asyncio.sleep(0.25)
            second = stage.offer()
            assert stage.begun == []
            await asyncio.sleep(1)
            assert stage.begun == [0, 1]
            assert (first.cold_s, second.cold_s) == (0.5, 0.25)
            assert not stage.backend(1).throttled

    run_virtual(main)


def test_a_request_abandoned_during_a_wake_is_not_forwarded() -> None:
    async def main() -> None:
        async with Stage(stage_settings(2), ACTIVATES) as stage:
            stage.fake.wake_s = 0.5
            gone, stays = stage.offer(), stage.offer()
            stage.pool.abandon(gone)
            await asyncio.sleep(1)
            assert stage.begun == [stays.number]
            assert stage.backend(1).aborted == []  # the other request was never forwarded to it

    run_virtual(main)


def test_the_requests_of_an_instance_that_crashes_during_a_wake_fail_once() -> None:
    async def main() -> None:
        async with Stage(stage_settings(2), ACTIVATES) as stage:
            stage.fake.wake_s = 0.5
            exchange = stage.offer()
            stage.replica_set.kill(1)
            await asyncio.sleep(1)
            assert exchange.endings == ["connection termination"]
            assert stage.begun == []

    run_virtual(main)


def test_an_instance_that_becomes_idle_during_its_wake_is_woken_again() -> None:
    async def main() -> None:
        async with Stage(stage_settings(2, idle_after_s=0.1), ACTIVATES) as stage:
            stage.fake.wake_s = 2.0
            stage.pool.abandon(stage.offer())
            await asyncio.sleep(3)  # idle since 0.1 s; the wake would have ended at 2 s
            later = stage.offer()
            assert stage.begun == []
            await asyncio.sleep(2.5)
            assert stage.begun == [later.number]
            assert later.cold_s == 2.0

    run_virtual(main)
