"""A downstream resource compared with queueing theory: c connections with exponential times and a queue are M/M/c.

Two services with several instances share the resource, so that the result is that of the whole platform. Erlang's C is
computed here from Erlang's B, and the distribution of the waits from both.
"""

from __future__ import annotations

import math
import statistics

import pytest

from simulator.replay.runner import Run, play
from simulator.report.downstream import DownstreamPart
from simulator.report.report import build_report
from simulator.scenario.scenario import read_scenario

pytestmark = pytest.mark.slow

CONNECTIONS, SERVICE_S, RATE_RPS = 4, 0.1, 30.0  # utilization 0.75
SCENARIO = """
version: 1
duration: 420s
warm_up: 20s
services:
  one: &service
    max_concurrency: 200
    min_size: 2
    max_size: 2
    application:
      simulated: {io: {uniform: {low: 0s, high: 50ms}}}
      downstream:
        orders-db: {connections: 4, service: {exponential: 100ms}, on_full: queue}
  two: *service
traffic:
  - {name: first, service: one, poisson: {rate: 10/s}}
  - {name: second, service: two, poisson: {rate: 20/s}}
"""


def erlang_c() -> float:
    """Return the probability of a wait, by the recursion of Erlang's B."""
    offered, blocked = RATE_RPS * SERVICE_S, 1.0
    for servers in range(1, CONNECTIONS + 1):
        blocked = offered * blocked / (servers + offered * blocked)
    return blocked / (1 - offered / CONNECTIONS * (1 - blocked))


def played(seed: int) -> DownstreamPart:
    [part] = build_report(play(Run(read_scenario(SCENARIO).with_seed(seed)), signals=False)).downstream
    return part


@pytest.fixture(scope="module")
def parts() -> list[DownstreamPart]:
    return [played(seed) for seed in range(1, 9)]


def assert_near(values: list[float], exact: float) -> None:
    """Require a difference within four standard errors of the mean over independent seeds, which must be small."""
    error = statistics.stdev(values) / math.sqrt(len(values))
    assert error < 0.1 * exact
    assert statistics.mean(values) == pytest.approx(exact, abs=4 * error)


def test_the_waits_are_those_of_m_m_c(parts: list[DownstreamPart]) -> None:
    free_rps = CONNECTIONS / SERVICE_S - RATE_RPS
    assert_near([part.wait.mean_s or 0.0 for part in parts], erlang_c() / free_rps)
    for share, name in ((0.95, "p95_s"), (0.99, "p99_s")):
        # P(wait > t) = C exp(-t (c mu - lambda))
        assert_near([getattr(part.wait, name) for part in parts], math.log(erlang_c() / (1 - share)) / free_rps)


def test_utilization_and_queue_are_those_of_m_m_c_and_of_littles_law(parts: list[DownstreamPart]) -> None:
    assert_near([part.utilization for part in parts], RATE_RPS * SERVICE_S / CONNECTIONS)
    assert_near([part.queue_mean for part in parts], erlang_c() * 0.75 / 0.25)
    for part in parts:
        assert part.queue_mean == pytest.approx(part.calls / 400 * (part.wait.mean_s or 0.0), rel=0.02)


def test_every_call_is_answered_and_counted_for_its_service(parts: list[DownstreamPart]) -> None:
    for part in parts:
        assert part.calls == part.answered == sum(part.by_service.values())
        assert part.by_service["two"] / part.by_service["one"] == pytest.approx(2, rel=0.15)
        assert (part.connections_max, part.rejected, part.timed_out, part.events[0].at_s < 20) == (4, 0, 0, True)
