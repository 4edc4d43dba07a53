"""Candidates: their distributions have the percentiles that they were given, in the scenario's own words."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.calibration.from_metrics.candidate import CandidateModel
from simulator.rules.stations.cpu_use import CpuOrder
from simulator.scenario.sections.application_spec import ApplicationSpec

CANDIDATE = CandidateModel(0.018, 0.5, (0.06, 0.16, 0.25), 8, CpuOrder.FIRST_COME, 1)


def test_the_time_without_cpu_has_its_percentiles() -> None:
    values = CANDIDATE.io_values()

    assert np.all(np.diff(values) >= 0)
    assert np.quantile(values, [0.5, 0.95], method="inverted_cdf") == pytest.approx([0.06, 0.16], rel=0.02)
    # the last of 50 equal shares is the 99th percentile
    assert values[-1] == pytest.approx(0.25, rel=0.01)


def test_the_application_is_one_of_a_scenario_file() -> None:
    simulated = ApplicationSpec.model_validate(CANDIDATE.application()).simulated

    assert simulated is not None
    assert simulated.cpu.distribution.mean == pytest.approx(0.018)
    assert (simulated.workers, simulated.cpu_order, simulated.parallelism) == (8, CpuOrder.FIRST_COME, 1)
    assert simulated.io.distribution.mean == pytest.approx(CANDIDATE.io_values().mean(), rel=1e-4)


def test_moved_percentiles_stay_in_order_and_positive() -> None:
    moved = CANDIDATE.moved(np.array([0.05, -0.1, -0.2]))

    assert moved.io_s == pytest.approx((0.11, 0.11, 0.11))
    assert CANDIDATE.moved(np.array([-1.0, 0.0, 0.0])).io_s[0] > 0
