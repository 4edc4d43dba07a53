"""The platform behaviour that a policy selects."""

from __future__ import annotations

import pytest

from simulator.rules.admission import Overflow
from simulator.rules.platforms.behaviour import behaviour_of, preset_behaviour
from simulator.rules.platforms.presets import PLATFORMS


@pytest.mark.parametrize("name", [name for name in PLATFORMS if PLATFORMS[name].policy == name])
def test_the_policy_of_a_preset_selects_the_behaviour_of_the_preset(name: str) -> None:
    preset = PLATFORMS[name]
    behaviour = behaviour_of(preset.policy)
    assert behaviour == preset_behaviour(preset)
    assert behaviour is not None
    assert (behaviour.preset, behaviour.overflow) == (preset.name, preset.overflow)


def test_target_tracking_selects_no_load_balancer() -> None:
    assert behaviour_of(PLATFORMS["ecs-fargate"].policy) is None


def test_scale_per_request_queues_as_lambda_does() -> None:
    assert behaviour_of("scale-per-request") == preset_behaviour(PLATFORMS["lambda"])


def test_the_http_add_on_queues_for_twenty_seconds() -> None:
    behaviour = behaviour_of("keda-http")
    assert behaviour is not None
    assert behaviour.overflow == Overflow(20.0, 10_000)
    assert (behaviour.preset, behaviour.balancing) == ("", None)


@pytest.mark.parametrize("name", ["fixed", "scheduled", "holt-winters", "mpc", "hpa", "unknown"])
def test_a_policy_for_any_platform_keeps_the_scenarios_settings(name: str) -> None:
    assert behaviour_of(name) is None
