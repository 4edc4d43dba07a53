"""Profile intervals, compared with a search over a grid, and with the laws that made the data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import f

from simulator.calibration.scalability.intervals import ProfileIntervals
from simulator.lab.scalability.fit import ErrorModel, LawKind, fitted_scalability
from simulator.lab.scalability.law import ScalabilityLaw
from simulator.lab.validate.measured.scalability import RAY_TRACER, SPEC_SDM91, DataSet, measured


@pytest.mark.parametrize("data", [SPEC_SDM91, RAY_TRACER], ids=lambda data: data.name)
def test_the_intervals_are_those_of_a_grid(data: DataSet) -> None:
    """With relative errors the best rate is a mean, and the bounds of the rate follow from it: a grid of the other two
    coefficients is enough.
    """
    loads, throughputs = measured(data)
    fitted = fitted_scalability(loads, throughputs, LawKind.USL, ErrorModel.RELATIVE)
    contention, coherency = np.meshgrid(np.linspace(0, 0.1, 401), np.linspace(0, 4e-4, 401), indexing="ij")
    shape = (slice(None), None, None)
    growth = np.log(loads[shape] / (1 + contention * (loads[shape] - 1) + coherency * (loads * (loads - 1))[shape]))
    differences = np.log(throughputs)[shape] - growth
    squares = differences.var(axis=0) * len(loads)
    freedom = len(loads) - 3
    limit = squares.min() * (1 + f.ppf(0.95, 1, freedom) / freedom)
    plausible = squares <= limit
    middle, half = differences.mean(axis=0)[plausible], np.sqrt((limit - squares[plausible]) / len(loads))
    least_rates, most_rates = np.exp(middle - half), np.exp(middle + half)

    found = ProfileIntervals(loads, throughputs, fitted).ranges()

    assert found.rate == pytest.approx((least_rates.min(), most_rates.max()), rel=0.01)
    assert found.contention == pytest.approx((contention[plausible].min(), contention[plausible].max()), abs=5e-4)
    assert found.coherency == pytest.approx((coherency[plausible].min(), coherency[plausible].max()), abs=2e-6)
    with np.errstate(divide="ignore"):
        peaks = np.sqrt((1 - contention[plausible]) / coherency[plausible])
    assert found.peak_load == pytest.approx((peaks.min(), peaks.max()), rel=0.02)
    of_one = np.array(
        [
            ScalabilityLaw(1, *each).peak_throughput
            for each in zip(contention[plausible], coherency[plausible], strict=True)
        ]
    )
    assert found.peak_throughput == pytest.approx(((least_rates * of_one).min(), (most_rates * of_one).max()), rel=0.01)


def test_throughputs_without_a_limit_have_no_upper_bounds() -> None:
    loads = np.array([1.0, 2, 4, 8, 16, 32])
    throughputs = 5 * loads * np.array([1.01, 0.98, 1.02, 0.99, 1.0, 1.01])
    fitted = fitted_scalability(loads, throughputs, LawKind.USL, ErrorModel.RELATIVE)

    found = ProfileIntervals(loads, throughputs, fitted).ranges()

    assert 5 in found.rate
    assert found.contention.low == found.coherency.low == 0
    assert found.peak_load.high == found.peak_throughput.high == math.inf
    assert found.peak_load.low > 32


@pytest.mark.slow
@pytest.mark.parametrize("errors", ErrorModel)
def test_intervals_cover_the_law_in_95_of_100_data_sets(errors: ErrorModel) -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    loads = np.array([1.0, 4, 8, 16, 32, 64, 96, 128, 192])
    covered = []
    for _ in range(200):
        law = ScalabilityLaw(rng.uniform(10, 100), rng.uniform(0.005, 0.05), 10 ** rng.uniform(-4.5, -3.5))
        exact, noise = law.throughput(loads), rng.normal(0, 0.03, len(loads))
        throughputs = exact * np.exp(noise) if errors is ErrorModel.RELATIVE else exact + noise * exact[1]
        fitted = fitted_scalability(loads, throughputs, LawKind.USL, errors)
        covered.append(ProfileIntervals(loads, throughputs, fitted).is_plausible(law))

    # 200 trials with the probability 0.95 have a standard deviation of 1.5 %.
    assert np.mean(covered, axis=0) == pytest.approx(0.95, abs=0.04)
