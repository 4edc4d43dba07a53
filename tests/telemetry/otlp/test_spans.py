"""Traces over OTLP: a request as a tree of spans, as received by a collector."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from simulator.fleet.pool.settings import PoolSettings
from simulator.records.metrics import Metrics
from simulator.records.request_trace import RequestTrace
from simulator.telemetry.exporters import Exporters, ExportSettings
from simulator.telemetry.otlp.settings import Destination, OtlpSettings, TracedServices, TracesExport
from tests.edge.front import EPOCH_S, OK, request
from tests.edge.traced import HOLDING, TracedService, cold_start
from tests.fleet.fakes import stage_settings
from tests.telemetry.otlp.collector import Collector, collecting, until, values
from tests.virtual import run_virtual

PARENT = b"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def traced(script: Callable[[TracedService], Awaitable[Any]], settings: PoolSettings) -> list[RequestTrace]:
    """Return the traces of a service in virtual time."""

    async def main() -> list[RequestTrace]:
        async with TracedService(settings) as service:
            await script(service)
            return service.heard

    return await asyncio.to_thread(run_virtual, main)  # on a separate event loop


def exporters(collector: Collector, metrics: Metrics | None = None, **traces: Any) -> Exporters:
    to = Destination(f"{collector.url}/v1/traces", timeout_s=traces.pop("timeout_s", 10.0))
    return Exporters(metrics, ExportSettings(otlp=OtlpSettings(traces=TracesExport(to, **traces))), lambda: 0.0)


async def exported(traces: list[RequestTrace]) -> list[Span]:
    with collecting() as collector:
        out = exporters(collector)
        await out.open()
        assert out.tracing is not None
        for trace in traces:
            out.tracing.receive(trace)
        await out.close()
        return collector.spans()


def times(span: Span) -> tuple[float, float]:
    """Return (begin, end) in seconds of the service's virtual time."""
    return (
        round(span.start_time_unix_nano / 1e9 - EPOCH_S, 3),
        round(span.end_time_unix_nano / 1e9 - EPOCH_S, 3),
    )


async def test_a_request_that_needed_a_cold_start_is_a_tree() -> None:
    heard = (await traced(cold_start, HOLDING))[0]
    spans = await exported([heard])
    server, queue, cold, upstream = spans
    assert [(span.name, times(span)) for span in spans] == [
        ("GET", (0, 5)),
        ("queue", (0, 1)),
        ("cold start", (1, 4)),
        ("GET", (4, 5)),
    ]
    assert {span.parent_span_id for span in (queue, cold, upstream)} == {server.span_id}
    assert server.parent_span_id == b""
    assert {span.trace_id for span in spans} == {heard.trace_id.to_bytes(16, "big")}
    assert len({span.span_id for span in spans}) == 4
    assert upstream.span_id == heard.upstream_id.to_bytes(8, "big")  # the context that the instance received
    assert (server.kind, upstream.kind) == (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT)
    assert values(server.attributes) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "url.scheme": "https",
        "url.path": "/cold",
        "url.query": "sig=REDACTED&page=2",
        "server.address": "abcdefghij.eu-west-1.awsapprunner.localhost",
        "server.port": 8443,
        "client.address": "192.0.2.7",
        "network.peer.address": "192.0.2.7",
        "network.protocol.version": "1.1",
        "user_agent.original": "tester",
        "apprunner.service": "web",
        "apprunner.instance.id": "web-2",
        "apprunner.decision": "queued",
    }
    assert values(upstream.attributes) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "url.full": "http://10.0.0.2:8080/cold?sig=REDACTED&page=2",
        "server.address": "10.0.0.2",
        "server.port": 8080,
        "network.protocol.version": "1.1",
        "apprunner.service": "web",
        "apprunner.instance.id": "web-2",
    }
    assert [(event.name, event.time_unix_nano) for event in upstream.events] == [
        ("answer head", upstream.end_time_unix_nano)
    ]
    assert server.status.code == upstream.status.code == Status.STATUS_CODE_UNSET


