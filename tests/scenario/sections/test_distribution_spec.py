"""Distributions as written in a file."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from simulator.scenario.sections.distribution_spec import DistributionSpec
from simulator.world import distributions


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("80ms", distributions.Constant(0.08)),
        (0, distributions.Constant(0.0)),
        ({"constant": "1s"}, distributions.Constant(1.0)),
        ({"uniform": {"low": "1s", "high": "3s"}}, distributions.Uniform(1.0, 3.0)),
        ({"exponential": "80ms"}, distributions.Exponential(0.08)),
        ({"lognormal": {"mean": "80ms", "sd": "20ms"}}, distributions.LogNormal.of_mean(0.08, 0.02)),
        ({"lognormal": {"median": "1s", "p95": "2s"}}, distributions.LogNormal.of_median(1.0, 2.0)),
        ({"gamma": {"mean": "2s", "sd": "1s"}}, distributions.Gamma(2.0, 1.0)),
        ({"weibull": {"shape": 0.5, "scale": "1s"}}, distributions.Weibull(0.5, 1.0)),
        ({"hyperexponential": {"mean": "1s", "cv2": 4}}, distributions.Hyperexponential(1.0, 4.0)),
        ({"pareto": {"shape": 2, "scale": "1s"}}, distributions.Pareto(2.0, 1.0)),
        ({"pareto": {"shape": 2, "mean": "2s"}}, distributions.Pareto.of_mean(2.0, 2.0)),
    ],
)
def test_a_form_is_its_distribution(written: Any, expected: distributions.Distribution) -> None:
    assert DistributionSpec.model_validate(written).distribution == expected


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({}, "must be one duration or exactly one of"),
        ({"constant": "1s", "exponential": "1s"}, "must be one duration or exactly one of"),
        ({"lognormal": {"mean": "1s", "p95": "2s"}}, "by mean and sd, or by median and p95"),
        ({"pareto": {"shape": 2}}, "by shape and one of mean and scale"),
        ({"pareto": {"shape": 2, "mean": "1s", "scale": "1s"}}, "by shape and one of mean and scale"),
        ({"uniform": {"low": "3s", "high": "1s"}}, "must be"),
        ({"hyperexponential": {"mean": "1s", "cv2": 0.5}}, "greater than or equal to 1"),
        ({"empirical": []}, "at least 1"),
    ],
)
def test_another_form_is_rejected(written: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DistributionSpec.model_validate(written)
