from __future__ import annotations

import asyncio

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.port import Actuator
from tests.fleet.fakes import Stage, stage_settings
from tests.virtual import run_virtual, until


def test_a_request_begins_at_once_when_a_slot_is_free() -> None:
    async def main() -> None:
        async with Stage() as stage:
            exchange = stage.offer()
            assert stage.begun == [0]
            stage.answer(exchange)
            assert exchange.endings == [200]
            assert (stage.pool.in_flight, stage.pool.queued) == (0, 0)

    run_virtual(main)


def test_a_request_beyond_max_concurrency_is_an_overflow() -> None:
    async def main() -> None:
        async with Stage(stage_settings(2)) as stage:
            stage.offer()
            stage.offer()
            assert stage.offer().endings == ["overflow"]
            assert stage.pool.in_flight == 2

    run_virtual(main)


def test_without_a_ready_instance_the_service_is_unavailable() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=0, least=0)) as stage:
            assert stage.offer().endings == ["unavailable"]

    run_virtual(main)


def test_a_queued_request_gets_the_next_free_slot_in_order_of_arrival() -> None:
    async def main() -> None:
        async with Stage(stage_settings(wait_s=60, queue=10)) as stage:
            for _ in range(3):
                stage.offer()
            assert (stage.pool.in_flight, stage.pool.queued) == (1, 2)
            for number in range(3):
                stage.answer(stage.exchanges[number])
            assert stage.begun == [0, 1, 2]

    run_virtual(main)


@pytest.mark.row(103)
def test_a_request_over_its_time_limit_is_aborted_and_gives_its_slot_back() -> None:
    async def main() -> None:
        async with Stage(stage_settings(request_timeout_s=120)) as stage:
            exchange = stage.offer()
            await asyncio.sleep(119.5)
            assert exchange.endings == []
            await asyncio.sleep(1)
            assert exchange.endings == ["timeout"]
            assert stage.backend(1).aborted == [exchange]
            assert stage.pool.in_flight == 0
            stage.offer()
            assert stage.begun == [0, 1]

    run_virtual(main)


def test_the_time_limit_applies_to_queued_requests_too() -> None:
    async def main() -> None:
        async with Stage(stage_settings(request_timeout_s=10, wait_s=100, queue=5)) as stage:
            stage.offer()
            await asyncio.sleep(1)
            held = stage.offer()
            stage.pool.configure(AutoScalingConfiguration(1, 1, 10))
            await asyncio.sleep(5)
            stage.pool.leave(stage.instance(1))  # the slot that the first one releases stays free
            await asyncio.sleep(5.5)
            assert held.endings == ["timeout"]
            assert stage.pool.queued == 0

    run_virtual(main)


def test_a_client_that_goes_away_while_it_waits_is_not_served() -> None:
    async def main() -> None:
        async with Stage(stage_settings(wait_s=60, queue=10)) as stage:
            first, gone, last = (stage.offer() for _ in range(3))
            stage.pool.abandon(gone)
            stage.answer(first)
            assert stage.begun == [0, 2]
            assert (gone.endings, gone.open) == ([], False)
            stage.answer(last)
            assert stage.pool.queued == stage.pool.in_flight == 0

    run_virtual(main)


def test_a_client_that_goes_away_while_it_is_served_frees_its_slot() -> None:
    async def main() -> None:
        async with Stage(stage_settings(wait_s=60, queue=10)) as stage:
            gone, next_one = stage.offer(), stage.offer()
            stage.pool.abandon(gone)
            assert stage.backend(1).aborted == [gone]
            assert stage.begun == [0, 1]
            assert next_one.instance is stage.instance(1)

    run_virtual(main)


def test_abandoning_an_ended_request_does_nothing() -> None:
    async def main() -> None:
        async with Stage() as stage:
            exchange = stage.offer()
            stage.answer(exchange)
            rejected = stage.offer()
            overflow = stage.offer()
            for ended in (exchange, overflow):
                stage.pool.abandon(ended)
            assert stage.pool.in_flight == 1
            assert rejected.open

    run_virtual(main)


def test_an_ended_request_is_released_before_its_time_limit() -> None:
    async def main() -> None:
        async with Stage(stage_settings(2)) as stage:
            stage.answer(stage.offer())
            stage.pool.abandon(stage.offer())
            assert len(stage.pool._open) == 0

    run_virtual(main)


def test_finishing_twice_is_a_bug() -> None:
    async def main() -> None:
        async with Stage() as stage:
            exchange = stage.offer()
            stage.answer(exchange)
            with pytest.raises(AssertionError, match="finished once"):
                stage.pool.finish(exchange)

    run_virtual(main)


