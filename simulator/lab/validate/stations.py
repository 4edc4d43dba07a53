"""A queueing station that consists of the platform's own parts: a client, a pool, a simulated instance.

None of these parts is replaced or modified for the measurement: `OpenClient` sends at the times of a Poisson process,
`Pool` admits, queues or rejects, and one simulated instance of the fixed policy works.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from simulator.assembly.composition import compose_platform
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.platform.revision import ServicePlan
from simulator.records.request_log import RuleNumbers
from simulator.rules.admission import Overflow
from simulator.rules.policies.fixed import FixedParameters, FixedPolicy
from simulator.scenario.request_numbers import RequestKind
from simulator.traffic.clients import OpenClient, SimulatedExchange
from simulator.world.clock import ClockKind, run
from simulator.world.random_streams import RandomStreams

Column = NDArray[np.float64]

# Theory has no time limits. This is longer than any run here, and small enough to keep the digits of a sum.
NEVER_S = 1e9
NO_LIMIT = 10**9

# Status of a request that finds the station full.
REJECTED = 429


@dataclass(frozen=True)
class StationSetup:
    """A station. It serves `slots` requests at a time; `places` others wait, and with 0 they are rejected."""

    rate_rps: float
    application: SimulatedApplication
    slots: int
    places: int = NO_LIMIT
    size: InstanceSize = field(default_factory=InstanceSize)


@dataclass
class Rows:
    """The request log of one run, as the clients write it.

    `work_s`: the CPU time in seconds that each request needs.
    """

    rows: list[tuple[float, ...]] = field(default_factory=list)
    work_s: list[float] = field(default_factory=list)
    rules: RuleNumbers = field(default_factory=RuleNumbers)

    def add(  # the columns of the request log; a station has no others
        self,
        source: int,  # noqa: ARG002
        intended_s: float,
        latency_s: float,
        queue_s: float,
        cold_s: float,
        service_s: float,
        status: int,
        instance: int,  # noqa: ARG002
        late_s: float,  # noqa: ARG002
    ) -> None:
        self.rows.append((intended_s, latency_s, queue_s + cold_s, service_s, status))


class WatchingClient(OpenClient):
    """Records the CPU time that each request needs, in the order of the rows."""

    def watch(self, rows: Rows) -> None:
        self._work_s = rows.work_s

    def ended(self, exchange: SimulatedExchange, status: int) -> None:
        self._work_s.append(exchange.cpu_s)
        super().ended(exchange, status)


@dataclass(frozen=True)
class Observed:
    """Observations of a run between `from_s` and `until_s`. Columns have one row per request, in order of ending."""

    arrived_s: Column
    latency_s: Column
    queue_s: Column
    service_s: Column
    status: Column
    work_s: Column
    from_s: float
    until_s: float

    @property
    def inside(self) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = (self.arrived_s >= self.from_s) & (self.arrived_s < self.until_s)
        return inside

    @property
    def accepted(self) -> NDArray[np.bool_]:
        accepted: NDArray[np.bool_] = self.inside & (self.status != REJECTED)
        return accepted

    def mean_present(self, begin_s: Column, end_s: Column) -> float:
        """Return the time average of the number of intervals [begin_s, end_s] that contain a moment."""
        overlap_s = np.clip(end_s, self.from_s, self.until_s) - np.clip(begin_s, self.from_s, self.until_s)
        return float(overlap_s.sum() / (self.until_s - self.from_s))

    def variance_present(self, begin_s: Column, end_s: Column) -> float:
        """Return the variance over time of that number."""
        moments = np.concatenate([begin_s, end_s])
        steps = np.concatenate([np.ones_like(begin_s), -np.ones_like(end_s)])
        order = np.argsort(moments, kind="stable")
        times = np.clip(moments[order], self.from_s, self.until_s)
        counts = np.cumsum(steps[order])[:-1]
        widths = np.diff(times)
        mean = np.average(counts, weights=widths)
        return float(np.average((counts - mean) ** 2, weights=widths))


async def arrive_and_drain(client: OpenClient, arrivals_s: Column) -> None:
    """Run from the first to the last arrival, then until every request has ended. Call at the start of the run."""
    await asyncio.sleep(arrivals_s[-1] + 1e-6)
    await client.drained()


def observe(station: StationSetup, seed: int, requests: int, warm_up_requests: int) -> Observed:
    """Send this many requests, the warm-up first, and wait until all have ended.

    The observation begins after the warm-up and ends with the last arrival, so that the time in which the station
    drains is excluded.
    """
    streams = RandomStreams(seed)
    gaps_s = streams.stream("arrivals").exponential(1 / station.rate_rps, warm_up_requests + requests)
    arrivals_s = np.cumsum(gaps_s)
    rows = Rows()

    async def main() -> None:
        scaling = AutoScalingConfiguration(max_concurrency=station.slots, min_size=1, max_size=1)
        settings = PoolSettings(
            "station",
            size=station.size,
            scaling=scaling,
            overflow=Overflow(NEVER_S, station.places) if station.places else Overflow(),
            request_timeout_s=NEVER_S,
        )
        plan = ServicePlan(settings, FixedPolicy(FixedParameters(), scaling), station.application)
        platform = compose_platform([plan], streams)
        await platform.open()
        platform.start()
        client = WatchingClient(
            platform.services["station"], repeat(RequestKind(0)), rows, platform.clock, iter(arrivals_s.tolist())
        )
        client.watch(rows)
        await arrive_and_drain(client, arrivals_s)
        await platform.close()

    run(ClockKind.VIRTUAL, main)
    arrived_s, latency_s, queue_s, service_s, status = np.array(rows.rows).T
    return Observed(
        arrived_s=arrived_s,
        latency_s=latency_s,
        queue_s=queue_s,
        service_s=service_s,
        status=status,
        work_s=np.array(rows.work_s),
        from_s=float(arrivals_s[warm_up_requests]) if warm_up_requests else 0.0,
        until_s=float(arrivals_s[-1]),
    )
