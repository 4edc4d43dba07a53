"""A run with everything that could let memory addresses, hashes or the order of sets influence a simulation.

`python -m tests.machines.bad_day SEED` prints a digest of every event and every request. It is not a test itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat

from simulator.assembly.composition import compose_platform
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.replicas.autoscaler import change_configuration
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.times import RunTime
from simulator.platform.platform import Platform
from simulator.platform.revision import ServicePlan
from simulator.records.events import SecondClosed
from simulator.records.request_log import RuleNumbers
from simulator.rules.admission import Overflow
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.request_numbers import RequestKind
from simulator.traffic.clients import ClosedClient, OpenClient
from simulator.world.distributions import Constant, Exponential, LogNormal
from simulator.world.random_streams import RandomStreams
from tests.virtual import run_virtual

DURATION_S = 240.0
POLICIES_USED = ("app-runner", "knative", "scale-per-request")


@dataclass
class Record:
    """The events as text: equal records are equal to the last digit."""

    lines: list[str] = field(default_factory=list)
    rules: RuleNumbers = field(default_factory=RuleNumbers)

    def add(self, *row: float) -> None:
        self.lines.append(repr(row))

    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()


def play(seed: int) -> Record:
    record = Record()
    run_virtual(lambda: _day(RandomStreams(seed), record))
    return record


async def _day(streams: RandomStreams, record: Record) -> None:
    loop = asyncio.get_running_loop()
    platform = compose_platform([_plan(name) for name in POLICIES_USED], streams)
    platform.journal.subscribe(SecondClosed, lambda closed: record.lines.append(repr(tuple(closed))))
    await platform.open()
    platform.start()
    for source, (name, service) in enumerate(platform.services.items()):
        gaps_s = streams.stream("open", name).exponential(1 / 20, round(20 * DURATION_S))
        OpenClient(service, repeat(RequestKind(source)), record, platform.clock, iter(gaps_s.cumsum().tolist()))
        think = partial(streams.stream("closed", name).exponential, 0.5)
        ClosedClient(
            service,
            repeat(RequestKind(source + 10)),
            record,
            platform.clock,
            users=15,
            think=think,
            from_s=RunTime(30.0),
            until_s=RunTime(DURATION_S),
        )
        victims = streams.stream("victims", name).integers(1, 6, size=11).tolist()
        for turn, victim in enumerate(victims, 1):
            loop.call_later(20.0 * turn, service.replica_set.kill, victim)
        service.replica_set.extra_start_s = 1.0
        loop.call_later(90.0, _change, platform, name)
    await asyncio.sleep(DURATION_S)
    await platform.close()
    record.lines += [repr(event) for event in platform.journal.events]


def _change(platform: Platform, name: str) -> None:
    change_configuration(
        platform.services[name].replica_set,
        max_concurrency=4, min_size=2, max_size=6, clock=platform.clock, journal=platform.journal,
    )  # fmt: skip


def _plan(name: str) -> ServicePlan:
    scaling = AutoScalingConfiguration(max_concurrency=8, min_size=1, max_size=10)
    kind = POLICIES[name]
    return ServicePlan(
        PoolSettings(name, scaling=scaling, overflow=Overflow(wait_s=3.0, queue=20), initial_size=2),
        kind.build(kind.parameters(), scaling),
        SimulatedApplication(
            start_up=LogNormal.of_mean(2.0, 1.0),
            cpu=Exponential(0.02),
            io=Exponential(0.2),
            failure_share=0.02,
            wake=Constant(0.05),
        ),
    )


if __name__ == "__main__":
    sys.stdout.write(play(int(sys.argv[1])).digest())
