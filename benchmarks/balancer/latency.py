"""The latency that a proxy adds at a fixed rate: open loop, so that a slow proxy cannot slow its own measurement.

The load client is that of live scenarios. It shares its core with the origin, and also measures the origin alone; the
difference is caused by the proxy, TLS included.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Final

import numpy as np

from simulator.model.times import RunTime
from simulator.records.request_log import RuleNumbers
from simulator.traffic.live.client import LoadClient
from simulator.traffic.live.open import OpenLoad
from simulator.traffic.live.request import RequestChoice
from simulator.traffic.live.settings import LoadTarget
from simulator.world.clock import ClockKind, monotonic_s, run
from simulator.world.random_streams import RandomStreams

RATE_RPS: Final = 1000.0
_CONNECTIONS: Final = 16  # opened before the measurement; sufficient for 1,000 requests/s of a few ms each
_WARM_UP_S: Final = 1.0
_QUANTILE: Final = 0.95


class Latencies:
    """Implements `RequestRows`: latencies after the warm-up, in seconds from the intended time of sending."""

    def __init__(self) -> None:
        self.rules = RuleNumbers()
        self.seconds: list[float] = []
        self.failed = 0

    def add(
        self,
        source: int,
        arrived_s: float,
        latency_s: float,
        queue_s: float,
        cold_s: float,
        service_s: float,
        status: int,
        instance: int,
        late_s: float,
    ) -> None:
        del source, queue_s, cold_s, service_s, instance, late_s
        if arrived_s < _WARM_UP_S:
            return
        if status != 200:
            self.failed += 1
        self.seconds.append(latency_s)


def p95_s(host: str, port: int, tls: ssl.SSLContext | None, seconds: float, seed: int) -> float:
    """Return the 95th percentile of the latency in seconds. The same `seed` gives the same arrivals (Poisson).

    Raises:
        RuntimeError: if a request fails.
    """
    target = LoadTarget(host, port, tls)
    rows = run(ClockKind.REAL, lambda: _play(target, seconds, seed))
    if rows.failed:
        raise RuntimeError(f"{rows.failed} of {len(rows.seconds)} requests at {RATE_RPS:g}/s failed")
    return float(np.quantile(rows.seconds, _QUANTILE))


async def _play(target: LoadTarget, seconds: float, seed: int) -> Latencies:
    rows = Latencies()
    # The start is set when the connections are open, so that their handshakes are excluded.
    client = LoadClient(target, rows, monotonic_s(), now=monotonic_s)
    await client.prepare(_CONNECTIONS)
    client.origin_s = monotonic_s()
    load = OpenLoad(client, _arrivals(_WARM_UP_S + seconds, seed))
    load.start()
    await load.ended
    await client.drained()
    await client.close()
    return rows


def _arrivals(until_s: float, seed: int) -> Iterator[tuple[RunTime, RequestChoice, int]]:
    choice, streams = RequestChoice(), RandomStreams(seed).stream("arrivals")
    at_s = 0.0
    while (at_s := at_s + float(streams.exponential(1 / RATE_RPS))) < until_s:
        yield RunTime(at_s), choice, 0
