"""A collector that is slow, missing or back: no caller waits for it, memory is bounded, and one line reports it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from simulator.records.metrics import Metrics
from simulator.telemetry.exporters import Exporters, ExportSettings
from simulator.telemetry.otlp.batch_exporter import BatchExporter, SendOutcome
from simulator.telemetry.otlp.settings import Destination, MetricsExport, OtlpSettings
from tests.telemetry.otlp.collector import WAIT_S, Collector, collecting, until

NEVER_S = 3600.0


class Place:
    """A destination. While `gate` is cleared a batch waits; with `why` it is not accepted."""

    def __init__(self) -> None:
        self.why = ""
        self.taken: list[int] = []
        self.batches = 0
        self.gate = threading.Event()
        self.gate.set()
        self.asked = threading.Semaphore(0)
        self.aborted = False

    def send(self, batch: Sequence[int]) -> SendOutcome:
        self.asked.release()
        assert self.gate.wait(WAIT_S)
        self.batches += 1
        if self.why:
            return SendOutcome(self.why)
        self.taken += batch
        return SendOutcome(rejected=sum(item < 0 for item in batch))

    def abort(self) -> None:
        self.aborted = True
        self.gate.set()

    async def is_asked(self) -> None:
        assert await asyncio.to_thread(self.asked.acquire, timeout=WAIT_S)


def shipper(
    place: Place, told: list[str], *, every_s: float = NEVER_S, newest_only: bool = False
) -> BatchExporter[int]:
    made: BatchExporter[int] = BatchExporter(
        place.send,
        place.abort,
        what="things",
        where="there",
        tell=told.append,
        queue_max=1 if newest_only else 8,
        batch_max=1 if newest_only else 4,
        every_s=every_s,
        newest_only=newest_only,
    )
    made.open()
    return made


async def test_a_full_batch_goes_at_once_and_the_rest_in_the_end() -> None:
    place, told = Place(), list[str]()
    things = shipper(place, told)
    for number in range(5):
        things.put(number)
    await place.is_asked()
    await things.close()
    assert place.taken == [0, 1, 2, 3, 4]
    assert (things.sent, things.dropped, told) == (5, 0, [])


async def test_a_slow_collector_delays_no_caller_and_overflow_is_dropped_and_counted() -> None:
    place, told = Place(), list[str]()
    things = shipper(place, told)
    place.gate.clear()
    for number in range(4):
        things.put(number)
    await place.is_asked()  # the first four are being sent, and wait there
    for number in range(4, 10_000):
        things.put(number)
    assert things.waiting == 8
    assert things.dropped == 10_000 - 4 - 8
    place.gate.set()
    await things.close()
    assert place.taken == list(range(12))
    assert told == ["things: 9988 were dropped, 12 were sent to there"]


async def test_an_unreachable_collector_and_its_return_are_reported_once() -> None:
    place, told = Place(), list[str]()
    place.why = "connection refused"
    things = shipper(place, told, every_s=0.001)
    for number in range(5):
        things.put(number)
        await place.is_asked()
    place.why = ""
    things.put(100)
    await place.is_asked()
    await things.close()
    assert 100 in place.taken
    assert len(told) == 3
    assert "things: there accepts none: connection refused. " in told[0]
    assert "accepts them again" in told[1]
    assert told[2] == f"things: {things.dropped} were dropped, {len(place.taken)} were sent to there"
    assert things.dropped + len(place.taken) == 6


async def test_items_rejected_by_the_collector_count_as_dropped() -> None:
    place, told = Place(), list[str]()
    things = shipper(place, told)
    for number in (1, -2, -3, 4):
        things.put(number)
    await things.close()
    assert (things.sent, things.dropped) == (2, 2)


async def test_the_end_does_not_wait_for_a_hanging_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.telemetry.otlp.batch_exporter.LAST_SEND_S_MAX", 0.05)
    place, told = Place(), list[str]()
    place.why = "aborted"
    things = shipper(place, told)
    place.gate.clear()
    things.put(1)
    await things.close()
    assert place.aborted
    assert things.dropped == 1


async def test_of_figures_only_the_newest_wait() -> None:
    place, told = Place(), list[str]()
    things = shipper(place, told, newest_only=True)
    place.gate.clear()
    things.put(1)
    await place.is_asked()
    for number in range(2, 1000):
        things.put(number)
    assert things.waiting == 1
    place.gate.set()
    await things.close()
    assert place.taken == [1, 999]
    assert (things.dropped, told) == (0, [])


async def test_a_bug_in_sending_ends_no_thread() -> None:
    place, told = Place(), list[str]()

    def broken(batch: Sequence[int]) -> SendOutcome:
        if not told:
            raise ZeroDivisionError("a bug")
        return place.send(batch)

    things: BatchExporter[int] = BatchExporter(
        broken, place.abort, what="things", where="there", tell=told.append, queue_max=8, batch_max=1, every_s=0.001
    )
    things.open()
    things.put(1)
    await until(lambda: bool(told))
    things.put(2)
    await things.close()
    assert "ZeroDivisionError: a bug" in told[0]
    assert place.taken == [2]


# --- the same with a collector, and OpenTelemetry's own exporters between --------------------------------------------


def exporting(collector: Collector, timeout_s: float) -> Exporters:
    to = Destination(f"{collector.url}/v1/metrics", timeout_s=timeout_s)
    return Exporters(Metrics(lambda: 0.0), ExportSettings(otlp=OtlpSettings(MetricsExport(to, 0.01))), lambda: 0.0)


async def test_a_collector_that_returns_gets_the_figures_again(caplog: pytest.LogCaptureFixture) -> None:
    with collecting() as collector:
        exporters = exporting(collector, timeout_s=0.2)
        await exporters.open()
        assert exporters.otlp is not None
        assert exporters.otlp.metrics is not None
        shipper = exporters.otlp.metrics.shipper
        try:
            await asyncio.to_thread(collector.wait_for, lambda: len(collector.metrics) >= 1)
            await asyncio.to_thread(collector.stop)
            await until(lambda: shipper.dropped >= 3)
            before = len(collector.metrics)
            collector.start()
            await asyncio.to_thread(collector.wait_for, lambda: len(collector.metrics) > before + 1)
        finally:
            await exporters.close()
    told = [record.message for record in caplog.records]
    assert len(told) == 2, told
    assert f"metrics over OTLP: {collector.url}/v1/metrics accepts none: " in told[0]
    assert "Connection refused" in told[0] or "reset" in told[0] or "closed" in told[0] or "aborted" in told[0]
    assert "accepts them again" in told[1]


async def test_a_rejection_of_the_collector_is_reported_with_its_status(caplog: pytest.LogCaptureFixture) -> None:
    with collecting() as collector:
        collector.status = 403
        exporters = exporting(collector, timeout_s=5)
        await exporters.open()
        try:
            await asyncio.to_thread(collector.wait_for, lambda: len(collector.headers) >= 3)
        finally:
            await exporters.close()
    assert [record.message.partition(". ")[0] for record in caplog.records] == [
        f"metrics over OTLP: {collector.url}/v1/metrics accepts none: 403 Forbidden"
    ]


async def test_the_loop_goes_on_while_a_collector_does_not_answer() -> None:
    with collecting() as collector:
        collector.hold.clear()
        exporters = exporting(collector, timeout_s=WAIT_S)
        await exporters.open()
        loop = asyncio.get_running_loop()
        worst_s, turns = 0.0, 0
        while turns < 50:
            begun_s = loop.time()
            await asyncio.sleep(0.001)
            worst_s = max(worst_s, loop.time() - begun_s)
            turns += 1
        collector.hold.set()
        await exporters.close()
        assert len(collector.metrics) >= 1
    # The collector does not answer for 50 iterations, and an export waits for it: if that had blocked the loop, no
    # iteration would be so short. A loaded machine is slow too, but not that slow.
    assert worst_s < WAIT_S / 4
