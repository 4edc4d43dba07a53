"""The live load: real requests over real sockets, generated in the simulator's own process.

Theory of operation. Each source is open (open.py) or closed (closed.py) and has one timer for all its requests
(chain.py). Sources hand requests to the client of their service (client.py), which owns the connections
(wire/client.py) and writes a row per request. Between two timers there are only callbacks: a request costs no task, no
future and no timer of its own.

The generator shares its event loop with the platform. A busy loop makes it late, so the generator measures its own
lateness and reports whether it kept up (summary.py); latencies are measured from the intended times in any case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from simulator.traffic.live.client import LoadClient
from simulator.traffic.live.closed import ClosedLoad
from simulator.traffic.live.open import OpenLoad
from simulator.traffic.live.summary import LoadSummary
from simulator.world.tasks import first_of


class Load:
    """All sources of a run and the clients through which they send, one client per service."""

    def __init__(self, clients: Sequence[LoadClient], sources: Sequence[OpenLoad | ClosedLoad]) -> None:
        self._clients = clients
        self._sources = sources

    def start(self) -> None:
        """Start the sources, at the time origin of their clients."""
        for source in self._sources:
            source.start()

    def stop(self) -> None:
        """Send no new requests. Idempotent."""
        for source in self._sources:
            source.stop()

    async def ended(self) -> None:
        """Wait until every source has sent all its requests.

        Raises the exception of a source, for example for an invalid line of a trace file.
        """
        broken = [source.broken for source in self._sources]
        for source in self._sources:
            first = await first_of(source.ended, *broken)
            if first > 0:
                broken[first - 1].result()

    async def drained(self) -> None:
        """Wait until every request that was sent has its outcome; the client's time limit limits the wait."""
        for client in self._clients:
            await client.drained()

    async def close(self) -> None:
        """Stop, and close every connection. Idempotent."""
        self.stop()
        for client in self._clients:
            await client.close()

    async def run(self, drain_s_max: float | None = None) -> list[LoadSummary]:
        """Start, wait for the end and for outstanding responses (at most `drain_s_max`), and close.

        All connections are closed in any case, also after cancellation; `summaries` then reports the requests so far.
        """
        try:
            self.start()
            await self.ended()
            try:
                async with asyncio.timeout(drain_s_max):
                    await self.drained()
            except TimeoutError:
                pass  # the remaining requests are counted as unfinished
        finally:
            await self.close()
        return self.summaries()

    def summaries(self) -> list[LoadSummary]:
        """Return the current summary of each client."""
        return [client.summary() for client in self._clients]
