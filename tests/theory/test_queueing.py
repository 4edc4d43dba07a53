"""Exact results of queueing theory, compared with client, pool and instance of the platform in virtual time.

The cases are those of `simulator validate`; lab/validate/queueing.py describes when a figure passes. If a verdict
changes with the code, the code has changed a random stream or has a bug; the slow version, with more requests and other
seeds, shows which.
"""

from __future__ import annotations

import pytest

from simulator.fleet.simulated.application import SimulatedApplication
from simulator.lab.validate.case import Finding
from simulator.lab.validate.queueing import (
    CASES,
    MODELS,
    UNIT_S,
    Setup,
    case_findings,
    findings,
    label,
    mean_in_system,
    settling,
)
from simulator.lab.validate.stations import StationSetup
from simulator.model.sizes import InstanceSize
from simulator.world.distributions import Distribution, Exponential, Hyperexponential

# The second case of each model, which is not the easiest. `simulator validate`, which CI runs in full, plays all.
ONE_OF_EACH = [[n for n, case in enumerate(CASES) if case["model"] == model][1] for model in MODELS]
LABELS = [label(CASES[number]) for number in ONE_OF_EACH]


def missed(found: list[Finding]) -> list[str]:
    return [str(finding) for finding in found if not finding.passed]


def test_there_are_24_cases() -> None:
    assert len(CASES) == 24


@pytest.mark.parametrize("number", ONE_OF_EACH, ids=LABELS)
def test_the_platform_is_the_station_that_theory_describes(number: int) -> None:
    assert missed(case_findings(number)) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", ONE_OF_EACH, ids=LABELS)
def test_the_same_with_more_requests_and_other_seeds(number: int) -> None:
    assert missed(case_findings(number, times=4, first_seed=10_000, error_share_max=0.15)) == []


@pytest.mark.parametrize(
    "distribution", [Exponential(UNIT_S), Hyperexponential(UNIT_S, 4)], ids=["exponential", "heavy tail"]
)
def test_two_vcpus_shared_by_exponential_requests_are_as_full_as_m_m_2(distribution: Distribution) -> None:
    """Capacitated processor sharing, the model of an instance. M/M/2 at 0.8: 2 x 0.8 / (1 - 0.8^2) = 4.444 present.

    The mean number present does not depend on the distribution (processor sharing with a limit per request is a
    symmetric queue), so it is the same with a heavy tail.
    """
    station = StationSetup(
        1.6 / UNIT_S, SimulatedApplication(cpu=distribution), slots=200, size=InstanceSize(2048, 4096)
    )
    setup = Setup(station, {"mean_in_system": mean_in_system}, settling(0.8, 2))
    exact = {"mean_in_system": 1.6 / (1 - 0.64)}
    assert missed(list(findings(setup, exact, times=1, first_seed=1, error_share_max=0.1))) == []
