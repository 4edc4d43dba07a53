"""The replacement of instances: in batches, with their successors ready before they drain."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.records.events import InstanceMoved
from simulator.rules.policies.port import Actuator
from tests.fleet.fakes import Stage, stage_settings
from tests.fleet.replicas.random_steps import RECYCLED_MAX, STEPS, alive, answer_all, play_step
from tests.virtual import run_virtual

LAG = Actuator(start_lag_s=30)


def test_instances_are_replaced_one_by_one_and_drain_when_their_successors_are_ready() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=3, most=3), LAG) as stage:
            assert stage.replica_set.recycle([1, 2, 3], 1, "recycled") == [1, 2, 3]
            await asyncio.sleep(200)
            assert [stage.moves(number) for number in (1, 2, 3)] == [
                [(0.0, "starting"), (0.0, "active"), (at_s, "draining"), (at_s, "stopped")] for at_s in (30, 60, 90)
            ]
            assert list(stage.pool.ready) == [4, 5, 6]
            assert stage.lines() == ["The platform has replaced instances 1, 2, 3."]

    run_virtual(main)


def test_a_batch_drains_when_all_of_its_successors_are_ready() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, most=2), LAG) as stage:
            stage.replica_set.recycle([1, 2], 2, "maintenance")
            await asyncio.sleep(29)
            assert stage.states() == "active active provisioning provisioning"
            await asyncio.sleep(2)
            assert stage.states() == "stopped stopped active active"
            stops = [event for event in stage.journal.events if isinstance(event, InstanceMoved) and event.instance < 3]
            assert [(event.at_s, event.why) for event in stops[-2:]] == [(30.0, "maintenance")] * 2

    run_virtual(main)


def test_the_next_batch_waits_until_the_requests_of_the_last_have_ended() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, most=2), LAG) as stage:
            exchange = stage.offer()
            assert exchange.instance is stage.instance(1)
            stage.replica_set.recycle([1, 2], 1, "recycled")
            await asyncio.sleep(100)
            assert stage.states() == "draining active active"
            stage.answer(exchange)
            await asyncio.sleep(40)
            assert stage.states() == "stopped stopped active active"
            assert stage.moves(2)[-1] == (130.0, "stopped")

    run_virtual(main)


def test_an_instance_is_replaced_once_however_often_that_is_requested() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, most=2), LAG) as stage:
            assert stage.replica_set.recycle([1, 2], 1, "recycled") == [1, 2]
            assert stage.replica_set.recycle([2, 1], 2, "maintenance") == []
            await asyncio.sleep(100)
            assert stage.states() == "stopped stopped active active"

    run_virtual(main)


def test_a_successor_that_crashes_leaves_the_old_instance_in_service() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=1, most=1), LAG) as stage:
            stage.fake.failing = True
            stage.replica_set.recycle([1], 1, "recycled")
            await asyncio.sleep(100)
            assert list(stage.pool.ready) == [1]
            stage.fake.failing = False
            await asyncio.sleep(400)  # longer than the delay after a few crashes
            assert list(stage.pool.ready) == [stage.replica_set.living()[-1].number] != [1]
            assert stage.moves(1)[-1][1] == "stopped"

    run_virtual(main)


def test_an_instance_that_crashes_while_it_is_replaced_needs_one_successor_only() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, most=2), LAG) as stage:
            stage.replica_set.recycle([1], 1, "recycled")
            stage.replica_set.kill(1)
            await asyncio.sleep(100)
            assert stage.states() == "stopped active active"

    run_virtual(main)


def test_a_scale_in_ends_a_replacement_that_is_not_needed() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, most=2), LAG) as stage:
            stage.replica_set.recycle([1], 1, "recycled")
            stage.replica_set.resize(1)
            await asyncio.sleep(100)
            assert stage.states() == "stopped active stopped"

    run_virtual(main)


def test_where_a_second_instance_cannot_run_the_old_one_ends_first() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=1, most=1), LAG) as stage:
            exchange = stage.offer()
            stage.fake.has_fixed_port = True
            stage.replica_set.recycle([1], 1, "recycled")
            await asyncio.sleep(10)
            assert stage.states() == "draining"
            stage.answer(exchange)
            await asyncio.sleep(40)
            assert stage.states() == "stopped active"
            assert stage.moves(2)[0] == (40.0, "starting")

    run_virtual(main)


def test_a_platform_without_capacity_for_a_successor_replaces_nothing() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, most=3, capacity_of_platform=2), LAG) as stage:
            stage.replica_set.recycle([1, 2], 1, "recycled")
            await asyncio.sleep(300)
            assert stage.states() == "active active"
            assert "no capacity for 1 of 1 more instances" in stage.lines()[-1]

    run_virtual(main)


@settings(deadline=None, max_examples=60)
@given(steps=st.lists(st.one_of(*STEPS, st.tuples(st.just("kill"), st.integers(1, 6))), max_size=25))
def test_every_request_ends_once_and_only_a_batch_exists_beyond_the_maximum(steps: list[tuple[str, Any]]) -> None:
    most = 3

    async def main() -> None:
        async with Stage(stage_settings(2, initial=2, most=most), LAG) as stage:
            for name, value in steps:
                if name == "kill":
                    stage.replica_set.kill(value)
                else:
                    await play_step(stage, name, value)
                assert alive(stage) <= most + RECYCLED_MAX
            answer_all(stage)
            await asyncio.sleep(1000)
            left = [each for each in stage.replica_set.living() if each.is_ready]
            assert 1 <= len(left) == len(stage.replica_set.living()) <= most
        assert [len(exchange.endings) for exchange in stage.exchanges] == [1] * len(stage.exchanges)

    run_virtual(main)
