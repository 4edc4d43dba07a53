"""The pool when instances cannot be reached: requests move to others, and those that fail repeatedly are ejected."""

from __future__ import annotations

import asyncio

from simulator.model.instance import InstanceState
from simulator.records.events import EjectionChanged
from simulator.rules.ejection import EjectionSettings
from tests.fleet.fakes import FakeExchange, Stage, stage_settings
from tests.virtual import rounds, run_virtual

SOON = EjectionSettings(failures=2, base_s=10.0)


def number_of(exchange: FakeExchange) -> int:
    assert exchange.instance is not None
    return exchange.instance.number


def fail(stage: Stage, number: int) -> None:
    """Let a request of that instance fail; answer the others."""
    while True:
        exchange = stage.offer()
        if number_of(exchange) == number:
            stage.backend(number).taken.pop(exchange)
            stage.pool.broke(exchange)
            return
        stage.answer(exchange)


def served(stage: Stage, count: int = 6) -> set[int]:
    """Return the numbers of the instances that serve the next requests."""
    numbers = set()
    for _ in range(count):
        exchange = stage.offer()
        numbers.add(number_of(exchange))
        stage.answer(exchange)
    return numbers


def test_a_request_moves_on_to_another_instance() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, least=2)) as stage:
            exchange = stage.offer()
            first = exchange.instance
            assert first is not None
            assert stage.pool.redispatch(exchange, [first])
            assert exchange.instance is not first
            assert (first.outstanding, number_of(exchange), stage.pool.in_flight) == (0, 2, 1)
            assert stage.begun == [0, 0]
            stage.answer(exchange)
            assert exchange.endings == [200]
            sample = stage.pool.close_second(0)
            assert (sample.arrivals, sample.finished, sample.rejected) == (1, 1, 0)

    run_virtual(main)


def test_a_request_stays_when_every_other_instance_is_avoided() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, least=2)) as stage:
            exchange = stage.offer()
            assert not stage.pool.redispatch(exchange, list(stage.pool.ready.values()))
            assert (number_of(exchange), stage.pool.in_flight) == (1, 1)
            stage.pool.broke(exchange)
            assert stage.pool.in_flight == 0

    run_virtual(main)


def test_a_request_stays_when_every_other_instance_is_full() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, least=2)) as stage:
            exchange = stage.offer()
            stage.offer()
            assert exchange.instance is not None
            assert not stage.pool.redispatch(exchange, [exchange.instance])

    run_virtual(main)


def test_the_slot_left_behind_goes_to_the_longest_waiting() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, least=2, wait_s=60, queue=5)) as stage:
            moving, other, waiting = stage.offer(), stage.offer(), stage.offer()
            assert stage.pool.queued == 1
            stage.answer(other)  # its slot goes to the queued request
            stage.answer(waiting)
            assert moving.instance is not None
            assert stage.pool.redispatch(moving, [moving.instance])
            late = stage.offer()
            assert {number_of(moving), number_of(late)} == {1, 2}

    run_virtual(main)


def test_an_instance_that_keeps_failing_gets_no_requests_for_its_time() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, least=2), ejection=SOON) as stage:
            fail(stage, 1)
            fail(stage, 1)
            assert served(stage) == {2}
            await asyncio.sleep(9.5)
            assert served(stage) == {2}
            await asyncio.sleep(1)
            assert served(stage) == {1, 2}

    run_virtual(main)


def test_a_response_resets_the_consecutive_failures() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, least=2), ejection=SOON) as stage:
            for _ in range(4):
                fail(stage, 1)
                served(stage)
            assert served(stage) == {1, 2}

    run_virtual(main)


def test_without_ejection_no_instance_leaves_service() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, least=2)) as stage:
            for _ in range(20):
                fail(stage, 1)
            assert served(stage) == {1, 2}

    run_virtual(main)


def test_requests_without_an_answer_in_time_count_as_failures() -> None:
    async def main() -> None:
        settings = stage_settings(initial=2, least=2, request_timeout_s=5.0)
        async with Stage(settings, ejection=EjectionSettings(failures=1, base_s=10.0)) as stage:
            silent = stage.offer()
            await asyncio.sleep(6)
            assert silent.endings == ["timeout"]
            assert served(stage) == {2}

    run_virtual(main)


def test_an_ejected_instance_is_still_ready_and_is_replaced_when_it_crashes() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, least=2), ejection=SOON) as stage:
            fail(stage, 1)
            fail(stage, 1)
            assert list(stage.pool.ready) == [1, 2]
            stage.replica_set.kill(1)
            await asyncio.sleep(5)
            assert list(stage.pool.ready) == [2, 3]
            assert served(stage) == {2, 3}
            assert stage.instance(1).state is InstanceState.STOPPED

    run_virtual(main)


def test_in_panic_ejected_instances_serve_again() -> None:
    async def main() -> None:
        async with Stage(stage_settings(initial=2, least=0), ejection=SOON) as stage:
            changes: list[tuple[int, float]] = []
            stage.journal.subscribe(EjectionChanged, lambda change: changes.append((change.instance, change.for_s)))
            fail(stage, 1)
            fail(stage, 1)
            stage.pool.leave(stage.instance(2))
            await rounds(3)
            assert served(stage) == {1}
            assert changes == [(1, 10.0), (1, 0.0)]

    run_virtual(main)
