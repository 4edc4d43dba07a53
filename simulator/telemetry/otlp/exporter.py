"""What sends a platform's metrics over OTLP, from its opening to its close."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

import simulator
from simulator.records.metrics import Metrics
from simulator.telemetry.otlp.figures import Snapshot, metrics_data, snapshot
from simulator.telemetry.otlp.settings import MetricsExport, OtlpSettings
from simulator.telemetry.otlp.shipper import Outcome, Shipper
from simulator.telemetry.otlp.transport import MetricSender

SCOPE = InstrumentationScope("simulator", simulator.__version__)


def resource_of(settings: OtlpSettings) -> Resource:
    """Who sends: the simulator, unless the settings call it otherwise."""
    return Resource.create(
        {"service.name": "apprunner-simulator", "service.version": simulator.__version__} | dict(settings.resource)
    )


class MetricsPusher:
    """Takes the figures every `every_s` seconds on the platform's loop, and once more in the end."""

    def __init__(
        self,
        metrics: Metrics,
        settings: MetricsExport,
        resource: Resource,
        *,
        at_s: Callable[[], float],
        epoch_s: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        self._metrics = metrics
        self._every_s = settings.every_s
        self._resource = resource
        self._at_s = at_s
        self._epoch_s = epoch_s
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._sender = MetricSender(settings.to)
        self.shipper: Shipper[Snapshot] = Shipper(
            self._send,
            self._sender.abort,
            what="metrics over OTLP",
            where=settings.to.endpoint,
            tell=tell,
            queue_max=1,
            batch_max=1,
            every_s=settings.every_s,
            newest_only=True,
        )

    def open(self) -> None:
        self.shipper.open()
        self._timer = self._loop.call_later(self._every_s, self._tick)

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._take()
        await self.shipper.close()

    def _tick(self) -> None:
        self._take()
        self._timer = self._loop.call_later(self._every_s, self._tick)

    def _take(self) -> None:
        self.shipper.put(snapshot(self._metrics, self._at_s(), self._epoch_s()))

    def _send(self, batch: Sequence[Snapshot]) -> Outcome:
        return self._sender.send(metrics_data(batch[-1], self._resource, SCOPE))


class OtlpExporter:
    """All that goes out over OTLP. To be made on the platform's loop; close it in every case."""

    def __init__(
        self,
        metrics: Metrics | None,
        settings: OtlpSettings,
        *,
        at_s: Callable[[], float],
        epoch_s: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        resource = resource_of(settings)
        self.metrics: MetricsPusher | None = None
        if settings.metrics is not None and metrics is not None:
            self.metrics = MetricsPusher(metrics, settings.metrics, resource, at_s=at_s, epoch_s=epoch_s, tell=tell)
            metrics.losses["metrics"] = lambda: self.metrics.shipper.dropped if self.metrics is not None else 0

    @property
    def lines(self) -> list[str]:
        return [self.metrics.shipper.line] if self.metrics is not None else []

    def open(self) -> None:
        if self.metrics is not None:
            self.metrics.open()

    async def close(self) -> None:
        if self.metrics is not None:
            await self.metrics.close()
