"""Fits of the Universal Scalability Law, compared with scipy's `curve_fit` and with the law that made the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from simulator.lab.scalability.fit import ErrorModel, LawKind, fitted_scalability
from simulator.lab.scalability.law import Floats, ScalabilityLaw
from simulator.lab.validate.measured.scalability import DATA_SETS, DataSet, measured


def law(load: Floats, rate: float, contention: float, coherency: float) -> Floats:
    found: Floats = rate * load / (1 + contention * (load - 1) + coherency * load * (load - 1))
    return found


@pytest.mark.parametrize("data", DATA_SETS, ids=lambda data: data.name)
@pytest.mark.parametrize("errors", ErrorModel)
def test_the_fit_is_that_of_curve_fit(data: DataSet, errors: ErrorModel) -> None:
    loads, throughputs = measured(data)
    values, function = throughputs, law
    if errors is ErrorModel.RELATIVE:
        values, function = np.log(throughputs), lambda *each: np.log(law(*each))

    bounds = ([0, 0, 0], [np.inf, 1, np.inf])
    start = [throughputs[0], 0.01, 1e-5]
    expected, _ = curve_fit(function, loads, values, p0=start, bounds=bounds, x_scale=start, ftol=1e-14, xtol=1e-14)

    found = fitted_scalability(loads, throughputs, LawKind.USL, errors)

    np.testing.assert_allclose(found.law, expected, rtol=1e-3, atol=1e-8)
    assert found.squares <= np.square(function(loads, *expected) - values).sum() * (1 + 1e-9)


@given(rate=st.floats(1, 1000), contention=st.floats(0.001, 0.2), coherency=st.floats(1e-5, 1e-3))
def test_exact_throughputs_give_their_coefficients_back(rate: float, contention: float, coherency: float) -> None:
    loads = np.array([1.0, 8, 16, 32, 64, 128, 256])

    found = fitted_scalability(loads, law(loads, rate, contention, coherency))

    np.testing.assert_allclose(found.law, ScalabilityLaw(rate, contention, coherency), rtol=1e-5)


@pytest.mark.parametrize("errors", ErrorModel)
def test_a_coefficient_that_the_data_do_not_need_is_exactly_zero(errors: ErrorModel) -> None:
    loads = np.array([1.0, 2, 4, 8, 16])

    line = fitted_scalability(loads, 3 * loads, LawKind.USL, errors)
    amdahl = fitted_scalability(loads, law(loads, 3, 0.1, 0), LawKind.USL, errors)

    assert line.law == pytest.approx((3, 0, 0), abs=0)
    assert amdahl.law[:2] == pytest.approx((3, 0.1))
    assert amdahl.law.coherency == 0


def test_the_likelihood_is_that_of_the_normal_distribution() -> None:
    loads, throughputs = measured(DATA_SETS[0])
    absolute, relative = (fitted_scalability(loads, throughputs, LawKind.USL, each) for each in ErrorModel)

    spread = np.sqrt(absolute.squares / len(loads))
    differences = throughputs - absolute.law.throughput(loads)
    densities = np.exp(-np.square(differences / spread) / 2) / (spread * np.sqrt(2 * np.pi))
    assert absolute.log_likelihood(throughputs) == pytest.approx(np.log(densities).sum())
    spread = np.sqrt(relative.squares / len(loads))
    ratios = np.log(throughputs / relative.law.throughput(loads))
    densities = np.exp(-np.square(ratios / spread) / 2) / (throughputs * spread * np.sqrt(2 * np.pi))
    assert relative.log_likelihood(throughputs) == pytest.approx(np.log(densities).sum())
