"""The recorded cost of requests: the latencies by CPU time are those of a fixed number of pods."""

from __future__ import annotations

import pytest

from simulator.lab.validate.measured.kubernetes.day import CPU, POD
from simulator.lab.validate.measured.kubernetes.hpa_costs import LATENCY_MS, costs, cpu_of
from simulator.lab.validate.measured.played import PlayedScenario


def mean_latency_ms(cpu_ms: int) -> float:
    """Play 15 users on the 5 pods of the lowest level for half an hour."""
    text = f"""
duration: 30 min
services:
  pod:
    min_size: 5
    max_size: 5
    policy: {{name: fixed, instances: 5}}
{POD.replace(CPU, f"cpu: {cpu_ms}ms")}
traffic:
  - closed: {{users: 15, begin: request, think_time: {{uniform: {{low: 3s, high: 5s}}}}}}
"""
    return 1000 * float(PlayedScenario(text).latency_s.mean())


def test_the_cpu_time_of_the_lowest_level_has_its_latency() -> None:
    assert mean_latency_ms(117) == pytest.approx(LATENCY_MS[117], rel=0.03)
    assert LATENCY_MS[117] == pytest.approx(264, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("cpu_ms", LATENCY_MS)
def test_the_latencies_are_played(cpu_ms: int) -> None:
    assert mean_latency_ms(cpu_ms) == pytest.approx(LATENCY_MS[cpu_ms], rel=0.04)


def test_a_round_has_the_cpu_time_of_the_nearest_latency() -> None:
    assert [cpu_of(latency_ms) for latency_ms in (200, 240, 241, 264, 500)] == [104, 108, 112, 117, 152]
    chosen = list(costs())
    assert len(chosen) == 24 * 12
    rising = 116  # the first round with 25 users: 9.62 h, on the clock of the plots
    assert chosen[rising] == chosen[rising + 1] == cpu_of(288), "their latency is that of too few pods"
