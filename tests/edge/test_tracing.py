"""Traces of the balancer: the context that instances receive, and the trace of a finished request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.fleet.pool.settings import PoolSettings
from simulator.model.rejection import CONNECT_FAILURE
from simulator.records.request_trace import ADMITTED, ANSWERED, COLD_START, QUEUE, QUEUED, REJECTED, Wait
from simulator.rules.sampling import Sampling
from simulator.wire.http1.trace_context import XRAY, TraceContext, parse_traceparent, parse_xray
from tests.edge.front import EPOCH_S, OK, request, status_of, values_of
from tests.edge.traced import HOLDING, TracedService, cold_start
from tests.fleet.fakes import stage_settings
from tests.virtual import run_virtual

TRACE, SPAN = 0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7
PARENT = b"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
UNSAMPLED = PARENT[:-2] + b"00"
STATE = b"tracestate: vendor=1"


def play(script: Callable[[TracedService], Awaitable[Any]], settings: PoolSettings | None = None, **named: Any) -> Any:
    async def main() -> Any:
        async with TracedService(settings or stage_settings(), **named) as service:
            return await script(service)

    return run_virtual(main)


async def one(service: TracedService, *lines: bytes, after_s: float = 1.0) -> bytes:
    """Send a request to which instance 1 responds; return what the instance received."""
    client = service.traced()
    client.send(request(b"GET", b"/a?b=c", *lines))
    await asyncio.sleep(after_s)
    forwarded = service.wires(1).transport.take()
    service.wires(1).answer(OK)
    assert status_of(client.received()) == 200
    return bytes(forwarded)


def told(forwarded: bytes) -> TraceContext:
    (value,) = values_of(forwarded, b"traceparent")
    context = parse_traceparent(value)
    assert context is not None, value
    return context


def test_a_request_begins_a_trace_and_its_instance_gets_the_context() -> None:
    async def script(service: TracedService) -> None:
        begun_s = service.loop.time()
        context = told(await one(service, b"User-Agent: tester"))
        (trace,) = service.heard
        assert context == (trace.trace_id, trace.upstream_id, True)
        assert trace.trace_id >> 64
        assert trace.parent_id == 0
        assert (trace.service, trace.decision, trace.instance, trace.attempts) == ("web", ADMITTED, "web-1", 1)
        assert (trace.method, trace.target, trace.status, trace.cause) == ("GET", "/a?b=c", 200, "")
        assert (trace.peer, trace.client, trace.user_agent) == ("192.0.2.7", "192.0.2.7", "tester")
        assert (trace.scheme, trace.port, trace.upstream) == ("https", 8443, "10.0.0.1:8080")
        assert trace.waits == ()
        assert (trace.arrived_s, trace.begun_s) == (begun_s, begun_s)
        assert (trace.answered_s, trace.ended_s) == (begun_s + 1, begun_s + 1)
        assert trace.offset_s == EPOCH_S

    play(script)


def test_every_request_has_different_ids() -> None:
    async def script(service: TracedService) -> None:
        contexts = [told(await one(service, after_s=0)) for _ in range(1100)]  # more than are sampled at once
        assert len({context.trace_id for context in contexts}) == len({context.span_id for context in contexts}) == 1100

    play(script)


def test_the_trace_of_a_client_continues_with_its_decision() -> None:
    async def script(service: TracedService) -> None:
        forwarded = await one(service, PARENT, STATE)
        context = told(forwarded)
        assert (context.trace_id, context.sampled) == (TRACE, True)
        assert context.span_id != SPAN
        assert values_of(forwarded, b"tracestate") == [b"vendor=1"]
        (trace,) = service.heard
        assert (trace.trace_id, trace.parent_id, trace.upstream_id) == (TRACE, SPAN, context.span_id)
        forwarded = await one(service, UNSAMPLED)
        assert told(forwarded)[::2] == (TRACE, False)
        assert len(service.heard) == 1

    play(script, sampling=Sampling(0.0))


def test_a_trace_that_is_not_sampled_is_propagated_and_not_exported() -> None:
    async def script(service: TracedService) -> None:
        assert not told(await one(service)).sampled
        assert service.heard == []

    play(script, sampling=Sampling(0.0))


@pytest.mark.parametrize("lines", [(b"traceparent: 00-no", STATE), (PARENT, PARENT, STATE), (STATE,)])
def test_an_invalid_context_starts_a_new_trace_without_its_state(lines: tuple[bytes, ...]) -> None:
    async def script(service: TracedService) -> None:
        forwarded = await one(service, *lines)
        assert told(forwarded).trace_id not in {0, TRACE}
        assert values_of(forwarded, b"tracestate") == []
        assert service.heard[0].parent_id == 0

    play(script)


def test_a_service_that_is_not_traced_gets_the_unchanged_context_of_the_client() -> None:
    async def script(service: TracedService) -> None:
        forwarded = await one(service, PARENT, STATE)
        assert values_of(forwarded, b"traceparent") == [PARENT.partition(b": ")[2]]
        assert values_of(forwarded, b"tracestate") == [b"vendor=1"]
        assert service.heard == []

    play(script, only={"other"})


def test_the_x_ray_field_is_sent_beside_traceparent_and_ids_begin_with_the_time() -> None:
    async def script(service: TracedService) -> None:
        now_s = int(EPOCH_S + service.loop.time())
        forwarded = await one(service)
        (value,) = values_of(forwarded, XRAY)
        assert parse_xray(value) == told(forwarded)
        assert service.heard[0].trace_id >> 96 == now_s
        await one(
            service, b"X-Amzn-Trace-Id: Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1"
        )
        assert (service.heard[1].trace_id, service.heard[1].parent_id) == (TRACE, SPAN)

    play(script, xray=True)


def test_without_x_ray_its_field_is_forwarded_as_any_other() -> None:
    async def script(service: TracedService) -> None:
        forwarded = await one(service, b"X-Amzn-Trace-Id: Root=1-2-3")
        assert values_of(forwarded, XRAY) == [b"Root=1-2-3"]

    play(script)


def test_cold_start_and_queue_are_separate_spans() -> None:
    async def script(service: TracedService) -> None:
        trace = await cold_start(service)
        begun_s, ready_s = trace.arrived_s, service.instance(2).ready_s
        assert ready_s == begun_s + 4  # desired after a second, and healthy three seconds later
        assert trace.waits == (Wait(QUEUE, begun_s, begun_s + 1), Wait(COLD_START, begun_s + 1, ready_s))
        assert (trace.decision, trace.instance) == (QUEUED, "web-2")
        assert (trace.begun_s, trace.ended_s) == (ready_s, begun_s + 5)

    play(script, HOLDING)


def test_a_request_without_a_slot_has_a_queue_span() -> None:
    async def script(service: TracedService) -> None:
        first, second = service.traced(), service.traced()
        first.send(request())
        second.send(request())
        begun_s = service.loop.time()
        await asyncio.sleep(3)
        service.wires(1).answer(OK)
        await asyncio.sleep(1)
        service.wires(1).answer(OK)
        held = service.heard[1]
        assert (held.decision, held.waits) == (QUEUED, (Wait(QUEUE, begun_s, begun_s + 3),))
        assert (held.begun_s, held.ended_s) == (begun_s + 3, begun_s + 4)

    play(script, HOLDING)


def test_a_rejected_request_has_no_wait_and_no_instance() -> None:
    async def script(service: TracedService) -> None:
        first, second = service.traced(), service.traced()
        first.send(request())
        second.send(request(b"GET", b"/", PARENT))
        assert status_of(second.received()) == 429
        (trace,) = service.heard
        assert (trace.decision, trace.status, trace.cause) == (REJECTED, 429, "overflow")
        assert (trace.trace_id, trace.parent_id) == (TRACE, SPAN)
        assert (trace.instance, trace.upstream, trace.begun_s, trace.waits) == ("", "", -1.0, ())
        service.wires(1).answer(OK)

    play(script)


def test_a_request_that_times_out_in_the_queue_has_no_instance() -> None:
    async def script(service: TracedService) -> None:
        first, second = service.traced(), service.traced()
        first.send(request())
        second.send(request())
        begun_s = service.loop.time()
        await asyncio.sleep(6)
        (trace,) = service.heard
        assert (trace.decision, trace.status, trace.cause) == (QUEUED, 429, "queue timeout")
        assert trace.waits == (Wait(QUEUE, begun_s, begun_s + 5),)
        service.wires(1).answer(OK)

    play(script, stage_settings(wait_s=5, queue=10))


def test_a_disconnected_client_is_traced_too() -> None:
    async def script(service: TracedService) -> None:
        client = service.traced()
        client.send(request())
        await asyncio.sleep(1)
        client.client.lose()
        (trace,) = service.heard
        assert (trace.status, trace.cause, trace.answered_s) == (0, "client gone", -1.0)

    play(script)


def test_an_instance_that_cannot_be_reached_is_an_attempt() -> None:
    async def script(service: TracedService) -> None:
        service.wires(1).rejects = CONNECT_FAILURE
        client = service.traced()
        client.send(request())
        await asyncio.sleep(1)
        service.wires(2).answer(OK)
        (trace,) = service.heard
        assert (trace.attempts, trace.instance, trace.upstream) == (2, "web-2", "10.0.0.2:8080")

    play(script, stage_settings(initial=2, least=2))


def test_local_replies_are_traced_if_all_services_are() -> None:
    async def script(service: TracedService) -> int:
        service.traced().send(b"GET /x HTTP/1.1\r\nHost: absent.example\r\n\r\n")
        service.traced().send(b"nothing\r\n\r\n")
        return len(service.heard)

    async def inside(service: TracedService) -> None:
        assert await script(service) == 1
        (trace,) = service.heard
        assert (trace.decision, trace.status, trace.cause, trace.service) == (ANSWERED, 404, "no route", "")

    play(inside)
    assert play(script, only={"web"}) == 0


def test_target_and_user_agent_of_a_trace_are_bounded() -> None:
    async def script(service: TracedService) -> None:
        client = service.traced()
        client.send(request(b"GET", b"/" + b"a" * 4000, b"User-Agent: \xff" + b"b" * 4000))
        await asyncio.sleep(0)
        service.wires(1).answer(OK)
        (trace,) = service.heard
        assert len(trace.target) == len(trace.user_agent) == 1024
        assert trace.user_agent[0] == "\N{REPLACEMENT CHARACTER}"

    play(script)
