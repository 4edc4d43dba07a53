"""The start of a task on Fargate: its stages, and the policies that have it."""

from __future__ import annotations

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.fargate_start import PULL_BYTES_PER_SECOND, fargate_actuator, fargate_start
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario
from simulator.traffic.policy_fit import sized_parameters

MB = 1024**2
ON_FARGATE = ("target-tracking", "step-scaling", "ecs-express", "aws-predictive")


@pytest.mark.parametrize(("quantile", "placement_s"), [(0.0, 18), (0.5, 21.5), (1.0, 25)])
def test_a_start_is_placement_and_the_size_of_the_image_over_the_rate(quantile: float, placement_s: float) -> None:
    law = fargate_start(240 * MB, 12 * MB)
    delays = law.delays((quantile,) * law.draws, from_zero=True)
    assert (delays.launch_s, delays.route_s) == pytest.approx((placement_s + 20, 0.0))
    assert law.launch_s == pytest.approx(41.5)


def test_without_an_image_a_start_is_the_placement() -> None:
    assert fargate_start(0, PULL_BYTES_PER_SECOND).launch_s == 21.5


def test_a_constant_lag_replaces_the_stages() -> None:
    actuator = fargate_actuator(7.0, 100 * MB, 12 * MB)
    assert (actuator.start_lag_s, actuator.start_law, actuator.startup_probe_s) == (7.0, None, 0.0)


@pytest.mark.parametrize("name", ON_FARGATE)
def test_policies_of_ecs_start_tasks_in_stages(name: str) -> None:
    kind = POLICIES[name]
    actuator = kind.build(kind.parameters(), AutoScalingConfiguration()).actuator
    assert actuator.start_law is not None
    assert actuator.start_lag_s == pytest.approx(21.5 + 100 / 12)
    with pytest.raises(ValueError, match="must be above 0"):
        kind.parameters(pull_bytes_per_second=0)


TEXT = """
duration: 60s
services:
  web:
    policy: {POLICY}
    application: {simulated: {io: 20msIMAGE}}
traffic: [{poisson: {rate: 1/s}}]
"""
IMAGE = ", image: {layers: {app: 50 MB}, bandwidth: 20 MB/s}"


def scenario_text(policy: str, image: str = "") -> str:
    return TEXT.replace("{POLICY}", policy).replace("IMAGE", image)


@pytest.mark.parametrize("name", ON_FARGATE)
def test_an_image_of_the_scenario_is_pulled_by_its_instances_and_not_twice(name: str) -> None:
    (service,) = read_scenario(scenario_text(name, IMAGE)).services.values()
    actuator = service.policy.kind.build(sized_parameters(service), service.scaling).actuator
    assert actuator.start_lag_s == 21.5


def test_size_and_rate_of_the_image_have_units_in_the_file() -> None:
    (service,) = read_scenario(scenario_text("{name: ecs-express, image: 300 MB, pull: 25 MB/s}")).services.values()
    assert service.policy.actuator(service.scaling).start_lag_s == pytest.approx(21.5 + 12)


def test_two_images_are_an_error() -> None:
    with pytest.raises(ScenarioError, match=r"policy\.image = 1 MB, must be left out"):
        read_scenario(scenario_text("{name: ecs-express, image: 1 MB}", IMAGE))