async def test_a_queued_request_has_a_queue_span_and_a_rejected_one_no_children() -> None:
    async def script(service: TracedService) -> None:
        for _ in range(3):  # the second has the only place in the queue
            service.traced().send(request())
        await asyncio.sleep(3)
        service.wires(1).answer(OK)
        service.wires(1).answer(OK)

    heard = await traced(script, stage_settings(wait_s=30, queue=1))
    spans = await exported(heard)
    assert [(span.name, values(span.attributes).get("apprunner.decision")) for span in spans] == [
        ("GET", "rejected"),
        ("GET", "admitted"),
        ("GET", None),
        ("GET", "queued"),
        ("queue", None),
        ("GET", None),
    ]
    rejected = values(spans[0].attributes)
    assert (rejected["http.response.status_code"], rejected["apprunner.cause"]) == (429, "overflow")
    assert "error.type" not in rejected  # a server's span is an error from status 500 on
    assert spans[0].status.code == Status.STATUS_CODE_UNSET
    assert times(spans[4]) == (0, 3)


async def test_the_parent_of_a_client_s_trace_is_the_client_s_span() -> None:
    async def script(service: TracedService) -> None:
        service.traced().send(request(b"GET", b"/", PARENT))
        service.wires(1).answer(OK)

    server, upstream = await exported(await traced(script, stage_settings()))
    assert server.trace_id.hex() == upstream.trace_id.hex() == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert server.parent_span_id.hex() == "00f067aa0ba902b7"
    assert upstream.parent_span_id == server.span_id


async def test_a_failure_is_an_error_with_its_cause() -> None:
    async def script(service: TracedService) -> None:
        service.traced().send(request(b"BREW"))
        await asyncio.sleep(121)

    server, upstream = await exported(await traced(script, stage_settings()))
    said = values(server.attributes)
    assert server.name == "HTTP"
    assert (said["http.request.method"], said["http.request.method_original"]) == ("_OTHER", "BREW")
    assert (said["http.response.status_code"], said["error.type"]) == (504, "timeout")
    assert server.status.code == upstream.status.code == Status.STATUS_CODE_ERROR


async def test_a_request_of_a_simulated_instance_has_no_client_span() -> None:
    heard = (await traced(cold_start, HOLDING))[0]._replace(upstream="")
    spans = await exported([heard])
    assert spans[-1].name == "upstream"
    assert spans[-1].kind == Span.SPAN_KIND_INTERNAL
    assert "url.full" not in values(spans[-1].attributes)


async def test_spans_for_an_unreachable_collector_are_bounded_counted_and_in_the_metrics(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard = (await traced(cold_start, HOLDING))[0]
    metrics = Metrics(lambda: 0.0)
    with collecting() as collector:
        collector.stop()
        out = exporters(collector, metrics, requests_max=20, batch_max=5, every_s=0.001, timeout_s=0.05)
        await out.open()
        assert out.otlp is not None
        assert out.otlp.traces is not None
        assert out.tracing is not None
        shipper = out.otlp.traces.shipper
        try:
            for _ in range(1000):
                out.tracing.receive(heard)
            assert shipper.waiting <= 20
            await until(lambda: shipper.waiting == 0)
            assert metrics.losses["traces"]() == shipper.dropped
            collector.start()
            out.tracing.receive(heard)
            await asyncio.to_thread(collector.wait_for, lambda: len(collector.spans()) >= 4)
        finally:
            await out.close()
        assert shipper.dropped + shipper.sent == 1001
        assert shipper.sent * 4 == len(collector.spans())
    told = [record.message for record in caplog.records]
    assert len(told) == 3, told
    assert "traces over OTLP" in told[0]
    assert "accepts them again" in told[1]
    assert f"{shipper.dropped} were dropped" in told[2]


async def test_a_collector_that_rejects_spans_has_them_counted() -> None:
    heard = (await traced(cold_start, HOLDING))[0]
    with collecting() as collector:
        collector.rejected = 4
        out = exporters(collector)
        await out.open()
        assert out.otlp is not None
        assert out.otlp.traces is not None
        out.otlp.traces.tracing.receive(heard)
        await out.close()
        assert out.otlp.traces.shipper.dropped == 1


async def test_traces_alone_measure_nothing_and_may_be_asked_service_by_service() -> None:
    with collecting() as collector:
        to = Destination(f"{collector.url}/v1/traces")
        settings = ExportSettings(
            otlp=OtlpSettings(traces=TracesExport(to, services=TracedServices.CONFIGURED, xray=True))
        )
    assert settings.is_wanted
    assert not settings.measures
    tracing = Exporters(None, settings, lambda: 0.0).tracing
    assert tracing is not None
    assert not tracing.takes("web")
    assert tracing.only is not None
    tracing.only.add("web")
    assert tracing.takes("web")
    assert tracing.xray
