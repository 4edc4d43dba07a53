"""`/metrics` on loopback: the Prometheus text format or OpenMetrics, as the scraper asks.

On the platform's own loop, which owns the figures; one scrape takes about a millisecond.
"""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web
from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry

from simulator.records.metrics import Metrics
from simulator.telemetry.families import PlatformCollector as ServicesCollector

HOST: Final = "127.0.0.1"
_LAG_EVERY_S: Final = 1.0
_GOODBYE_S: Final = 1.0


class MetricsEndpoint:
    """Close it in every case. `port` 0 is any free one; `url` is known once it is open."""

    def __init__(self, metrics: Metrics, port: int) -> None:
        self._metrics = metrics
        self._port = port
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(ServicesCollector(metrics))
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        app = web.Application()
        app.router.add_get("/metrics", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GOODBYE_S)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._runner.addresses[0][1]}/metrics"

    async def open(self) -> None:
        """Raises OSError when the port cannot be had."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, self._port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._look(self._loop.time())

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._runner.cleanup()

    def _look(self, due_s: float) -> None:
        """How late this very timer is, is how busy the loop is."""
        now_s = self._loop.time()
        self._metrics.lag_s = max(0.0, now_s - due_s)
        self._timer = self._loop.call_at(now_s + _LAG_EVERY_S, self._look, now_s + _LAG_EVERY_S)

    async def _answer(self, request: web.Request) -> web.Response:
        encode, kind = choose_encoder(",".join(request.headers.getall("accept", [])))
        return web.Response(body=encode(self.registry), headers={"content-type": kind})
