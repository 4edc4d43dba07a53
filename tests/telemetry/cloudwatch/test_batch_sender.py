"""The batch sender in virtual time: it retries with growing pauses, reports once, and loses only what it must."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from simulator.telemetry.cloudwatch.batch_sender import GOODBYE_S_MAX, PAUSE_S_MAX, BatchSender
from simulator.telemetry.cloudwatch.endpoint import Rejected, Unreachable
from simulator.telemetry.cloudwatch.lines import LogLine, LogStream
from simulator.telemetry.cloudwatch.send_queue import LinesBatch, LinesQueue
from simulator.world.tasks import Tasks
from tests.virtual import run_virtual

STREAM = LogStream("us-east-1", "group", "events")


class Place:
    """An endpoint: what it has received, when it was called, and its current behaviour."""

    def __init__(self) -> None:
        self.queue = LinesQueue(bytes_max=30 * 10)
        self.has: list[str] = []
        self.asked_s: list[float] = []
        self.given: list[str] = []
        self.does: Callable[[LinesBatch], Coroutine[Any, Any, int]] = self.take
        self.sender = BatchSender(self.queue, self.send, asyncio.get_running_loop().time, self.given.append)

    async def send(self, batch: LinesBatch) -> int:
        self.asked_s.append(asyncio.get_running_loop().time())
        return await self.does(batch)

    async def take(self, batch: LinesBatch) -> int:
        self.has += [line.text for line in batch.lines]
        return 0

    async def be_away(self, _batch: LinesBatch) -> int:
        raise Unreachable("http://place cannot be called: Gone")

    async def reject(self, batch: LinesBatch) -> int:
        raise Rejected("http://place answers InvalidParameterException to put_log_events")

    async def hang(self, _batch: LinesBatch) -> int:
        await asyncio.sleep(1000)
        raise AssertionError

    def write(self, *texts: str) -> None:
        for text in texts:
            self.queue.put(STREAM, LogLine(0, text, 30))


def with_place(test: Callable[[Place], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        async with Tasks("test") as tasks:
            place = Place()
            place.sender.start(tasks)
            await test(place)
            await place.sender.close()

    run_virtual(main)


def test_items_are_sent_within_a_second_and_the_rest_at_the_end() -> None:
    async def test(place: Place) -> None:
        await asyncio.sleep(0.5)
        place.write("a", "b")
        await asyncio.sleep(1.0)
        assert place.has == ["a", "b"]
        place.write("c")
        await place.sender.close()
        assert place.has == ["a", "b", "c"]
        assert place.given == []

    with_place(test)


def test_an_unreachable_endpoint_is_retried_with_backoff_reported_once_and_gets_everything_in_order() -> None:
    async def test(place: Place) -> None:
        place.does = place.be_away
        place.write("a")
        await asyncio.sleep(300)
        place.write("b")
        pauses = [round(later - before) for before, later in zip(place.asked_s, place.asked_s[1:], strict=False)]
        assert pauses[:7] == [1, 2, 4, 8, 16, 32, PAUSE_S_MAX]
        assert set(pauses[6:]) == {PAUSE_S_MAX}
        assert place.given == ["cloudwatch: http://place cannot be called: Gone; log lines are kept until it answers"]
        place.does = place.take
        await asyncio.sleep(PAUSE_S_MAX)
        assert place.has == ["a", "b"]
        assert place.given[1:] == ["cloudwatch: log lines are accepted again"]
        place.does = place.be_away  # the next call is a separate failure
        place.write("c")
        await asyncio.sleep(2)
        assert len(place.given) == 3
        place.does = place.take

    with_place(test)


def test_a_full_queue_drops_the_oldest_items_and_reports_it_once() -> None:
    async def test(place: Place) -> None:
        place.does = place.be_away
        for number in range(300):
            place.write(str(number))
            await asyncio.sleep(1)
        assert place.given[1:] == ["cloudwatch: the queue of log lines is full, the oldest are dropped"]
        place.does = place.take
        await asyncio.sleep(PAUSE_S_MAX)
        assert place.has == [str(number) for number in range(290, 300)]
        assert place.given[2:] == ["cloudwatch: log lines are accepted again", "cloudwatch: 290 log lines are lost"]

    with_place(test)


def test_rejected_items_are_not_sent_again_and_the_reason_is_reported_once() -> None:
    async def test(place: Place) -> None:
        place.does = place.reject
        place.write("a")
        await asyncio.sleep(2)
        place.write("b")
        await asyncio.sleep(2)
        place.does = place.take
        place.write("c")
        await asyncio.sleep(2)
        assert place.has == ["c"]
        assert place.given == [
            "cloudwatch: http://place answers InvalidParameterException to put_log_events; these log lines are dropped"
        ]
        await place.sender.close()
        assert place.given[1:] == ["cloudwatch: 2 log lines are lost"]

    with_place(test)


def test_at_the_end_sending_is_retried_a_few_times() -> None:
    async def test(place: Place) -> None:
        await asyncio.sleep(0.5)
        place.does = place.be_away
        place.write("a")
        asyncio.get_running_loop().call_later(0.7, setattr, place, "does", place.take)
        await place.sender.close()
        assert place.has == ["a"]

    with_place(test)


def test_the_end_does_not_wait_for_a_hanging_endpoint_and_reports_the_loss() -> None:
    async def test(place: Place) -> None:
        place.does = place.hang
        place.write("a", "b")
        await asyncio.sleep(2)
        place.write("c")
        begun_s = asyncio.get_running_loop().time()
        await place.sender.close()
        assert asyncio.get_running_loop().time() - begun_s == GOODBYE_S_MAX
        assert place.given == ["cloudwatch: 3 log lines are lost"]

    with_place(test)


def test_an_unexpected_exception_is_raised() -> None:
    async def main() -> None:
        async with Tasks("test") as tasks:
            place = Place()

            async def fail(_batch: LinesBatch) -> int:
                raise ZeroDivisionError

            place.does = fail
            place.write("a")
            place.sender.start(tasks)
            await asyncio.wait((tasks.failed,))
            assert isinstance(tasks.failed.exception(), ZeroDivisionError)
            place.does = place.take
            await place.sender.close()
            assert place.has == ["a"]

    run_virtual(main)
