from __future__ import annotations

import numpy as np
import pytest

from simulator.lab.validate.measured import scalability
from simulator.lab.validate.measured.scalability import RAY_TRACER, SPEC_SDM91


def test_the_published_peak_of_spec_sdm91_is_found() -> None:
    law = scalability.fitted(*scalability.measured(SPEC_SDM91))

    assert law.peak_load == pytest.approx(96.5, rel=0.001)  # the sheet's own


@pytest.mark.slow
def test_every_figure_of_the_case_is_within_its_tolerance() -> None:
    assert [str(finding) for finding in scalability.findings() if not finding.passed] == []
    loads, throughputs = scalability.simulated(RAY_TRACER)
    law = scalability.fitted(*scalability.measured(RAY_TRACER))
    np.testing.assert_allclose(throughputs, law.throughput(loads), rtol=0.005)
