"""Requests that compute in several parts, compared with closed forms.

Client, pool and instance of the platform work in virtual time.
"""

from __future__ import annotations

import numpy as np
import pytest

from simulator.fleet.simulated.application import SimulatedApplication
from simulator.lab.validate.queueing import UNIT_S, Setup, findings, settling
from simulator.lab.validate.stations import StationSetup
from simulator.rules.stations.cpu_use import CpuOrder, CpuUse
from simulator.world.distributions import Constant, Distribution, Exponential, Hyperexponential
from tests.theory.test_cpu_use import wait_in_units
from tests.theory.test_queueing import missed


def waits_of_visits(load: float, visits: int) -> list[float]:
    """Return the mean waits of the visits 1 to k of M/D/1 with feedback to the end of the line, in CPU times of a
    request.

    A visit needs s = 1/k. An arrival finds, by Poisson arrivals see time averages and Little's law, load/k x W(p)
    requests in line for their visit p, and one in service for that visit with probability load/k. At its visit i those
    are still before it that have i visits left at least, and all that have arrived since: load/k x (W(c) + s) in each
    earlier visit c.
    """
    s, rate = 1 / visits, load
    coefficients, constants = np.eye(visits), np.zeros(visits)
    for i in range(visits):
        left = visits - i  # visits 1 to `left` have i + 1 left at least
        coefficients[i, :left] -= rate * s
        coefficients[i, :i] -= rate * s
        # the rest of the visit in service, or the whole next visit of that request; and the arrivals
        constants[i] = load * s / 2 if i == 0 else s * rate * s * left
        constants[i] += rate * s * s * i
    waits: list[float] = np.linalg.solve(coefficients, constants).tolist()
    return waits


def test_the_recursion_has_the_known_limits() -> None:
    for load in (0.3, 0.8):
        assert sum(waits_of_visits(load, 1)) == pytest.approx(load / (2 * (1 - load))), "Pollaczek and Khinchine"
        assert sum(waits_of_visits(load, 200)) == pytest.approx(load / (1 - load), rel=0.02), "processor sharing"


@pytest.mark.slow
@pytest.mark.parametrize(("visits", "load"), [(2, 0.7), (5, 0.8)])
def test_visits_to_an_event_loop_are_m_d_1_with_feedback(visits: int, load: float) -> None:
    application = SimulatedApplication(cpu=Constant(UNIT_S), cpu_use=CpuUse(CpuOrder.FIRST_COME, 1, visits=visits))
    station = StationSetup(load / UNIT_S, application, slots=200)
    setup = Setup(station, {"mean_wait": wait_in_units}, settling(load, 1))
    expect = {"mean_wait": sum(waits_of_visits(load, visits))}
    assert missed(list(findings(setup, expect, times=4, first_seed=7, error_share_max=0.1))) == []


@pytest.mark.slow
@pytest.mark.parametrize("law", [Exponential(UNIT_S), Hyperexponential(UNIT_S, 4)], ids=["exponential", "hyperexp"])
def test_with_shared_vcpus_the_mean_does_not_depend_on_the_visits(law: Distribution) -> None:
    """Processor sharing and delays are symmetric queues, insensitive to more than the means (Kelly)."""
    io_s, load = 3 * UNIT_S, 0.7
    application = SimulatedApplication(cpu=law, io=Exponential(io_s), cpu_use=CpuUse(visits=4))
    station = StationSetup(load / UNIT_S, application, slots=200)
    setup = Setup(station, {"mean": lambda seen: float(seen.latency_s[seen.inside].mean()) / UNIT_S}, 2000)
    expect = {"mean": 1 / (1 - load) + 3}
    assert missed(list(findings(setup, expect, times=2, first_seed=7, error_share_max=0.1))) == []
