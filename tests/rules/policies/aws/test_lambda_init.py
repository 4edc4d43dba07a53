"""The laws of Lambda's initialisation: every runtime has one, and images are slower and wider than archives."""

from __future__ import annotations

from typing import get_args

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.lambda_ import LambdaParameters, LambdaPolicy
from simulator.rules.policies.aws.lambda_init import MEDIANS, Architecture, Package, Runtime, init_law


def test_every_runtime_has_a_law_for_each_package_and_architecture() -> None:
    assert set(MEDIANS) == set(get_args(Runtime))
    laws = [
        init_law(runtime, package, architecture)
        for runtime in get_args(Runtime)
        for package in get_args(Package)
        for architecture in get_args(Architecture)
    ]
    assert all(0.01 < law.median_s < 0.5 for law in laws)
    assert all(0.9 < law.curve.mean < 2.0 for law in laws)


@pytest.mark.parametrize(
    ("runtime", "package", "median_s"),
    [
        ("nodejs22.x", "zip", 0.139),
        ("nodejs22.x", "image", 0.282),
        ("python3.13", "zip", 0.084),
        ("java21", "zip", 0.235),
    ],
)
def test_the_medians_are_those_of_the_fact_sheet(runtime: Runtime, package: Package, median_s: float) -> None:
    assert init_law(runtime, package).median_s == pytest.approx(median_s, rel=0.03)


@pytest.mark.parametrize("runtime", ["python3.13", "nodejs22.x", "java21", "rust"])
def test_images_are_wider_than_archives(runtime: Runtime) -> None:
    archive, image = init_law(runtime, "zip"), init_law(runtime, "image")
    assert image.curve.at(0.95) > 1.3 * archive.curve.at(0.95)


def test_a_policy_with_a_runtime_has_placement_then_initialisation() -> None:
    scaling = AutoScalingConfiguration(max_concurrency=1, min_size=0)
    actuator = LambdaPolicy(LambdaParameters(runtime="go", init_day_sd=0.0, placement_s=0.2), scaling).actuator
    law = actuator.start_law
    assert law is not None
    assert law.init is not None
    assert law.launch_s == 0.2
    assert actuator.start_lag_s == pytest.approx(0.2 + law.init.mean_s)
    delays = law.delays((0.5, 0.5, 0.5, 0.5), from_zero=True)
    assert (delays.launch_s, delays.route_s, delays.init_s) == (0.2, 0.0, 0.050)


def test_without_a_runtime_the_start_is_the_applications_own() -> None:
    scaling = AutoScalingConfiguration(max_concurrency=1, min_size=0)
    actuator = LambdaPolicy(LambdaParameters(), scaling).actuator
    assert (actuator.start_law, actuator.start_lag_s) == (None, 0.0)


def test_an_unknown_runtime_is_rejected_with_the_nearest_one() -> None:
    with pytest.raises(ValueError, match=r"^runtime = 'nodejs22', must be .*nodejs22\.x"):
        LambdaParameters(runtime="nodejs22")  # type: ignore[arg-type]
