"""What exports the figures of one platform: opened together, closed together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

from simulator.records.metrics import Metrics
from simulator.records.request_log import Chunk
from simulator.records.request_trace import Tracing
from simulator.telemetry.cloudwatch.exporter import CloudWatch
from simulator.telemetry.cloudwatch.platform_view import PlatformView
from simulator.telemetry.cloudwatch.settings import CloudWatchSettings
from simulator.telemetry.loop_lag import LoopLag
from simulator.telemetry.metrics_endpoint import MetricsEndpoint
from simulator.telemetry.metrics_file import MetricsFile
from simulator.telemetry.otlp.settings import OtlpSettings
from simulator.world.clock import epoch_s

if TYPE_CHECKING:
    from simulator.telemetry.otlp.exporter import OtlpExporter

# What is told once about a collector that takes nothing. Python shows warnings even when nobody has set up logging.
_tell: Final = logging.getLogger(__name__).warning


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """`port` of the Prometheus endpoint, 0 for any free one; `file` gets the run as OpenMetrics in its end.

    `duration_s` of the run and the calendar's `epoch_s` of its begin are for the file.
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
        """The whole URL; None when no traces are sent."""
        return self.otlp.traces.to.endpoint if self.otlp is not None and self.otlp.traces is not None else None

    @property
    def measures(self) -> bool:
        """Figures are wanted, not just traces or logs."""
        return (
            self.port is not None
            or self.file is not None
            or (self.otlp is not None and self.otlp.metrics is not None)
            or (self.cloudwatch is not None and self.cloudwatch.metrics)
        )


NO_EXPORTS: Final = ExportSettings()


class Exporters:
    """Made before the first request, on the platform's loop. Close them in every case, before the platform, and the
    logs after it.

    `metrics` are there when the settings measure. Traces need OpenTelemetry's libraries. `view`: of the platform, for
    CloudWatch, which has to be fed with log lines besides.
    """

    def __init__(
        self,
        metrics: Metrics | None,
        settings: ExportSettings,
        at_s: Callable[[], float],
        view: PlatformView | None = None,
    ) -> None:
        """Raises ModuleNotFoundError when OTLP is wanted and OpenTelemetry's libraries are not there."""
        self._settings = settings
        self._at_s = at_s
        self._file: MetricsFile | None = None
        self._endpoint: MetricsEndpoint | None = None
        self._lag: LoopLag | None = None
        if metrics is not None:
            if settings.file is not None:
                self._file = MetricsFile(metrics, settings.duration_s, settings.epoch_s)
            if settings.port is not None:
                self._endpoint = MetricsEndpoint(metrics, settings.port)
            if settings.port is not None or settings.otlp is not None:
                self._lag = LoopLag(metrics)
        self.cloudwatch: CloudWatch | None = None
        if settings.cloudwatch is not None and view is not None:
            self.cloudwatch = CloudWatch(metrics, view, settings.cloudwatch, at_s)
        self.otlp: OtlpExporter | None = None
        if settings.otlp is not None:
            from simulator.telemetry.otlp.exporter import OtlpExporter  # noqa: PLC0415 its libraries are an extra

            self.otlp = OtlpExporter(metrics, settings.otlp, at_s=at_s, epoch_s=epoch_s, tell=_tell)

    @property
    def tracing(self) -> Tracing | None:
        """How requests are to be traced; None: not at all."""
        return self.otlp.traces.tracing if self.otlp is not None and self.otlp.traces is not None else None

    def rows(self, services: Sequence[str]) -> Callable[[Chunk], None] | None:
        """Who reads the request log of a run in virtual time; `services` of its sources."""
        return self.otlp.traces.rows(services) if self.otlp is not None and self.otlp.traces is not None else None

    @property
    def url(self) -> str | None:
        """Of the Prometheus endpoint, once it is open."""
        return self._endpoint.url if self._endpoint is not None else None

    @property
    def lines(self) -> list[str]:
        """Where what can be had, for people."""
        return [
            *([f"metrics at {self.url}"] if self.url is not None else []),
            *(self.otlp.lines if self.otlp is not None else []),
            *(self.cloudwatch.places if self.cloudwatch is not None else []),
        ]

    async def open(self) -> None:
        """Raises OSError when the port cannot be had; `close` is still due."""
        if self._endpoint is not None:
            await self._endpoint.open()
        if self._lag is not None:
            self._lag.open()
        if self.otlp is not None:
            self.otlp.open()
        if self.cloudwatch is not None:
            await self.cloudwatch.open()

    async def close(self) -> None:
        """Raises OSError when the file cannot be written."""
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
        """What instances write while they are stopped is in them."""
        if self.cloudwatch is not None:
            await self.cloudwatch.close_logs()
