from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from simulator.lab.validate.measured import scalability
from simulator.lab.validate.measured.scalability import DATA_SETS, RAY_TRACER, SPEC_SDM91, Coefficients, DataSet


@pytest.mark.parametrize("data", DATA_SETS, ids=lambda data: data.name)
def test_the_fit_is_that_of_scipy(data: DataSet) -> None:
    loads, throughputs = scalability.measured(data)

    def law(load: np.ndarray, rate: float, contention: float, coherency: float) -> np.ndarray:
        found: np.ndarray = rate * load / (1 + contention * (load - 1) + coherency * load * (load - 1))
        return found

    bounds = ([0, 0, 0], [np.inf, np.inf, np.inf])
    expected, _ = curve_fit(law, loads, throughputs, p0=[throughputs[0], 0.01, 1e-5], bounds=bounds)

    np.testing.assert_allclose(scalability.fitted(loads, throughputs), expected, rtol=2e-4, atol=1e-7)


@given(rate=st.floats(1, 1000), contention=st.floats(0.001, 0.2), coherency=st.floats(1e-5, 1e-3))
def test_exact_throughputs_give_their_coefficients_back(rate: float, contention: float, coherency: float) -> None:
    loads = np.array([1.0, 8, 16, 32, 64, 128, 256])
    given_law = Coefficients(rate, contention, coherency)

    found = scalability.fitted(loads, scalability.throughput(loads, given_law))

    np.testing.assert_allclose(found, given_law, rtol=1e-5)


def test_the_published_peak_of_spec_sdm91_is_found() -> None:
    law = scalability.fitted(*scalability.measured(SPEC_SDM91))

    # the sheet's own: N = 96.5, by the derivative of the law
    assert np.sqrt((1 - law.contention) / law.coherency) == pytest.approx(96.5, rel=0.001)


@pytest.mark.slow
def test_every_figure_of_the_case_is_within_its_tolerance() -> None:
    assert [str(finding) for finding in scalability.findings() if not finding.passed] == []
    loads, throughputs = scalability.simulated(RAY_TRACER)
    law = scalability.fitted(*scalability.measured(RAY_TRACER))
    np.testing.assert_allclose(throughputs, scalability.throughput(loads, law), rtol=0.005)
