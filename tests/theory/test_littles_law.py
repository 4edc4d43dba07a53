"""Little's law, L = lambda W, for the queue and the slots: an invariant of every run under all conditions.

Two measurements of the same quantity are compared. The meter integrates the number of requests over time (L); the
clients record how long each request was present (W). For a run that begins and ends empty the sums must be equal to the
last digits, with any policy, and with rejections, timeouts, crashes and draining instances.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import repeat

import pytest

from simulator.assembly.composition import compose_platform
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.lab.validate.stations import Rows, arrive_and_drain
from simulator.model.scaling import AutoScalingConfiguration
from simulator.platform.platform import Platform
from simulator.platform.revision import ServicePlan
from simulator.records.events import SecondClosed
from simulator.rules.admission import Overflow
from simulator.rules.policies.port import Sample
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.request_numbers import RequestKind
from simulator.traffic.clients import OpenClient
from simulator.world.distributions import Exponential, Hyperexponential
from simulator.world.random_streams import RandomStreams
from tests.virtual import run_virtual

RATE_RPS, DURATION_S = 60.0, 120.0


@dataclass
class Accounts:
    """Both measurements of one run, in request-seconds."""

    samples: list[Sample] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)

    @property
    def statuses(self) -> set[float]:
        return {row[4] for row in self.rows.rows}


HOLDING = Overflow(wait_s=8.0, queue=200)


def play(
    policy: str,
    overflow: Overflow,
    inject_fault: Callable[[Platform], None] = lambda _: None,
    *,
    request_timeout_s: float = 120.0,
) -> Accounts:
    """Play two minutes with more load than one instance serves; then the meter finishes its last second."""
    accounts = Accounts()
    kind = POLICIES[policy]

    async def main() -> None:
        scaling = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=8)
        settings = PoolSettings(
            "web", scaling=scaling, overflow=overflow, initial_size=1, request_timeout_s=request_timeout_s
        )
        plan = ServicePlan(
            settings,
            kind.build(kind.parameters(), scaling),
            SimulatedApplication(cpu=Exponential(0.02), io=Hyperexponential(0.3, 6), start_up=Exponential(3.0)),
        )
        streams = RandomStreams(11)
        platform = compose_platform([plan], streams)
        platform.journal.subscribe(SecondClosed, lambda closed: accounts.samples.append(closed.sample))
        await platform.open()
        platform.start()
        inject_fault(platform)
        gaps_s = streams.stream("arrivals").exponential(1 / RATE_RPS, round(RATE_RPS * DURATION_S))
        arrivals_s = gaps_s.cumsum()
        client = OpenClient(
            platform.services["web"], repeat(RequestKind(0)), accounts.rows, platform.clock, iter(arrivals_s.tolist())
        )
        await arrive_and_drain(client, arrivals_s)
        at_s = platform.clock.at_s()  # the meter's seconds count from the start of the run
        await asyncio.sleep(math.floor(at_s) + 1.5 - at_s)
        await platform.close()

    run_virtual(main)
    return accounts


def check(accounts: Accounts) -> None:
    rows, samples = accounts.rows.rows, accounts.samples
    present_s = sum(sample.in_flight for sample in samples)
    waiting_s = sum(sample.waiting for sample in samples)
    latency_s = sum(row[1] for row in rows)
    queue_s = sum(row[2] for row in rows)
    assert present_s == pytest.approx(latency_s, rel=1e-9)
    assert waiting_s == pytest.approx(queue_s, rel=1e-9, abs=1e-9)
    assert sum(sample.service_s for sample in samples) == pytest.approx(latency_s - queue_s, rel=1e-9)
    assert sum(sample.arrivals for sample in samples) == len(rows)


def kill_now_and_then(platform: Platform) -> None:
    replica_set, loop = platform.services["web"].replica_set, asyncio.get_running_loop()

    def kill() -> None:
        replica_set.kill(min(replica_set.pool.ready, default=0))

    for turn in range(1, 5):
        loop.call_later(25.0 * turn, kill)


def swing(platform: Platform) -> None:
    """Increase and decrease the desired count, so that instances drain under load."""
    replica_set, loop = platform.services["web"].replica_set, asyncio.get_running_loop()
    for step in range(12):
        scaling = AutoScalingConfiguration(10, 1 + step % 3, 1 + step % 3)
        loop.call_later(10.0 * step + 0.5, replica_set.configure, scaling)


@pytest.mark.parametrize("policy", list(POLICIES))
@pytest.mark.parametrize("overflow", [Overflow(), HOLDING], ids=["reject", "queue"])
def test_littles_law_holds_with_every_policy(policy: str, overflow: Overflow) -> None:
    accounts = play(policy, overflow)
    assert {200, 429} <= accounts.statuses or overflow.holds
    check(accounts)


@pytest.mark.parametrize("overflow", [Overflow(), HOLDING], ids=["reject", "queue"])
def test_littles_law_holds_when_instances_crash(overflow: Overflow) -> None:
    accounts = play("app-runner", overflow, kill_now_and_then)
    assert 503 in accounts.statuses
    check(accounts)


def test_littles_law_holds_when_instances_drain() -> None:
    accounts = play("fixed", HOLDING, swing)
    check(accounts)


def test_littles_law_holds_when_requests_time_out() -> None:
    accounts = play("fixed", HOLDING, request_timeout_s=2.0)
    assert 504 in accounts.statuses
    check(accounts)


def test_littles_law_holds_when_queued_requests_time_out() -> None:
    accounts = play("fixed", Overflow(wait_s=0.5, queue=200))
    assert 429 in accounts.statuses
    check(accounts)
