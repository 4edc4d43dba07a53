"""Bounded queues of data to send: if the endpoint accepts nothing, the oldest items are dropped and counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from simulator.telemetry.cloudwatch.lines import LogLine, LogStream, take_batch
from simulator.telemetry.cloudwatch.points import METRICS_MAX, REQUEST_BYTES_MAX, MetricPoint

POINTS_BYTES_MAX: Final = 64 * 1024**2  # several days of a service
LINES_BYTES_MAX: Final = 32 * 1024**2


@dataclass(frozen=True, slots=True)
class PointsBatch:
    """Points of one Region for one request."""

    region: str
    points: tuple[MetricPoint, ...]

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True, slots=True)
class LinesBatch:
    """Lines of one stream for one request."""

    stream: LogStream
    lines: tuple[LogLine, ...]

    def __len__(self) -> int:
        return len(self.lines)


class PointsQueue:
    """The points to send.

    `bytes_max`: limit of the sum of the points' `size_bytes`, about three times their size in memory. `per_request`:
    maximum number of points in a batch.
    """

    what = "metrics"

    def __init__(self, bytes_max: int = POINTS_BYTES_MAX, per_request: int = METRICS_MAX) -> None:
        self.lost = 0
        self._bytes_max = bytes_max
        self._per_request = per_request
        self._points: deque[MetricPoint] = deque()
        self._bytes = 0

    def put(self, point: MetricPoint) -> None:
        self._points.append(point)
        self._bytes += point.size_bytes
        self._bound()

    def __iter__(self) -> Iterator[MetricPoint]:
        """Iterate over the points, the oldest first."""
        return iter(self._points)

    def take(self, now_s: float) -> PointsBatch | None:
        """Take the oldest points that are due; None if none is due."""
        batch: list[MetricPoint] = []
        size = 0
        while self._points and len(batch) < self._per_request:
            point = self._points[0]
            size += point.size_bytes
            if point.due_s > now_s or (batch and (point.region != batch[0].region or size > REQUEST_BYTES_MAX)):
                break
            batch.append(self._points.popleft())
            self._bytes -= point.size_bytes
        return PointsBatch(batch[0].region, tuple(batch)) if batch else None

    def give_back(self, batch: PointsBatch) -> None:
        """Put an unsent batch back; its points are the oldest again."""
        self._points.extendleft(reversed(batch.points))
        self._bytes += sum(point.size_bytes for point in batch.points)
        self._bound()

    def clear(self) -> None:
        """Drop all points and count them as lost."""
        self.lost += len(self._points)
        self._points.clear()
        self._bytes = 0

    def _bound(self) -> None:
        while self._bytes > self._bytes_max:
            self._bytes -= self._points.popleft().size_bytes
            self.lost += 1


class LinesQueue:
    """The log lines to send. The stream that has waited longest is sent first."""

    what = "log lines"

    def __init__(self, bytes_max: int = LINES_BYTES_MAX) -> None:
        self.lost = 0
        self._bytes_max = bytes_max
        self._streams: dict[LogStream, deque[LogLine]] = {}
        self._bytes = 0

    def put(self, stream: LogStream, line: LogLine) -> None:
        self._streams.setdefault(stream, deque()).append(line)
        self._bytes += line.size_bytes
        self._bound()

    def take(self, _now_s: float) -> LinesBatch | None:
        """Take a batch; None if there are no lines."""
        if not self._streams:
            return None
        stream, lines = next(iter(self._streams.items()))
        batch = take_batch(lines)
        del self._streams[stream]
        if lines:
            self._streams[stream] = lines  # now last, so that other streams are sent next
        self._bytes -= sum(line.size_bytes for line in batch)
        return LinesBatch(stream, tuple(batch))

    def give_back(self, batch: LinesBatch) -> None:
        """Put an unsent batch back; its lines are the oldest again."""
        later = self._streams.pop(batch.stream, ())
        self._streams = {batch.stream: deque((*batch.lines, *later)), **self._streams}
        self._bytes += sum(line.size_bytes for line in batch.lines)
        self._bound()

    def clear(self) -> None:
        """Drop all lines and count them as lost."""
        self.lost += sum(len(lines) for lines in self._streams.values())
        self._streams.clear()
        self._bytes = 0

    def _bound(self) -> None:
        while self._bytes > self._bytes_max:
            stream, lines = next(iter(self._streams.items()))
            self._bytes -= lines.popleft().size_bytes
            self.lost += 1
            if not lines:
                del self._streams[stream]
