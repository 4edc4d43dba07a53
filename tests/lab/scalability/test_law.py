"""The Universal Scalability Law: its peak is where a search over loads finds it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.lab.scalability.law import ScalabilityLaw


@given(rate=st.floats(0.1, 1000), contention=st.floats(0, 0.9), coherency=st.floats(1e-6, 0.1))
def test_no_load_has_more_throughput_than_the_peak(rate: float, contention: float, coherency: float) -> None:
    law = ScalabilityLaw(rate, contention, coherency)
    loads = np.geomspace(1, 5000, 20_000)

    assert law.throughput(loads).max() == pytest.approx(law.peak_throughput, rel=1e-5)


def test_amdahls_law_has_a_limit_and_no_peak() -> None:
    law = ScalabilityLaw(10.0, 0.05, 0.0)

    assert law.peak_load == math.inf
    assert law.peak_throughput == pytest.approx(law.throughput(np.array([1e9]))[0])
    assert ScalabilityLaw(10.0, 0.0, 0.0).peak_throughput == math.inf
