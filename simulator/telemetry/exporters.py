"""All exporters of one platform, opened and closed together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

from simulator.world.clock import epoch_s

if TYPE_CHECKING:
    from simulator.records.metrics import Metrics
    from simulator.records.request_log import Chunk
    from simulator.records.request_trace import Tracing
    from simulator.telemetry.cloudwatch.exporter import CloudWatch
    from simulator.telemetry.cloudwatch.platform_view import PlatformView
    from simulator.telemetry.cloudwatch.settings import CloudWatchSettings
    from simulator.telemetry.loop_lag import LoopLag
    from simulator.telemetry.otlp.exporter import OtlpExporter
    from simulator.telemetry.otlp.settings import OtlpSettings
    from simulator.telemetry.prometheus.metrics_endpoint import MetricsEndpoint
    from simulator.telemetry.prometheus.metrics_file import MetricsFile

# Logger of the message about a collector that accepts nothing. Python prints warnings even without configured logging.
_tell: Final = logging.getLogger(__name__).warning


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """Settings of all exporters.

    `port`: of the Prometheus endpoint; 0 for any free one. `file`: gets the figures of the run as OpenMetrics when it
    ends, for which `duration_s` and `epoch_s`, the calendar time at which the run begins, are needed.
    """

    port: int | None = None
    file: TextIO | None = None
    duration_s: float = 0.0
    epoch_s: float = 0.0
    otlp: OtlpSettings | None = None
    cloudwatch: CloudWatchSettings | None = None

    @property
    def is_wanted(self) -> bool:
        return any(each is not None for each in (self.port, self.file, self.otlp, self.cloudwatch))

    @property
    def traces_to(self) -> str | None:
        """Return the full URL for traces; None if no traces are sent."""
        return self.otlp.traces.to.endpoint if self.otlp is not None and self.otlp.traces is not None else None

    @property
    def measures(self) -> bool:
        """True if figures are exported, not only traces or logs."""
        return (
            self.port is not None
            or self.file is not None
            or (self.otlp is not None and self.otlp.metrics is not None)
            or (self.cloudwatch is not None and self.cloudwatch.metrics)
        )


NO_EXPORTS: Final = ExportSettings()


class Exporters:
    """All exporters of a platform. Create it before the first request, on the platform's event loop.

    Always close it before the platform, and the logs after the platform. Only the libraries that the settings need are
    imported, because they are extras.

    `metrics` is None unless the settings need figures. Traces need OpenTelemetry's libraries. `view`: the platform as
    CloudWatch reads it.
    """

    def __init__(
        self,
        metrics: Metrics | None,
        settings: ExportSettings,
        at_s: Callable[[], float],
        view: PlatformView | None = None,
    ) -> None:
        """Create the exporters.

        Raises:
            ModuleNotFoundError: if OTLP is configured and OpenTelemetry's libraries are not installed.
        """
        self._settings = settings
        self._at_s = at_s
        self._file: MetricsFile | None = None
        self._endpoint: MetricsEndpoint | None = None
        self._lag: LoopLag | None = None
        if metrics is not None:
            if settings.file is not None:
                from simulator.telemetry.prometheus.metrics_file import MetricsFile  # noqa: PLC0415

                self._file = MetricsFile(metrics, settings.duration_s, settings.epoch_s)
            if settings.port is not None:
                from simulator.telemetry.prometheus.metrics_endpoint import MetricsEndpoint  # noqa: PLC0415

                self._endpoint = MetricsEndpoint(metrics, settings.port)
            if settings.port is not None or settings.otlp is not None:
                from simulator.telemetry.loop_lag import LoopLag  # noqa: PLC0415

                self._lag = LoopLag(metrics)
        self.cloudwatch: CloudWatch | None = None
        if settings.cloudwatch is not None and view is not None:
            from simulator.telemetry.cloudwatch.exporter import CloudWatch  # noqa: PLC0415

            self.cloudwatch = CloudWatch(metrics, view, settings.cloudwatch, at_s)
        self.otlp: OtlpExporter | None = None
        if settings.otlp is not None:
            from simulator.telemetry.otlp.exporter import OtlpExporter  # noqa: PLC0415 its libraries are an optional extra

            self.otlp = OtlpExporter(metrics, settings.otlp, at_s=at_s, epoch_s=epoch_s, tell=_tell)

    @property
    def tracing(self) -> Tracing | None:
        """The tracing of requests; None if they are not traced."""
        return self.otlp.traces.tracing if self.otlp is not None and self.otlp.traces is not None else None

    def rows(self, services: Sequence[str]) -> Callable[[Chunk], None] | None:
        """Return a reader of the request log of a run in virtual time, or None.

        `services`: the service of each source.
        """
        return self.otlp.traces.rows(services) if self.otlp is not None and self.otlp.traces is not None else None

    @property
    def url(self) -> str | None:
        """URL of the Prometheus endpoint, once it is open."""
        return self._endpoint.url if self._endpoint is not None else None

    @property
    def lines(self) -> list[str]:
        """Describe where each export is available, for the user."""
        return [
            *([f"metrics at {self.url}"] if self.url is not None else []),
            *(self.otlp.lines if self.otlp is not None else []),
            *(self.cloudwatch.places if self.cloudwatch is not None else []),
        ]

    async def open(self) -> None:
        """Begin to export. Raises OSError if the port is not available; `close` must still be called."""
        if self._endpoint is not None:
            await self._endpoint.open()
        if self._lag is not None:
            self._lag.open()
        if self.otlp is not None:
            self.otlp.open()
        if self.cloudwatch is not None:
            await self.cloudwatch.open()

    async def close(self) -> None:
        """Send and write the remaining data. Raises OSError if the file cannot be written."""
        if self._lag is not None:
            self._lag.close()
        if self._endpoint is not None:
            await self._endpoint.close()
        if self.otlp is not None:
            await self.otlp.close()
        if self.cloudwatch is not None:
            await self.cloudwatch.close()
        if self._file is not None and self._settings.file is not None:
            self._file.finish(self._at_s())
            self._file.write(self._settings.file)

    async def close_logs(self) -> None:
        """Close the logs, which include lines that instances write while they stop."""
        if self.cloudwatch is not None:
            await self.cloudwatch.close_logs()
