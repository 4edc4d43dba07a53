"""The time limit of queued requests."""

from __future__ import annotations

import asyncio

from tests.fleet.fakes import FakeExchange, Stage, stage_settings
from tests.virtual import run_virtual


def test_a_queue_timeout_counts_as_rejected() -> None:
    async def main() -> None:
        async with Stage(stage_settings(wait_s=5, queue=10)) as stage:
            stage.offer()
            await asyncio.sleep(2)
            held = stage.offer()
            stage.pool.close_second(0)
            await asyncio.sleep(4.75)
            assert held.endings == []
            await asyncio.sleep(0.5)
            assert held.endings == ["queue timeout"]
            sample = stage.pool.close_second(1)
            assert (sample.rejected, sample.finished) == (1, 0)
            assert stage.pool.queued == 0

    run_virtual(main)


def test_a_queue_timeout_before_any_instance_is_ready_is_unavailable() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=0, least=0, wait_s=5, queue=10)) as stage:
            held = stage.offer()
            await asyncio.sleep(6)
            assert held.endings == ["unavailable"]

    run_virtual(main)


def test_every_queued_request_has_its_own_timeout() -> None:
    async def main() -> list[float]:
        async with Stage(stage_settings(wait_s=5, queue=10)) as stage:
            ended: list[float] = []
            stage.offer()
            for _ in range(3):
                stage.offer(lambda _: ended.append(stage.clock.at_s()))
                await asyncio.sleep(1.5)
            await asyncio.sleep(20)
            return ended

    assert run_virtual(main) == [5.0, 6.5, 8.0]


def test_two_queued_requests_that_time_out_together_may_abort_each_other() -> None:
    """The load balancer abandons both when the first fails; each is released once nevertheless."""

    async def main() -> None:
        async with Stage(stage_settings(wait_s=5, queue=10)) as stage:
            stage.offer()
            held: list[FakeExchange] = []

            def give_up(_: FakeExchange) -> None:
                for exchange in held:
                    stage.pool.abandon(exchange)

            held += [stage.offer(give_up), stage.offer(give_up)]
            await asyncio.sleep(6)
            assert [exchange.endings for exchange in held] == [["queue timeout"], []]
            assert (stage.pool.queued, stage.pool.in_flight) == (0, 1)

    run_virtual(main)
