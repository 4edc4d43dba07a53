"""Applications that use the CPU otherwise than by processor sharing, compared with closed forms.

Client, pool and instance of the platform work in virtual time.
"""

from __future__ import annotations

from typing import Any

import pytest

from simulator.fleet.simulated.application import SimulatedApplication
from simulator.lab.validate.queueing import CASES, LAWS, UNIT_S, Setup, findings, label, mean_wait_inside, settling
from simulator.lab.validate.stations import Observed, StationSetup
from simulator.model.sizes import InstanceSize
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.rules.stations.cpu_use import CpuOrder, CpuUse
from simulator.scenario.scenario import read_scenario
from simulator.world.distributions import Exponential
from tests.theory.test_queueing import missed

SIZES = {1: InstanceSize(1024, 2048), 2: InstanceSize(2048, 4096), 4: InstanceSize(4096, 8192)}
FCFS = [case for case in CASES if case["model"].startswith("M/G/1 FCFS")]


@pytest.mark.slow
@pytest.mark.parametrize("vcpus", [1, 4])
@pytest.mark.parametrize("case", FCFS, ids=label)
def test_an_event_loop_is_m_g_1_first_come_first_served(case: dict[str, float], vcpus: int) -> None:
    """Pollaczek and Khinchine, whatever the number of vCPUs."""
    application = SimulatedApplication(cpu=LAWS[str(case["service"])], cpu_use=CpuUse(CpuOrder.FIRST_COME, 1))
    station = StationSetup(case["lam"] / UNIT_S, application, slots=200, size=SIZES[vcpus])
    setup = Setup(station, {"mean_wait": wait_in_units}, settling(case["lam"], 1))
    expect = {"mean_wait": case["lam"] * (1 + case["cs2"]) / (2 * (1 - case["lam"]))}
    assert missed(list(findings(setup, expect, times=2, first_seed=7, error_share_max=0.1))) == []


@pytest.mark.slow
@pytest.mark.parametrize(("vcpus", "load"), [(2, 0.8), (4, 0.7)])
def test_vcpus_used_in_turn_are_m_m_c(vcpus: int, load: float) -> None:
    """Erlang's C, from Erlang's B by recursion."""
    application = SimulatedApplication(cpu=Exponential(UNIT_S), cpu_use=CpuUse(CpuOrder.FIRST_COME))
    station = StationSetup(load * vcpus / UNIT_S, application, slots=200, size=SIZES[vcpus])
    blocked = 1.0
    for servers in range(1, vcpus + 1):
        blocked = load * vcpus * blocked / (servers + load * vcpus * blocked)
    waits = blocked / (1 - load * (1 - blocked))
    setup = Setup(station, {"mean_wait": wait_in_units}, settling(load, vcpus))
    expect = {"mean_wait": waits / (vcpus * (1 - load))}
    assert missed(list(findings(setup, expect, times=4, first_seed=7, error_share_max=0.1))) == []


def wait_in_units(seen: Observed) -> float:
    return mean_wait_inside(seen) / UNIT_S


@pytest.mark.parametrize("quota", ["", "cpu_quota: {cores: 4},"])
@pytest.mark.parametrize("users", [1, 3, 4, 8])
def test_a_closed_population_has_the_throughput_of_the_scalability_law(users: int, quota: str) -> None:
    """X(N) = min(N, C) X(1) / (1 + sigma (N - 1) + kappa N (N - 1)), and the vCPUs are fully used beyond C users."""
    report = build_report(play(Run(read_scenario(closed(users, quota))), signals=False))
    [service] = report.services
    law = 1 + 0.1 * (users - 1) + 0.02 * users * (users - 1)
    # A user sends again after a millisecond.
    assert service.requests.served == pytest.approx(600 * min(users, 4) * 2 / law, rel=0.003, abs=users)


def closed(users: int, quota: str) -> str:
    return f"""
duration: 610s
warm_up: 10s
services:
  web:
    cpu: 4 vCPU
    memory: 8 GB
    max_concurrency: 100
    max_size: 1
    policy: fixed
    application: {{simulated: {{{quota} cpu: 500ms, contention: 10 %, coherency: 2 %}}}}
traffic:
  - closed: {{users: {users}, think_time: 0}}
"""


LIMITED = [case for case in CASES if case["model"].startswith("M/M/c/K")]


@pytest.mark.slow
@pytest.mark.parametrize("case", LIMITED, ids=label)
def test_workers_with_a_backlog_are_m_m_c_k(case: dict[str, Any]) -> None:
    workers, places = int(case["c"]), int(case["K"] - case["c"])
    application = SimulatedApplication(io=Exponential(UNIT_S / case["mu"]), workers=workers, backlog=places)
    station = StationSetup(case["lam"] / UNIT_S, application, slots=200)
    setup = Setup(station, {"p_refused": lambda seen: float((seen.status[seen.inside] == 503).mean())}, 500)
    expect = {"p_refused": case["expect"]["p_reject"]}
    assert missed(list(findings(setup, expect, times=2, first_seed=7, error_share_max=0.1))) == []
