"""A whole service in virtual time (service.py), whose requests are traced."""

from __future__ import annotations

import asyncio

from simulator.edge.tracing import TracingHandler
from simulator.fleet.pool.settings import PoolSettings
from simulator.records.request_trace import RequestTrace, Tracing
from simulator.rules.sampling import Sampling
from simulator.world.random_streams import RandomStreams
from tests.edge.front import EPOCH_S, OK, Front, request
from tests.edge.service import Service
from tests.fleet.fakes import stage_settings

HOLDING = stage_settings(wait_s=30, queue=10)  # an instance with one slot, and a queue


class TracedService(Service):
    """`heard` has the traces of requests, in the order in which these ended."""

    def __init__(
        self,
        settings: PoolSettings,
        sampling: Sampling | None = None,
        *,
        only: set[str] | None = None,
        xray: bool = False,
    ) -> None:
        super().__init__(settings)
        self.heard: list[RequestTrace] = []
        loop = asyncio.get_running_loop()
        self.handler = TracingHandler(
            self.gateway,
            Tracing(self.heard.append, sampling or Sampling(), only, xray),
            epoch_s=lambda: EPOCH_S + loop.time(),
            streams=RandomStreams(2),
            instance_id=lambda service, number: f"{service}-{number}",
        )

    def traced(self) -> Front:
        """Return a client's connection."""
        return self.client(self.handler)


async def cold_start(service: TracedService) -> RequestTrace:
    """Let a request wait for an instance that is desired a second after its arrival and ready three seconds later."""
    service.wired.probe_s = 3.0
    service.traced().send(request())  # occupies the only slot
    service.traced().send(request(b"GET", b"/cold?sig=secret&page=2", b"User-Agent: tester"))
    await asyncio.sleep(1)
    service.replica_set.resize(2)
    await asyncio.sleep(4)
    service.wires(2).answer(OK)
    (trace,) = service.heard
    service.wires(1).answer(OK)
    return trace
