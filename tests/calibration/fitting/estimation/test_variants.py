"""Candidates with another limit keep what is known of the sum of their times."""

from __future__ import annotations

import pytest

from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.estimation.variants import has_same_mechanisms, with_integer
from simulator.calibration.fitting.laws import Family, TimeLaw

CPU = TimeLaw(Family.GAMMA, 0.01, 0.5)
IO = TimeLaw(Family.LOGNORMAL, 0.08, 0.4)
CALL = TimeLaw(Family.LOGNORMAL, 0.02, 0.5)
POOLED = ModelCandidate(AppStructure(pool=2, pool_routes=(1,)), (CPU, CPU), (IO, IO), CALL)


@pytest.mark.parametrize("pool", [1, 3, 4])
def test_another_pool_has_the_same_capacity_and_the_same_sum_of_times(pool: int) -> None:
    other = with_integer(POOLED, "pool", pool)
    assert other.call is not None
    assert pool / other.call.mean_s == pytest.approx(2 / CALL.mean_s)
    assert other.io[0] == IO  # a route that does not use the pool
    assert other.io[1].mean_s + other.call.mean_s == pytest.approx(IO.mean_s + CALL.mean_s)
    assert other.io[1].sd_s ** 2 + other.call.sd_s**2 == pytest.approx(IO.sd_s**2 + CALL.sd_s**2)


def test_other_limits_are_no_other_mechanisms() -> None:
    assert has_same_mechanisms(POOLED, with_integer(POOLED, "pool", 5))
    assert not has_same_mechanisms(POOLED, ModelCandidate(AppStructure(), (CPU, CPU), (IO, IO)))
    for_all = ModelCandidate(AppStructure(pool=2), (CPU, CPU), (IO, IO), CALL)
    assert not has_same_mechanisms(POOLED, for_all)
