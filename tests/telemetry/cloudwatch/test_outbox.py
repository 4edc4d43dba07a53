"""What waits is bounded: the oldest goes first, and is counted."""

from __future__ import annotations

import math

from simulator.telemetry.cloudwatch.lines import Line, LogStream
from simulator.telemetry.cloudwatch.outbox import LinesOutbox, PointsOutbox
from simulator.telemetry.cloudwatch.platform_view import ServiceIdentity
from simulator.telemetry.cloudwatch.points import METRICS_MAX, REQUEST_BYTES_MAX, VALUES_MAX, Point, Series

A, B = (LogStream("us-east-1", "group", name) for name in "ab")


def point(number: int, due_s: float = 0.0, region: str = "us-east-1") -> Point:
    return Series(ServiceIdentity("web", "0", region), 60.0 * number, due_s).value("Requests", "Count", number)


def numbers(outbox: PointsOutbox, now_s: float = math.inf) -> list[list[float]]:
    batches = []
    while batch := outbox.take(now_s):
        batches.append([each.datum["Value"] for each in batch.points])
    return batches


def test_points_are_taken_when_they_are_due_a_region_at_a_time() -> None:
    outbox = PointsOutbox(per_request=2)
    for number, region in enumerate(("here", "here", "here", "there")):
        outbox.put(point(number, due_s=10.0 * number, region=region))
    assert numbers(outbox, 10.0) == [[0, 1]]
    assert numbers(outbox) == [[2], [3]]
    assert outbox.take(math.inf) is None


def test_a_request_of_many_values_stays_below_a_megabyte() -> None:
    outbox = PointsOutbox()
    series = Series(ServiceIdentity("web", "0", "us-east-1"), 0.0, 0.0)
    points = list(series.values("RequestLatency", "Milliseconds", [(float(ms), 1) for ms in range(60_000)]))
    assert len(points) == 60_000 / VALUES_MAX
    assert {len(each.datum["Values"]) for each in points} == {VALUES_MAX}
    for each in points:
        outbox.put(each)
    sizes = []
    while batch := outbox.take(0.0):
        sizes.append(sum(each.size_bytes for each in batch.points))
    assert len(sizes) > 1
    assert max(sizes) <= REQUEST_BYTES_MAX


def test_a_request_has_at_most_a_thousand_metrics() -> None:
    outbox = PointsOutbox()
    for number in range(METRICS_MAX + 1):
        outbox.put(point(number))
    assert [len(batch) for batch in numbers(outbox)] == [METRICS_MAX, 1]


def test_the_oldest_points_are_dropped_and_counted_also_when_a_batch_comes_back() -> None:
    outbox = PointsOutbox(bytes_max=3 * point(0).size_bytes)
    for number in range(5):
        outbox.put(point(number))
    assert outbox.lost == 2
    batch = outbox.take(0.0)
    assert batch is not None
    outbox.put(point(5))
    outbox.give_back(batch)
    assert outbox.lost == 3
    assert numbers(outbox) == [[3, 4, 5]]
    outbox.put(point(6))
    outbox.clear()
    assert (outbox.lost, outbox.take(0.0)) == (4, None)


def lines(outbox: LinesOutbox) -> list[tuple[str, str]]:
    taken = []
    while batch := outbox.take(0.0):
        taken.append((batch.stream.name, "".join(each.text for each in batch.lines)))
    return taken


def test_lines_are_taken_a_stream_at_a_time_the_one_that_waits_longest_first() -> None:
    outbox = LinesOutbox()
    for stream, text in ((A, "1"), (B, "2"), (A, "3")):
        outbox.put(stream, Line(0, text, 27))
    assert lines(outbox) == [("a", "13"), ("b", "2")]


def test_a_stream_with_more_than_a_request_lets_the_others_have_their_turn() -> None:
    outbox = LinesOutbox()
    for number in range(6):
        outbox.put(A, Line(0, str(number), 300_000))
    outbox.put(B, Line(0, "x", 27))
    assert lines(outbox) == [("a", "012"), ("b", "x"), ("a", "345")]


def test_the_oldest_lines_are_dropped_and_counted_also_when_a_batch_comes_back() -> None:
    outbox = LinesOutbox(bytes_max=100)
    for number in range(4):
        outbox.put(A, Line(number, str(number), 27))
    assert outbox.lost == 1
    batch = outbox.take(0.0)
    assert batch is not None
    outbox.put(B, Line(4, "x", 27))
    outbox.put(A, Line(5, "5", 27))
    outbox.give_back(batch)
    assert outbox.lost == 3
    assert lines(outbox) == [("a", "35"), ("b", "x")]
    outbox.put(A, Line(6, "6", 27))
    outbox.clear()
    assert (outbox.lost, outbox.take(0.0)) == (4, None)
