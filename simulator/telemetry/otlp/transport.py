"""Sends one batch to the collector with OpenTelemetry's own exporters, and records failures, which they only log.

They retry if that is allowed (no connection, 429, 502 to 504, as Retry-After requires), compress, verify certificates,
and stop after the destination's timeout. They report only that a failure happened; the reason is taken from their HTTP
session, and so is the collector's answer, which may reject a part of a batch (`partial_success`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import requests
from google.protobuf.message import DecodeError
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from simulator.telemetry.otlp.batch_exporter import THREAD_PREFIX, SendOutcome
from simulator.telemetry.otlp.settings import Destination


class _NotFromUs(logging.Filter):
    """Drops the library's log records from the threads of this package, which reports each failure once itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.threadName or "").startswith(THREAD_PREFIX)


for _exporter in (OTLPSpanExporter, OTLPMetricExporter):
    logging.getLogger(_exporter.__module__).addFilter(_NotFromUs())


class _Session(requests.Session):
    """Records the result of the last request."""

    def __init__(self) -> None:
        super().__init__()
        self.why = ""
        self.answer = b""

    def request(self, *arguments: Any, **named: Any) -> requests.Response:
        self.answer = b""
        try:
            response = super().request(*arguments, **named)
        except requests.RequestException as error:
            self.why = _reason(error)
            raise
        self.why = "" if response.ok else f"{response.status_code} {response.reason}"
        self.answer = response.content if response.ok else b""
        return response


class SpanSender:
    def __init__(self, to: Destination) -> None:
        self._session = _Session()
        self._exporter = OTLPSpanExporter(session=self._session, **_arguments(to))

    def send(self, spans: Sequence[ReadableSpan]) -> SendOutcome:
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            return SendOutcome(self._session.why or "it could not be sent")
        return SendOutcome(rejected=_rejected(ExportTraceServiceResponse, self._session.answer, "rejected_spans"))

    def abort(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]


class MetricSender:
    def __init__(self, to: Destination) -> None:
        self._session = _Session()
        self._exporter = OTLPMetricExporter(session=self._session, **_arguments(to))

    def send(self, figures: MetricsData) -> SendOutcome:
        result = self._exporter.export(figures)
        if result is not MetricExportResult.SUCCESS:
            return SendOutcome(self._session.why or "it could not be sent")
        rejected = _rejected(ExportMetricsServiceResponse, self._session.answer, "rejected_data_points")
        return SendOutcome(rejected=min(rejected, 1))

    def abort(self) -> None:
        self._exporter.shutdown()


def _arguments(to: Destination) -> dict[str, Any]:
    def path(file: object) -> str | None:
        return None if file is None else str(file)

    return {
        "endpoint": to.endpoint,
        "headers": dict(to.headers),
        "timeout": to.timeout_s,
        "compression": _COMPRESSIONS[to.compression.value],
        "certificate_file": path(to.certificate),
        "client_certificate_file": path(to.client_certificate),
        "client_key_file": path(to.client_key),
    }


_COMPRESSIONS: Final = {
    "none": Compression.NoCompression,
    "gzip": Compression.Gzip,
    "deflate": Compression.Deflate,
}


def _rejected(kind: Any, answer: bytes, field: str) -> int:
    """Return the number of rejected items.

    It is 0 if the answer is not OTLP, because the status 200 means that the batch was accepted.
    """
    try:
        response = kind.FromString(answer)
    except DecodeError:
        return 0
    return int(getattr(response.partial_success, field))


def _reason(error: BaseException) -> str:
    """Return the text of the innermost cause, which requests and urllib3 wrap in their own errors."""
    seen: list[BaseException] = []
    inner: object = error
    while isinstance(inner, BaseException) and inner not in seen:
        seen.append(inner)
        inner = getattr(inner, "reason", None) or next((a for a in inner.args if isinstance(a, BaseException)), None)
    text = str(seen[-1])
    return text.rpartition(": ")[2] if "Failed to establish a new connection" in text else text
