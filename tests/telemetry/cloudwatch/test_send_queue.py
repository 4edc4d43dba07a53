"""Send queues are bounded: the oldest items are dropped first, and counted."""

from __future__ import annotations

import math

from simulator.telemetry.cloudwatch.lines import LogLine, LogStream
from simulator.telemetry.cloudwatch.platform_view import ServiceIdentity
from simulator.telemetry.cloudwatch.points import METRICS_MAX, REQUEST_BYTES_MAX, VALUES_MAX, MetricPoint, Series
from simulator.telemetry.cloudwatch.send_queue import LinesQueue, PointsQueue

A, B = (LogStream("us-east-1", "group", name) for name in "ab")


def point(number: int, due_s: float = 0.0, region: str = "us-east-1") -> MetricPoint:
    return Series(ServiceIdentity("web", "0", region), 60.0 * number, due_s).value("Requests", "Count", number)


def numbers(queue: PointsQueue, now_s: float = math.inf) -> list[list[float]]:
    batches = []
    while batch := queue.take(now_s):
        batches.append([each.datum["Value"] for each in batch.points])
    return batches


def test_points_are_taken_when_they_are_due_a_region_at_a_time() -> None:
    queue = PointsQueue(per_request=2)
    for number, region in enumerate(("here", "here", "here", "there")):
        queue.put(point(number, due_s=10.0 * number, region=region))
    assert numbers(queue, 10.0) == [[0, 1]]
    assert numbers(queue) == [[2], [3]]
    assert queue.take(math.inf) is None


def test_a_request_of_many_values_stays_below_a_megabyte() -> None:
    queue = PointsQueue()
    series = Series(ServiceIdentity("web", "0", "us-east-1"), 0.0, 0.0)
    points = list(series.values("RequestLatency", "Milliseconds", [(float(ms), 1) for ms in range(60_000)]))
    assert len(points) == 60_000 / VALUES_MAX
    assert {len(each.datum["Values"]) for each in points} == {VALUES_MAX}
    for each in points:
        queue.put(each)
    sizes = []
    while batch := queue.take(0.0):
        sizes.append(sum(each.size_bytes for each in batch.points))
    assert len(sizes) > 1
    assert max(sizes) <= REQUEST_BYTES_MAX


def test_a_request_has_at_most_a_thousand_metrics() -> None:
    queue = PointsQueue()
    for number in range(METRICS_MAX + 1):
        queue.put(point(number))
    assert [len(batch) for batch in numbers(queue)] == [METRICS_MAX, 1]


def test_the_oldest_points_are_dropped_and_counted_also_when_a_batch_comes_back() -> None:
    queue = PointsQueue(bytes_max=3 * point(0).size_bytes)
    for number in range(5):
        queue.put(point(number))
    assert queue.lost == 2
    batch = queue.take(0.0)
    assert batch is not None
    queue.put(point(5))
    queue.give_back(batch)
    assert queue.lost == 3
    assert numbers(queue) == [[3, 4, 5]]
    queue.put(point(6))
    queue.clear()
    assert (queue.lost, queue.take(0.0)) == (4, None)


def lines(queue: LinesQueue) -> list[tuple[str, str]]:
    taken = []
    while batch := queue.take(0.0):
        taken.append((batch.stream.name, "".join(each.text for each in batch.lines)))
    return taken


def test_lines_are_taken_a_stream_at_a_time_the_one_that_waits_longest_first() -> None:
    queue = LinesQueue()
    for stream, text in ((A, "1"), (B, "2"), (A, "3")):
        queue.put(stream, LogLine(0, text, 27))
    assert lines(queue) == [("a", "13"), ("b", "2")]


def test_a_stream_with_more_than_a_request_lets_the_others_have_their_turn() -> None:
    queue = LinesQueue()
    for number in range(6):
        queue.put(A, LogLine(0, str(number), 300_000))
    queue.put(B, LogLine(0, "x", 27))
    assert lines(queue) == [("a", "012"), ("b", "x"), ("a", "345")]


def test_the_oldest_lines_are_dropped_and_counted_also_when_a_batch_comes_back() -> None:
    queue = LinesQueue(bytes_max=100)
    for number in range(4):
        queue.put(A, LogLine(number, str(number), 27))
    assert queue.lost == 1
    batch = queue.take(0.0)
    assert batch is not None
    queue.put(B, LogLine(4, "x", 27))
    queue.put(A, LogLine(5, "5", 27))
    queue.give_back(batch)
    assert queue.lost == 3
    assert lines(queue) == [("a", "35"), ("b", "x")]
    queue.put(A, LogLine(6, "6", 27))
    queue.clear()
    assert (queue.lost, queue.take(0.0)) == (4, None)
