"""The families of a fit have the mean and the spread that they are given, as the distributions of scenarios do."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.scenario.sections.distribution_spec import DistributionSpec
from simulator.world.random_streams import RandomStreams

LAWS = [
    TimeLaw(Family.CONSTANT, 0.02),
    TimeLaw(Family.UNIFORM, 0.02, 0.4),
    TimeLaw(Family.GAMMA, 0.02, 0.3),
    TimeLaw(Family.GAMMA, 0.02, 1.3),
    TimeLaw(Family.LOGNORMAL, 0.02, 0.8),
    TimeLaw(Family.WEIBULL, 0.02, 0.7),
    TimeLaw(Family.HYPEREXPONENTIAL, 0.02, 1.6),
    TimeLaw(Family.PARETO, 0.02, 0.4),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{law.family}-{law.cv:g}")
def test_quantiles_are_those_of_the_distribution_in_a_scenario(law: TimeLaw) -> None:
    drawn = DistributionSpec.model_validate(law.spec()).distribution.draw(RandomStreams(1).stream("laws"), 200_000)
    shares = np.array([0.05, 0.25, 0.5, 0.75, 0.95, 0.99])
    assert law.quantiles(shares) == pytest.approx(np.quantile(drawn, shares), rel=0.03, abs=1e-5)
    assert DistributionSpec.model_validate(law.spec()).distribution.mean == pytest.approx(law.mean_s, rel=1e-4)


@pytest.mark.parametrize("law", LAWS[1:], ids=lambda law: f"{law.family}-{law.cv:g}")
def test_probabilities_and_quantiles_are_inverse(law: TimeLaw) -> None:
    shares = np.linspace(0.05, 0.95, 7)
    assert law.share_below(law.quantiles(shares)) == pytest.approx(shares, abs=0.003)


def test_a_request_keeps_its_place_when_a_parameter_changes_a_little() -> None:
    z = RandomStreams(1).stream("laws").standard_normal(1000)
    near = TimeLaw(Family.GAMMA, 0.02, 0.5).at(z), TimeLaw(Family.GAMMA, 0.0202, 0.505).at(z)
    assert np.abs(near[1] / near[0] - 1).max() < 0.06
    assert np.array_equal(np.argsort(near[0]), np.argsort(near[1]))
