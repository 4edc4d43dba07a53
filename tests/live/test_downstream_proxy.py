"""A run in real time whose application calls a real Redis or PostgreSQL by the proxy of the simulator."""

from __future__ import annotations

import asyncio
import itertools
import socket
import subprocess
from pathlib import Path

import pytest

from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.network.downstream_proxy import DownstreamProxy, ProxiedResource
from simulator.fleet.simulated.application import DownstreamResource
from simulator.model.times import RunTime
from simulator.records.journal import Journal
from simulator.replay.runner import Run, play
from simulator.report.downstream import DownstreamPart
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.scenario.scenario import read_scenario
from simulator.world.distributions import Constant
from tests.live.databases import USER, postgresql, redis

pytestmark = pytest.mark.slow

PASSWORD = "not-a-secret"
# Each request opens a connection, authenticates and increments a counter: two questions and answers.
APPLICATION = """
import http.server, os, socket

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            host, port = os.environ["CACHE"].split(":")
            assert (host, port) == (os.environ["ORDERS_CACHE_HOST"], os.environ["ORDERS_CACHE_PORT"])
            with socket.create_connection((host, int(port)), timeout=20) as cache:
                answers = cache.makefile("rb")
                cache.sendall(b"AUTH not-a-secret\\r\\n")
                assert answers.readline() == b"+OK\\r\\n"
                cache.sendall(b"INCR requests\\r\\n")
                assert answers.readline().startswith(b":")
            status = 200
        except (OSError, AssertionError):
            status = 500
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

address = (os.environ["HOST"], int(os.environ["PORT"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""
SCENARIO = """
duration: 5s
services:
  shop:
    min_size: 1
    max_size: 1
    max_concurrency: 50
    application:
      process:
        command: python shop.py
        environment: {CACHE: "${downstream.orders-cache}"}
      downstream:
        orders-cache: {at: "127.0.0.1:%d", connections: %d, on_full: %s, delay: 50ms}
traffic: [{clock: {rate: 20/s}}]
checks: ["downstream_connections{downstream:orders-cache} <= %d"]
"""


def report_of(tmp_path: Path, port: int, connections: int, on_full: str) -> tuple[Report, DownstreamPart]:
    (tmp_path / "shop.py").write_text(APPLICATION, encoding="utf-8")
    text = SCENARIO % (port, connections, on_full, connections)
    scenario = read_scenario(text, file="redis.yaml", folder=tmp_path)
    report = build_report(play(Run(scenario, live=LiveSettings(tmp_path / "state")), signals=False))
    [part] = report.downstream
    return report, part


def test_a_process_calls_redis_by_the_proxy(tmp_path: Path) -> None:
    with redis(PASSWORD) as server:
        report, part = report_of(tmp_path, server.port, 50, "error")
        assert report.passed
        assert report.requests.requests == 100
        assert report.requests.error_rate == 0
        assert (part.calls, part.answered) == (200, 200)
        assert part.by_service == {"shop": 200}
        assert report.requests.latency.p50_s is not None
        assert report.requests.latency.p50_s >= 0.1  # two delays
        assert sum(part.series.connections) > 0


def test_a_limit_of_one_connection_lets_requests_wait(tmp_path: Path) -> None:
    with redis(PASSWORD) as server:
        report, part = report_of(tmp_path, server.port, 1, "queue")
        # 20 requests arrive each second, and one is done in a tenth of a second.
        assert part.connections_max == 1
        assert part.queue_max > 5
        assert part.wait.max_s is not None
        assert part.wait.max_s > 0.5
        assert report.passed


def test_a_full_server_cuts_connections_off(tmp_path: Path) -> None:
    with redis(PASSWORD) as server:
        report, part = report_of(tmp_path, server.port, 1, "error")
        assert part.rejected > 10
        assert report.requests.error_rate is not None
        assert report.requests.error_rate > 0.1
        assert any("limit reached" in event.line for event in part.events)


async def test_psql_reads_from_postgresql_by_the_proxy() -> None:
    with postgresql(PASSWORD) as server:
        loop = asyncio.get_running_loop()
        resource = DownstreamResource("orders-db", 5, Constant(0.0))
        proxied = ProxiedResource(
            resource, "127.0.0.1", server.port, itertools.repeat(0.0), Journal(), lambda: RunTime(loop.time())
        )
        proxy = DownstreamProxy(proxied, "shop")
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        await proxy.serve(listening)
        words = ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", USER, "-d", "orders", "-Atc"]
        statement = "SELECT sum(length(repeat('x', 1000))) FROM generate_series(1, 5000)"
        done = await asyncio.to_thread(
            subprocess.run,
            [*words, statement],
            env={"PGPASSWORD": PASSWORD, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            timeout=120,
            check=False,
        )
        await proxy.close()
        assert (done.returncode, done.stdout) == (0, b"5000000\n"), done.stderr
