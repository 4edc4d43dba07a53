"""`/metrics` on loopback: the Prometheus text format or OpenMetrics, as the scraper requests.

It runs on the platform's own loop, which owns the figures; one scrape takes about a millisecond.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web
from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry

from simulator.records.metrics import Metrics
from simulator.telemetry.prometheus.families import PlatformCollector as ServicesCollector
from simulator.wire.listening import listening
from simulator.wire.own_names import OwnNames
from simulator.wire.web_listener import guarding, listener_limits

HOST: Final = "127.0.0.1"
_GOODBYE_S: Final = 1.0


class MetricsEndpoint:
    """The HTTP endpoint; always close it. `port` 0 means any free one; `url` is known once it is open."""

    def __init__(self, metrics: Metrics, port: int) -> None:
        self._port = port
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(ServicesCollector(metrics))
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        app = web.Application(middlewares=[guarding(OwnNames(), _rejected)])
        app.router.add_get("/metrics", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=_GOODBYE_S, **listener_limits())

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._runner.addresses[0][1]}/metrics"

    async def open(self) -> None:
        """Begin to listen. Raises OSError if the port is not available."""
        await self._runner.setup()
        try:
            with listening(HOST, self._port):
                await web.TCPSite(self._runner, HOST, self._port).start()
        except OSError:
            await self._runner.cleanup()
            raise

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        encode, kind = choose_encoder(",".join(request.headers.getall("accept", [])))
        return web.Response(body=encode(self.registry), headers={"content-type": kind})


def _rejected(why: str) -> web.Response:
    return web.Response(status=403, text=why + "\n")
