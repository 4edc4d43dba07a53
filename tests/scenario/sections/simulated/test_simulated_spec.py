from __future__ import annotations

import pytest

from simulator.fleet.simulated.application import Failures, SimulatedApplication
from simulator.model.text import units
from simulator.replay.service_plans import service_plans
from simulator.rules.stations.cpu_use import ALL_SHARED, CpuOrder, CpuUse
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.world.clock import ClockKind


def scenario(simulated: str) -> ScenarioSpec:
    return read_scenario(f"duration: 9s\nservices: {{web: {{application: {{simulated: {simulated}}}}}}}\n")


def application_of(simulated: str) -> SimulatedApplication:
    (plan,) = service_plans(scenario(simulated), ClockKind.VIRTUAL)
    assert isinstance(plan.application, SimulatedApplication)
    return plan.application


def test_a_simulated_application_may_fail_in_many_ways() -> None:
    application = application_of(
        "{failures: {crash_share: 0.1 %, exit_code: 3, memory: 300 MB, ignores_sigterm: true}}"
    )
    expected = Failures(crash_share=0.001, exit_code=3, memory_bytes=units.parse_bytes("300 MB"), ignores_sigterm=True)
    assert application.failures == expected


def test_an_application_says_how_its_code_uses_the_cpu() -> None:
    assert application_of("{cpu: 1ms}").cpu_use == ALL_SHARED
    told = application_of("{cpu_order: first_come, parallelism: 2, contention: 2 %, coherency: 0.001}")
    assert told.cpu_use == CpuUse(CpuOrder.FIRST_COME, 2, 0.02, 0.001)
    assert application_of("{cpu: 1ms, cpu_visits: 10}").cpu_use == CpuUse(visits=10)


@pytest.mark.parametrize(
    ("simulated", "expected"),
    [
        ("{cpu_order: first-come}", "cpu_order = first-come, must be shared or first_come; did you mean `first_come`?"),
        ("{cpu_order: fifo}", "must be shared or first_come"),
        ("{parallelism: 0}", "parallelism = 0, must be at least 1"),
        ("{parallelism: 1.5}", "parallelism = 1.5, must be a whole number"),
        ("{cpu_visits: 0}", "cpu_visits = 0, must be at least 1"),
        ("{cpu_visits: 2000}", "cpu_visits = 2000, must be at most 1000"),
        ("{cpu_visit: 3}", "did you mean `cpu_visits`"),
        ("{backlog: 3}", "backlog = 3, must be left out without workers"),
        ("{workers: 2, backlog: -1}", "backlog = -1, must be at least 0"),
        ("{paralelism: 1}", "did you mean `parallelism`"),
        ("{contention: -1}", "contention = -1, must be at least 0"),
        ("{coherency: .inf}", "coherency = .inf, must be a number"),
    ],
)
def test_an_error_names_the_key_and_what_is_expected(simulated: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as error:
        scenario(simulated)
    assert expected in str(error.value)


def test_the_usable_vcpus_are_limited_by_the_parallelism() -> None:
    for text, expected in (("{cpu: 1ms}", 4.0), ("{parallelism: 3}", 3.0), ("{parallelism: 9}", 4.0)):
        simulated = scenario(text).services["web"].application.simulated
        assert simulated is not None
        assert simulated.cpu_use.usable(4.0) == expected
