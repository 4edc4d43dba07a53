"""The CloudWatch exporter: the metrics and the log lines of a platform, with their send queues and batch senders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TextIO

from simulator.records.metrics import Metrics
from simulator.telemetry.cloudwatch.batch_sender import BatchSender
from simulator.telemetry.cloudwatch.endpoint import Endpoint
from simulator.telemetry.cloudwatch.lines import line_of, stream_of
from simulator.telemetry.cloudwatch.metric_file import metric_data
from simulator.telemetry.cloudwatch.minute_aggregator import MinuteAggregator
from simulator.telemetry.cloudwatch.platform_view import PlatformView, ServiceIdentity
from simulator.telemetry.cloudwatch.send_queue import LinesBatch, LinesQueue, PointsBatch, PointsQueue
from simulator.telemetry.cloudwatch.settings import CloudWatchSettings

# A request with a thousand metrics, which CloudWatch accepts, would block the event loop, and so every request of the
# services, for a tenth of a second: measured 0.11 ms per metric.
METRICS_LIVE_MAX: Final = 100
# For a whole run in virtual time: two weeks of a busy service; CloudWatch rejects older points.
POINTS_KEPT_BYTES_MAX: Final = 1024**3
LINES_KEPT_BYTES_MAX: Final = 256 * 1024**2


class CloudWatch:
    """Observes the platform from its creation on. Always close it. `at_s`: the clock of the run, in seconds.

    In virtual time all data is kept until the run is over; then call `send_kept` on another event loop.
    """

    def __init__(
        self, metrics: Metrics | None, view: PlatformView, settings: CloudWatchSettings, at_s: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._tasks = view.tasks
        self._now = now = settings.wall_clock(at_s)
        if settings.is_kept:
            self.points, self.lines = PointsQueue(POINTS_KEPT_BYTES_MAX), LinesQueue(LINES_KEPT_BYTES_MAX)
        else:
            self.points, self.lines = PointsQueue(per_request=METRICS_LIVE_MAX), LinesQueue()
        self._meter: MinuteAggregator | None = None
        if metrics is not None and settings.metrics:
            self._meter = MinuteAggregator(metrics, view, settings, now, self.points.put)
        if metrics is not None:
            metrics.losses |= {
                "cloudwatch metrics": lambda: self.points.lost,
                "cloudwatch logs": lambda: self.lines.lost,
            }
        self._endpoint: Endpoint | None = None
        self._metrics_sender: BatchSender[PointsBatch] | None = None
        self._logs_sender: BatchSender[LinesBatch] | None = None

    @property
    def places(self) -> list[str]:
        """Describe the destinations, for the user."""
        settings = self._settings
        places = {
            "metrics": settings.endpoint if settings.metrics else None,
            "logs": (settings.logs_endpoint or settings.endpoint) if settings.logs else None,
        }
        return [f"CloudWatch {what} go to {place}" for what, place in places.items() if place]

    @property
    def is_kept(self) -> bool:
        """True if data is kept for `send_kept`."""
        return self._settings.is_kept

    @property
    def file(self) -> TextIO | None:
        """The file that gets the kept metrics."""
        return self._settings.file

    @property
    def has_endpoint(self) -> bool:
        """True if data is sent to an endpoint."""
        return bool(self._settings.endpoint)

    def kept_metrics(self) -> dict[str, Any]:
        """Return the kept points as the answer of `get-metric-data`."""
        return metric_data(self.points)

    def log(self, identity: ServiceIdentity, stream: str, text: str, at_s: float | None = None) -> None:
        """Add a line to the log stream of the service. `at_s`: seconds since 1970; default: now."""
        if self._settings.logs:
            line = line_of(self._now() if at_s is None else at_s, text)
            if line is not None:
                self.lines.put(stream_of(identity, stream), line)

    async def open(self) -> None:
        """Begin to send, in real time.

        Raises:
            OSError: if AWS's own configuration files are invalid. `close` must still be called.
        """
        if not self._settings.is_kept:
            await self._open()
            for sender in (self._metrics_sender, self._logs_sender):
                if sender is not None:
                    sender.start(self._tasks)

    async def close(self) -> None:
        """Close the metrics, before the platform is closed. The current minute is sent too."""
        if self._meter is not None:
            self._meter.finish()
        if self._metrics_sender is not None:
            await self._metrics_sender.close()

    async def close_logs(self) -> None:
        """Close the logs, after the platform, whose instances may write lines while they stop.

        Later lines are not sent.
        """
        if self._logs_sender is not None:
            await self._logs_sender.close()
        if self._endpoint is not None:
            await self._endpoint.close()

    async def send_kept(self) -> None:
        """Send all kept data in real time, after everything is closed. Raises OSError like `open`."""
        try:
            await self._open()
            for sender in (self._metrics_sender, self._logs_sender):
                if sender is not None:
                    await sender.close(None)
        finally:
            if self._endpoint is not None:
                await self._endpoint.close()

    async def _open(self) -> None:
        self._endpoint = endpoint = Endpoint(self._settings)
        await endpoint.open()
        tell = self._settings.tell
        if self._meter is not None:
            look = self._meter.close_stale
            self._metrics_sender = BatchSender(self.points, endpoint.put_points, self._now, tell, before_look=look)
        if self._settings.logs:
            self._logs_sender = BatchSender(self.lines, endpoint.put_lines, self._now, tell)
