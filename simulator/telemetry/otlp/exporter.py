"""Exporters of a platform's metrics and traces over OTLP."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

import simulator
from simulator.records.metrics import Metrics
from simulator.records.request_log import Chunk
from simulator.records.request_trace import RequestTrace, Tracing
from simulator.telemetry.otlp.batch_exporter import BatchExporter, SendOutcome
from simulator.telemetry.otlp.figures import Snapshot, metrics_data, snapshot
from simulator.telemetry.otlp.row_traces import RowTraces
from simulator.telemetry.otlp.settings import MetricsExport, OtlpSettings, TracedServices, TracesExport
from simulator.telemetry.otlp.spans import spans_of
from simulator.telemetry.otlp.transport import MetricSender, SpanSender
from simulator.world.random_streams import RandomStreams

_SEED_BITS: Final = 63

SCOPE: Final = InstrumentationScope("simulator", simulator.__version__)


def resource_of(settings: OtlpSettings) -> Resource:
    """Return the OpenTelemetry resource that sends: the simulator, unless the settings name another."""
    return Resource.create(
        {"service.name": "apprunner-simulator", "service.version": simulator.__version__} | dict(settings.resource)
    )


class MetricsPusher:
    """Reads the figures every `every_s` seconds on the platform's loop, and once more at the end."""

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
        self.shipper: BatchExporter[Snapshot] = BatchExporter(
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

    @property
    def line(self) -> str:
        return self.shipper.line

    def open(self) -> None:
        self.shipper.open()
        self._timer = self._loop.call_later(self._every_s, self._tick)

    def ask_to_end(self) -> None:
        """Send the last figures."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._take()
        self.shipper.ask_to_end()

    async def close(self) -> None:
        self.ask_to_end()
        await self.shipper.close()

    def _tick(self) -> None:
        self._take()
        self._timer = self._loop.call_later(self._every_s, self._tick)

    def _take(self) -> None:
        self.shipper.put(snapshot(self._metrics, self._at_s(), self._epoch_s()))

    def _send(self, batch: Sequence[Snapshot]) -> SendOutcome:
        return self._sender.send(metrics_data(batch[-1], self._resource, SCOPE))


class TracesPusher:
    """Receives traced requests on the platform's loop; a thread converts them to spans and sends these."""

    def __init__(self, settings: TracesExport, resource: Resource, tell: Callable[[str], None]) -> None:
        self._resource = resource
        self._sender = SpanSender(settings.to)
        self._draw = RandomStreams(secrets.randbits(_SEED_BITS)).stream("spans").integers  # the thread's own
        self.shipper: BatchExporter[RequestTrace] = BatchExporter(
            self._send,
            self._sender.abort,
            what="traces over OTLP",
            where=settings.to.endpoint,
            tell=tell,
            queue_max=settings.requests_max,
            batch_max=settings.batch_max,
            every_s=settings.every_s,
            patient=settings.begin_s is not None,
        )
        self._begin_s = settings.begin_s
        only: set[str] | None = None if settings.services is TracedServices.ALL else set()
        self.tracing = Tracing(self.shipper.put, settings.sampling, only, settings.xray)

    def _send(self, batch: Sequence[RequestTrace]) -> SendOutcome:
        spans = [span for trace in batch for span in spans_of(trace, self._resource, SCOPE, self._new_id)]
        outcome = self._sender.send(spans)
        # A collector counts spans, but the exporter counts requests: convert rejected spans to the requests that they
        # belong to.
        return replace(outcome, rejected=math.ceil(outcome.rejected * len(batch) / len(spans)))

    @property
    def line(self) -> str:
        of = "" if self.tracing.only is None else ", of services with X-Ray in their ObservabilityConfiguration"
        return self.shipper.line + of

    def rows(self, services: Sequence[str]) -> Callable[[Chunk], None] | None:
        """Return a reader of the request log of a run in virtual time; None in real time.

        `services`: the service of each source.
        """
        if self._begin_s is None:
            return None
        return RowTraces(self.tracing, services, self._begin_s, RandomStreams(secrets.randbits(_SEED_BITS))).read

    def _new_id(self) -> int:
        return int(self._draw(1, 2**64, dtype="uint64"))


class OtlpExporter:
    """All OTLP exports. Create it on the platform's loop; always close it."""

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
        self.traces: TracesPusher | None = None
        if settings.traces is not None:
            self.traces = traces = TracesPusher(settings.traces, resource, tell)
            if metrics is not None:
                metrics.losses["traces"] = lambda: traces.shipper.dropped
        self.metrics: MetricsPusher | None = None
        if settings.metrics is not None and metrics is not None:
            self.metrics = pusher = MetricsPusher(
                metrics, settings.metrics, resource, at_s=at_s, epoch_s=epoch_s, tell=tell
            )
            metrics.losses["metrics"] = lambda: pusher.shipper.dropped

    @property
    def lines(self) -> list[str]:
        return [pusher.line for pusher in (self.metrics, self.traces) if pusher is not None]

    def open(self) -> None:
        if self.traces is not None:
            self.traces.shipper.open()
        if self.metrics is not None:
            self.metrics.open()

    async def close(self) -> None:
        """Close all exports concurrently, so that the total wait is that of the slowest one."""
        if self.metrics is not None:
            self.metrics.ask_to_end()
        if self.traces is not None:
            await self.traces.shipper.close()
        if self.metrics is not None:
            await self.metrics.close()
