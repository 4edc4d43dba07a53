"""Service times at light load, split into CPU time and the rest: their sum has the measured distribution."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.calibration.from_logs.service_law import LightLaw
from simulator.scenario.sections.application_spec import ApplicationSpec

TIMES_S = np.random.Generator(np.random.PCG64(1)).lognormal(np.log(0.08), 0.5, 4_000)


@pytest.mark.parametrize(("cpu_share", "cv"), [(0.0, 0.0), (0.2, 0.0), (0.2, 0.5), (0.5, 0.5)])
def test_the_sum_of_both_parts_has_the_measured_distribution(cpu_share: float, cv: float) -> None:
    law = LightLaw.of(TIMES_S)

    simulated = ApplicationSpec.model_validate({"simulated": law.split(cpu_share * law.mean_s, cv)}).simulated

    assert simulated is not None
    rng = np.random.Generator(np.random.PCG64(2))
    sums = simulated.cpu.distribution.draw(rng, 50_000) + simulated.io.distribution.draw(rng, 50_000)
    assert sums.mean() == pytest.approx(TIMES_S.mean(), rel=0.01)
    assert np.quantile(sums, [0.5, 0.95]) == pytest.approx(np.quantile(TIMES_S, [0.5, 0.95]), rel=0.03)
    assert simulated.cpu.distribution.mean == pytest.approx(cpu_share * law.mean_s, rel=1e-4)


def test_the_interval_of_the_median_covers_it_in_95_of_100_samples() -> None:
    rng = np.random.Generator(np.random.PCG64(5))
    intervals = [LightLaw.of(rng.lognormal(0.0, 1.0, 300)).interval(0.5) for _ in range(200)]

    assert np.mean([low <= 1 <= high for low, high in intervals]) == pytest.approx(0.95, abs=0.04)
