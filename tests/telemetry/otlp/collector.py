"""A collector on loopback that accepts OTLP/HTTP in protobuf, keeps the data, and behaves as a test requires."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

WAIT_S = 60.0


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition that another thread brings about."""
    async with asyncio.timeout(WAIT_S):
        while not holds():  # noqa: ASYNC110 no event: the thread is the code under test
            await asyncio.sleep(0.001)


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._connections: list[socket.socket] = []
        super().__init__(address, handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, peer = super().get_request()
        self._connections.append(connection)
        return connection, peer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore connections that were closed by `cut`, or by a client that did not wait."""

    def cut(self) -> None:
        """Close all connections, including those that are kept alive."""
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Collector:
    """Answers with `status` and `rejected` spans of each batch; while `hold` is cleared it does not answer."""

    def __init__(self) -> None:
        self.status = 200
        self.rejected = 0
        self.hold = threading.Event()
        self.hold.set()
        self.headers: list[dict[str, str]] = []
        self.metrics: list[ExportMetricsServiceRequest] = []
        self.traces: list[ExportTraceServiceRequest] = []
        self._news = threading.Condition()
        self._server: _Server | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen on the previous port, or on any free one."""
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                collector.take(self)

            def log_message(self, *_: Any) -> None: ...

        self._server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self.hold.set()
            self._server.shutdown()
            self._server.server_close()
            self._server.cut()
            self._server = None

    def take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["content-length"]))
        self.hold.wait(WAIT_S)
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        answer = b""
        with self._news:
            self.headers.append({name.lower(): value for name, value in request.headers.items()})
            if self.status == 200 and request.path == "/v1/metrics":
                self.metrics.append(ExportMetricsServiceRequest.FromString(body))
            elif self.status == 200:
                assert request.path == "/v1/traces", request.path
                self.traces.append(ExportTraceServiceRequest.FromString(body))
                response = ExportTraceServiceResponse()
                response.partial_success.rejected_spans = self.rejected
                answer = response.SerializeToString()
            self._news.notify_all()
        request.send_response(self.status)
        request.send_header("content-type", "application/x-protobuf")
        request.send_header("content-length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    def wait_for(self, what: Callable[[], bool]) -> None:
        """Wait until `what()` is true; it is called after every request."""
        with self._news:
            assert self._news.wait_for(what, WAIT_S), "the collector has not got it"

    # --- what it got -----------------------------------------------------------------------------------------------

    def spans(self) -> list[Span]:
        return [
            span
            for request in self.traces
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def latest(self) -> dict[str, Metric]:
        """Return the metrics of the last export, by name."""
        return {
            metric.name: metric
            for resource in self.metrics[-1].resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


def values(attributes: Any) -> dict[str, Any]:
    """Return attributes by their key."""
    return {each.key: _value(each) for each in attributes}


def _value(attribute: KeyValue) -> Any:
    return getattr(attribute.value, attribute.value.WhichOneof("value") or "")


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()
    collector.start()
    try:
        yield collector
    finally:
        collector.stop()
