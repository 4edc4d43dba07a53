"""Tests of the throughput of a closed network: against the law, closed forms, and runs of the simulator."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from simulator.calibration.scalability.closed_network import ClosedNetwork, NetworkKind, fitted_network
from simulator.lab.scalability.fit import ErrorModel
from simulator.lab.scalability.law import ScalabilityLaw
from simulator.replay.runner import Run, play
from simulator.scenario.scenario import read_scenario

LOADS = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])


def test_with_a_processor_for_each_request_it_is_the_scalability_law() -> None:
    law = ScalabilityLaw(90.0, 0.03, 0.0005)
    network = ClosedNetwork(1 / 90, 0.0, 0.03, 0.0005)
    assert network.throughput(LOADS, 64) == pytest.approx(law.throughput(LOADS))


def test_with_one_processor_it_is_the_machine_repairmans() -> None:
    """Erlang's loss formula gives the share of time in which no request computes."""
    cpu_s, io_s = 0.010, 0.070
    for load in (1, 3, 12):
        offered = io_s / cpu_s
        idle = offered**load / math.factorial(load) / sum(offered**n / math.factorial(n) for n in range(load + 1))
        (found,) = ClosedNetwork(cpu_s, io_s).throughput(np.array([float(load)]), 1.0)
        assert found == pytest.approx((1 - idle) / cpu_s)


def test_a_part_of_a_vcpu_is_a_slower_processor_and_many_requests_are_no_problem() -> None:
    assert ClosedNetwork(0.01, 0.0).throughput(LOADS, 0.25) == pytest.approx(np.full(6, 25.0))
    assert ClosedNetwork(0.01, 1.0).throughput(np.array([5000.0]), 1.0)[0] == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("network", "vcpu", "users"),
    [(ClosedNetwork(0.010, 0.030, 0.05, 0.004), 1, 6), (ClosedNetwork(0.020, 0.015, 0.02, 0.01), 2, 5)],
)
def test_a_run_with_as_many_users_has_this_throughput(network: ClosedNetwork, vcpu: int, users: int) -> None:
    simulated = {
        "cpu": {"exponential": f"{network.cpu_s}s"},
        "io": {"exponential": f"{network.io_s}s"},
        "contention": network.contention,
        "coherency": network.coherency,
    }
    duration_s = 120
    scenario = {
        "version": 1,
        "duration": f"{duration_s}s",
        "services": {"app": {"cpu": 1024 * vcpu, "memory": 4096, "application": {"simulated": simulated}}},
        "traffic": [{"closed": {"users": users, "think_time": "0ms"}}],
    }
    record = play(Run(read_scenario(json.dumps(scenario))), signals=False)
    served_rps = record.stats_by_source.whole().served / duration_s
    (expected,) = network.throughput(np.array([float(users)]), float(vcpu))
    assert served_rps == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("errors", list(ErrorModel))
def test_a_fit_to_exact_throughputs_returns_the_network(errors: ErrorModel) -> None:
    network = ClosedNetwork(0.010, 0.030, 0.1, 0.002)
    found = fitted_network(LOADS, network.throughput(LOADS, 1.0), 1.0, NetworkKind.COHERENCY, errors, None)
    assert found.network == pytest.approx(network, rel=1e-3)
    assert found.coefficients == 4