def test_the_requests_of_a_crashed_instance_fail_and_queued_ones_go_elsewhere() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, least=2, wait_s=60, queue=10)) as stage:
            on_dead, on_other, held = (stage.offer() for _ in range(3))
            assert on_dead.instance is not None
            stage.replica_set.kill(on_dead.instance.number)
            await until(lambda: bool(on_dead.endings))
            assert on_dead.endings == ["connection termination"]
            stage.answer(on_other)
            await until(lambda: held.begun_s >= 0)

    run_virtual(main)


def test_a_new_instance_serves_queued_requests_in_order() -> None:
    async def main() -> None:
        async with Stage(stage_settings(2, initial=0, least=0, wait_s=60, queue=10)) as stage:
            for _ in range(3):
                stage.offer()
            stage.replica_set.resize(1)
            await until(lambda: len(stage.begun) == 2)
            assert stage.begun == [0, 1]
            assert stage.pool.queued == 1

    run_virtual(main)


def test_a_higher_max_concurrency_serves_queued_requests() -> None:
    async def main() -> None:
        async with Stage(stage_settings(1, wait_s=60, queue=10)) as stage:
            for _ in range(4):
                stage.offer()
            stage.pool.configure(AutoScalingConfiguration(3, 1, 10))
            assert stage.begun == [0, 1, 2]

    run_virtual(main)


def test_waiting_for_a_start_is_cold_time_from_the_decision_on() -> None:
    """Arrived at 0, desired at 3, ready at 10, granted at once: 3 s of queue and 7 s of cold start."""

    async def main() -> None:
        settings = stage_settings(initial=0, least=0, wait_s=60, queue=10)
        async with Stage(settings, Actuator(start_lag_s=7)) as stage:
            exchange = stage.offer()
            await asyncio.sleep(3)
            stage.replica_set.resize(1)
            await asyncio.sleep(8)
            assert exchange.begun_s - exchange.arrived_s == pytest.approx(10)
            assert exchange.cold_s == pytest.approx(7)
            assert exchange.queue_s(stage.loop.time()) == pytest.approx(3)

    run_virtual(main)


def test_waiting_behind_others_on_a_new_instance_is_queue_time() -> None:
    """Ready 2 s after the arrival; another request has the slot for 5 s more."""

    async def main() -> None:
        settings = stage_settings(initial=0, least=0, wait_s=60, queue=10)
        async with Stage(settings, Actuator(start_lag_s=2)) as stage:
            stage.replica_set.resize(1)
            first, second = stage.offer(), stage.offer()
            await asyncio.sleep(7)
            stage.answer(first)
            assert second.cold_s == pytest.approx(2)
            assert second.queue_s(stage.loop.time()) == pytest.approx(5)

    run_virtual(main)


def test_closing_fails_every_request_and_grants_no_slot() -> None:
    async def main() -> None:
        async with Stage(stage_settings(wait_s=60, queue=10)) as stage:
            for _ in range(3):
                stage.offer()
            stage.pool.close()
            assert [exchange.endings for exchange in stage.exchanges] == [["unavailable"]] * 3
            assert stage.begun == [0]  # the slot of the first was granted to no other
            assert stage.pool.in_flight == stage.pool.queued == 0

    run_virtual(main)


def test_a_front_may_offer_its_next_request_within_the_failure_callback() -> None:
    async def main() -> None:
        async with Stage(stage_settings(request_timeout_s=10)) as stage:
            stage.offer(lambda _: stage.offer())
            await asyncio.sleep(15)
            assert stage.begun == [0, 1]
            await asyncio.sleep(6)
            assert stage.exchanges[1].endings == ["timeout"]

    run_virtual(main)


def test_two_requests_granted_together_may_abort_each_other() -> None:
    """The load balancer abandons the second when the first begins; its slot is not lost."""

    async def main() -> None:
        settings = stage_settings(2, initial=0, least=0, wait_s=60, queue=10)
        async with Stage(settings) as stage:
            stage.offer()
            second = stage.offer()
            stage.on_begin = lambda _: stage.pool.abandon(second)
            stage.replica_set.resize(1)
            await until(lambda: bool(stage.begun))
            assert stage.pool.in_flight == stage.instance(1).outstanding == 1
            assert stage.pool.queued == 0

    run_virtual(main)


def test_the_queue_callback_runs_when_a_request_waits() -> None:
    async def main() -> None:
        async with Stage(stage_settings(wait_s=60, queue=1)) as stage:
            told: list[int] = []
            stage.pool.on_queued(lambda: told.append(stage.pool.queued))
            stage.offer()
            stage.offer()
            stage.offer()
            assert told == [1]  # neither for the request that was served nor for the one that was rejected

    run_virtual(main)
