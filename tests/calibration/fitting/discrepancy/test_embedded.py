"""The discrepancy of a model with known derivatives: as large as the differences that are not chance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.calibration.fitting.candidate import AppStructure, Coordinate, Kind, ModelCandidate
from simulator.calibration.fitting.discrepancy.embedded import Discrepancy, StageDifference, embedded
from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.world.random_streams import RandomStreams

CPU = Coordinate(Kind.CPU_MEAN)
IO = Coordinate(Kind.IO_MEAN)
STAGES = 400  # many, so that the estimate is close to the truth


def stages(cpu_sd: float, io_sd: float, chance_sd: float) -> list[StageDifference]:
    """Return stages with two figures: one is of the CPU time, four times as sensitive, the other of the I/O time."""
    rng = RandomStreams(1).stream("stages")
    slopes = np.array([[4.0, 0.0], [0.0, 1.0]])
    found = []
    for _ in range(STAGES):
        parameters = rng.standard_normal(2) * [cpu_sd, io_sd]
        apart = slopes @ parameters + chance_sd * rng.standard_normal(2)
        found.append(StageDifference(apart, np.full(2, chance_sd**2), slopes))
    return found


def test_the_variation_of_the_parameters_comes_back() -> None:
    found = embedded(stages(cpu_sd=0.05, io_sd=0.1, chance_sd=0.02), [CPU, IO])
    assert found.deviations[0] == pytest.approx(0.05, rel=0.1)
    assert found.deviations[1] == pytest.approx(0.1, rel=0.1)
    assert found.deviations[2:] == (0.0, 0.0)  # nothing depends on calls and spreads


def test_differences_that_are_chance_are_no_discrepancy() -> None:
    found = embedded(stages(cpu_sd=0.0, io_sd=0.0, chance_sd=0.1), [CPU, IO])
    assert max(found.deviations) < 0.03


def test_parameters_of_the_members_vary_by_students_t() -> None:
    law = TimeLaw(Family.GAMMA, 0.01, 0.5)
    best = ModelCandidate(AppStructure(), (law, law), (TimeLaw(Family.CONSTANT, 0.05),) * 2)
    members = Discrepancy((0.1, 0.0, 0.0, 0.0), stages=6).varied([best] * 400, seed=3)
    logs = np.log([member.cpu[0].mean_s / 0.01 for member in members])
    # 2.5706 is the 97.5 % quantile of Student's t with 5 degrees of freedom (Abramowitz and Stegun, table 26.10)
    assert np.quantile(logs, (0.025, 0.5, 0.975)) / 0.1 == pytest.approx([-2.5706, 0.0, 2.5706], abs=0.06)
    for member in members:  # one factor for all routes, and no other parameter
        assert math.isclose(member.cpu[0].mean_s, member.cpu[1].mean_s)
        assert [member.io[0].mean_s, member.cpu[0].cv] == pytest.approx([0.05, 0.5])


def test_factors_of_different_groups_are_independent() -> None:
    best = ModelCandidate(AppStructure(), (TimeLaw(Family.CONSTANT, 0.01),), (TimeLaw(Family.CONSTANT, 0.05),))
    members = Discrepancy((0.1, 0.1, 0.0, 0.0), stages=30).varied([best] * 1000, seed=3)
    cpu, io = (np.log([getattr(member, name)[0].mean_s for member in members]) for name in ("cpu", "io"))
    assert abs(float(np.corrcoef(cpu, io)[0, 1])) < 0.1


def test_the_deviations_are_told_from_one_percent() -> None:
    assert Discrepancy((0.042, 0.004, 0.0, 0.3), stages=6).text == "CPU times by 4.2 %, spreads of times by 30 %"
    assert Discrepancy((0.001, 0.004, 0.0, 0.0), stages=6).text == ""


def test_in_another_run_mean_times_differ_by_three_percent_more() -> None:
    found = Discrepancy((0.04, 0.0, 0.0, 0.2), stages=6).in_another_run()
    assert found.deviations == pytest.approx((0.05, 0.03, 0.03, 0.2))
