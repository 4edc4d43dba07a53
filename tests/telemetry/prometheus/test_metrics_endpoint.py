"""The Prometheus endpoint: its figures of a running platform, and that its labels have few values."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import CollectorRegistry

from simulator.assembly.composition import compose_platform
from simulator.model.instance import InstanceState
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.times import RUN_START
from simulator.platform.platform import Platform
from simulator.records.events import EventLogged, InstanceMoved
from simulator.records.metrics import Metrics
from simulator.replay.service_plans import service_plans
from simulator.scenario.scenario import read_scenario
from simulator.telemetry.prometheus.families import PlatformCollector
from simulator.telemetry.prometheus.metrics_endpoint import MetricsEndpoint
from simulator.world.clock import ClockKind
from simulator.world.random_streams import RandomStreams
from tests.edge.front import Front, request
from tests.telemetry.exposition import families
from tests.virtual import run_virtual

CHURN = """
duration: 1h
services:
  web:
    max_size: 25
    application: {simulated: {io: 100ms, start_up: 1s}}
traffic:
  - clock: {rate: 1/s}
"""


def exposed(metrics: Metrics) -> str:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(PlatformCollector(metrics))
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text.decode()


@pytest.mark.parametrize("accept", ["application/openmetrics-text; version=1.0.0", "text/plain"])
async def test_a_scrape_is_clean_in_both_formats(accept: str) -> None:
    metrics = Metrics(lambda: 0.0)
    for status in (200, 201, 301, 404, 429, 500, 499, 0):
        metrics.of("web").outcomes.add(status, 0.2, 0.05, 0.05, 0.1)
    endpoint = MetricsEndpoint(metrics, 0)
    await endpoint.open()
    try:
        assert endpoint.url.startswith("http://127.0.0.1:")
        async with (
            aiohttp.ClientSession() as session,
            session.get(endpoint.url, headers={"accept": accept}) as answer,
        ):
            text = await answer.text()
            assert answer.status == 200
            assert answer.headers["content-type"].startswith(accept.partition(";")[0])
    finally:
        await endpoint.close()
    if accept.startswith("text/plain"):
        found = {family.name: family for family in text_string_to_metric_families(text)}
    else:
        found = families(text)
    requests = {sample.labels["code_class"]: sample.value for sample in found["apprunner_requests"].samples}
    assert requests == {"none": 1, "1xx": 0, "2xx": 2, "3xx": 1, "4xx": 3, "5xx": 1}
    assert found["apprunner_requests_rejected"].samples[0].value == 1
    assert {"process_cpu_seconds", "process_resident_memory_bytes", "python_info"} <= set(found)


async def test_a_port_that_is_taken_is_an_error() -> None:
    metrics = Metrics(lambda: 0.0)
    first = MetricsEndpoint(metrics, 0)
    await first.open()
    try:
        port = int(first.url.rsplit(":", 1)[1].partition("/")[0])
        with pytest.raises(OSError, match="address already in use"):
            await MetricsEndpoint(metrics, port).open()
    finally:
        await first.close()


@pytest.mark.slow
def test_ten_thousand_instances_leave_as_many_series_as_one() -> None:
    async def main() -> tuple[set[str], set[str], Metrics, int]:
        plans = service_plans(read_scenario(CHURN), ClockKind.VIRTUAL)
        platform = compose_platform(plans, RandomStreams(1), measured=True)
        metrics = platform.metrics
        assert metrics is not None
        try:
            await platform.open()
            platform.start()
            before = series(exposed(metrics))
            replica_set = platform.services["web"].replica_set
            for _ in range(420):
                replica_set.configure(AutoScalingConfiguration(100, 25, 25))
                await ready(platform, 25)
                replica_set.configure(AutoScalingConfiguration(100, 1, 1))
                await ready(platform, 1)
            return before, series(exposed(metrics)), metrics, max(replica_set.instances)
        finally:
            await platform.close()

    before, after, metrics, born = run_virtual(main)
    assert born > 10_000
    assert metrics.services["web"].launches > 10_000
    assert after == before
    assert metrics.services["web"].provisioned == 0  # all have ended, and none was counted twice
    assert metrics.services["web"].usd > 0


async def ready(platform: Platform, count: int) -> None:
    for _ in range(1000):
        if len(platform.services["web"].living()) == count == len(platform.services["web"].pool.ready):
            return
        await asyncio.sleep(1)
    raise AssertionError(count)


def series(text: str) -> set[str]:
    families(text)
    return {line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")}


def test_the_series_of_a_service_that_is_gone_end() -> None:
    metrics = Metrics(lambda: 0.0)
    for number in range(1000):
        name = f"service-{number}"
        metrics.read(EventLogged(RUN_START, name, "line"))
        metrics.read(InstanceMoved(RUN_START, name, 1, InstanceState.PROVISIONING, InstanceState.STARTING, ""))
        metrics.forget(name)
    assert "service-" not in exposed(metrics)


def test_local_replies_without_a_service_are_counted_by_status() -> None:
    front = Front()
    metrics = Metrics(lambda: 0.0)
    metrics.own_answers = front.gateway.own_answers
    front.send(b"GET / HTTP/1.1\r\nHost: absent.example\r\n\r\n" * 2)
    front.send(request(b"TRACE"))
    front.send(b"no request at all\r\n\r\n")
    counted = families(exposed(metrics))["apprunner_balancer_answers"].samples
    assert {sample.labels["code"]: sample.value for sample in counted} == {"400": 1, "404": 2, "501": 1}
    assert not metrics.services
