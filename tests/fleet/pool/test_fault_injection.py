from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from simulator.fleet.pool.fault_injection import FaultInjection
from simulator.model.wire_fault import FaultKind, WireFault
from simulator.world.random_streams import RandomStreams
from tests.fleet.fakes import FakeExchange, Stage, stage_settings
from tests.virtual import rounds, run_virtual

LATE = WireFault(FaultKind.LATENCY, delay_s=2.0)
UNWELL = WireFault(FaultKind.STATUS, status=502)


def spoiled(play: Callable[[Stage, FaultInjection], Coroutine[Any, Any, None]], **settings: Any) -> None:
    """Run `play` with a stage, to which it can add wire faults."""

    async def main() -> None:
        async with Stage(stage_settings(**settings)) as stage:
            stage.pool.faults = FaultInjection(RandomStreams(1).stream("faults").random)
            await play(stage, stage.pool.faults)

    run_virtual(main)


def is_with_its_instance(stage: Stage, exchange: FakeExchange) -> bool:
    return exchange in stage.backend(1).taken


def test_a_delayed_request_reaches_its_instance_later_and_occupies_its_slot() -> None:
    async def play(stage: Stage, faults: FaultInjection) -> None:
        faults.add(LATE)
        exchange = stage.offer()
        await asyncio.sleep(1.9)
        assert (is_with_its_instance(stage, exchange), stage.pool.in_flight) == (False, 1)
        await asyncio.sleep(0.2)
        assert is_with_its_instance(stage, exchange)
        assert exchange.service_s(stage.loop.time()) == pytest.approx(2.1)  # the delay is a part of the service time
        stage.answer(exchange)

    spoiled(play)


def test_delays_add_up() -> None:
    async def play(stage: Stage, faults: FaultInjection) -> None:
        faults.add(LATE)
        faults.add(LATE)
        exchange = stage.offer()
        await asyncio.sleep(3.9)
        assert not is_with_its_instance(stage, exchange)
        await asyncio.sleep(0.2)
        assert is_with_its_instance(stage, exchange)

    spoiled(play)


def test_a_delayed_request_of_a_disconnected_client_is_not_sent() -> None:
    async def play(stage: Stage, faults: FaultInjection) -> None:
        faults.add(LATE)
        exchange = stage.offer()
        stage.pool.abandon(exchange)
        await asyncio.sleep(3)
        assert (is_with_its_instance(stage, exchange), stage.pool.in_flight) == (False, 0)

    spoiled(play)


def test_a_status_is_answered_without_the_instance() -> None:
    async def play(stage: Stage, faults: FaultInjection) -> None:
        faults.add(UNWELL)
        exchange = stage.offer()
        await rounds(3)
        assert (exchange.endings, is_with_its_instance(stage, exchange)) == ([502], False)
        assert stage.pool.in_flight == 0

    spoiled(play)


def test_a_status_for_a_long_queue_does_not_recurse() -> None:
    async def play(stage: Stage, faults: FaultInjection) -> None:
        blocker = stage.offer()
        faults.add(UNWELL)
        for _ in range(3000):
            stage.offer()
        stage.answer(blocker)
        await asyncio.sleep(1)
        assert [exchange.endings for exchange in stage.exchanges[1:]] == [[502]] * 3000

    spoiled(play, wait_s=60, queue=3000)


def test_a_fault_affects_the_same_share_of_requests_in_every_run() -> None:
    met: list[list[int]] = []

    async def play(stage: Stage, faults: FaultInjection) -> None:
        faults.add(WireFault(FaultKind.STATUS, share=0.2))
        for _ in range(500):
            stage.offer()
        await rounds(3)
        met.append([exchange.number for exchange in stage.exchanges if exchange.endings])

    for _ in range(2):
        spoiled(play, capacity=200, initial=3)
    assert met[0] == met[1]
    assert 70 <= len(met[0]) <= 130  # 100 expected, standard deviation 9


def test_the_requests_of_a_fault_do_not_depend_on_another_fault() -> None:
    def numbers(*faults_before: WireFault) -> list[int]:
        met: list[int] = []

        async def play(stage: Stage, faults: FaultInjection) -> None:
            faults.add(WireFault(FaultKind.STATUS, share=0.3))
            for fault in faults_before:
                faults.add(fault)
            for _ in range(100):
                stage.offer()
            await asyncio.sleep(5)
            met.extend(exchange.number for exchange in stage.exchanges if exchange.endings)

        spoiled(play, capacity=200)
        return met

    late_for_all = numbers(WireFault(FaultKind.LATENCY, share=1.0, delay_s=1.0))
    late_for_none = numbers(WireFault(FaultKind.LATENCY, share=0.0, delay_s=1.0))
    assert late_for_all == late_for_none


def test_a_removed_fault_affects_no_request() -> None:
    async def play(stage: Stage, faults: FaultInjection) -> None:
        number = faults.add(UNWELL)
        active = [faults.is_active]
        faults.remove(number)
        assert [*active, faults.is_active] == [True, False]
        exchange = stage.offer()
        await rounds(3)
        assert is_with_its_instance(stage, exchange)

    spoiled(play)


def test_a_fault_of_bytes_is_rejected_for_simulated_requests() -> None:
    async def play(stage: Stage, faults: FaultInjection) -> None:
        faults.add(WireFault(FaultKind.RESET))
        with pytest.raises(NotImplementedError):
            stage.offer()
        stage.pool.abandon(stage.exchanges[0])

    spoiled(play)
