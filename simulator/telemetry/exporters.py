"""What exports the figures of one platform: opened together, closed together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TextIO

from simulator.records.metrics import Metrics
from simulator.telemetry.metrics_endpoint import MetricsEndpoint
from simulator.telemetry.metrics_file import MetricsFile


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """`port` of the Prometheus endpoint, 0 for any free one; `file` gets the run as OpenMetrics in its end.

    `duration_s` of the run and the calendar's `epoch_s` of its begin are for the file.
    """

    port: int | None = None
    file: TextIO | None = None
    duration_s: float = 0.0
    epoch_s: float = 0.0

    @property
    def is_wanted(self) -> bool:
        return self.port is not None or self.file is not None


NO_EXPORTS: Final = ExportSettings()


class Exporters:
    """Made before the first request, on the platform's loop. Close them in every case, before the platform."""

    def __init__(self, metrics: Metrics, settings: ExportSettings, at_s: Callable[[], float]) -> None:
        self._settings = settings
        self._at_s = at_s
        self._file = MetricsFile(metrics, settings.duration_s, settings.epoch_s) if settings.file is not None else None
        self._endpoint = MetricsEndpoint(metrics, settings.port) if settings.port is not None else None

    @property
    def url(self) -> str | None:
        """Of the Prometheus endpoint, once it is open."""
        return self._endpoint.url if self._endpoint is not None else None

    async def open(self) -> None:
        """Raises OSError when the port cannot be had; `close` is still due."""
        if self._endpoint is not None:
            await self._endpoint.open()

    async def close(self) -> None:
        """Raises OSError when the file cannot be written."""
        if self._endpoint is not None:
            await self._endpoint.close()
        if self._file is not None and self._settings.file is not None:
            self._file.finish(self._at_s())
            self._file.write(self._settings.file)
