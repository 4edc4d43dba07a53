"""Laws from requests that were sent one at a time: against scipy's estimates, and family by family."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.calibration.fitting.unloaded.columns import TimeColumn
from simulator.calibration.fitting.unloaded.laws import likely_laws, unloaded_laws
from simulator.calibration.fitting.unloaded.samples import RouteSamples, UnloadedSamples
from tests.calibration.fitting.unloaded.test_columns import drawn


def test_the_likeliest_gamma_law_is_that_of_scipy() -> None:
    times_s = drawn(TimeLaw(Family.GAMMA, 0.02, 0.6), count=800)
    shape, _, scale = scipy.stats.gamma.fit(times_s, floc=0.0)
    found = next(each.law for each in likely_laws(TimeColumn(times_s)) if each.law.family is Family.GAMMA)
    assert found.mean_s == pytest.approx(shape * scale, rel=0.01)
    assert found.cv == pytest.approx(shape**-0.5, rel=0.03)


@pytest.mark.parametrize(
    "law",
    [
        TimeLaw(Family.LOGNORMAL, 0.03, 0.9),
        TimeLaw(Family.UNIFORM, 0.03, 0.4),
        TimeLaw(Family.WEIBULL, 0.03, 0.3),
        TimeLaw(Family.HYPEREXPONENTIAL, 0.03, 2.0),
        TimeLaw(Family.PARETO, 0.03, 0.5),
    ],
    ids=lambda law: str(law.family),
)
def test_the_family_is_found(law: TimeLaw) -> None:
    found = likely_laws(TimeColumn(drawn(law, count=1500)))[0].law
    assert found.family is law.family
    assert found.mean_s == pytest.approx(law.mean_s, rel=0.15)
    assert found.cv == pytest.approx(law.cv, rel=0.15)


def test_a_constant_is_found() -> None:
    (found,) = likely_laws(TimeColumn(np.full(40, 0.02)))
    assert found.law.family is Family.CONSTANT
    assert found.law.mean_s == pytest.approx(0.02)


def test_latencies_alone_are_divided_in_half() -> None:
    """What of them is CPU time is for the load stages to say."""
    none = np.zeros(0)
    latency_s = drawn(TimeLaw(Family.LOGNORMAL, 0.05, 0.4), count=400)
    (laws,) = unloaded_laws(UnloadedSamples((RouteSamples(none, none, latency_s),), is_live=True))
    cpu, io = laws.cpu[0].law, laws.io[0].law
    assert cpu.mean_s + io.mean_s == pytest.approx(latency_s.mean(), rel=0.02)
    assert np.hypot(cpu.sd_s, io.sd_s) == pytest.approx(latency_s.std(), rel=0.1)
