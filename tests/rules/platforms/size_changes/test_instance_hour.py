"""The price of an hour of an instance."""

from __future__ import annotations

import pytest

from simulator.model.sizes import InstanceSize
from simulator.rules.platforms.presets import platform_named
from simulator.rules.platforms.size_changes.instance_hour import instance_hour_usd


def test_an_hour_on_fargate_is_its_vcpu_and_memory() -> None:
    found = instance_hour_usd(platform_named("ecs-express").prices, InstanceSize(1024, 2048))
    assert found == pytest.approx(36.04 / 730, rel=1e-4)  # facts, ECS Express 6: 36.04 USD for 730 hours


def test_a_busy_hour_on_app_runner_contains_its_memory() -> None:
    found = instance_hour_usd(platform_named("app-runner").prices, InstanceSize(1024, 2048))
    assert found == pytest.approx(0.078)  # facts, ECS Express 6: 0.078 per hour


def test_machines_of_a_cluster_have_no_price_of_an_instance() -> None:
    assert instance_hour_usd(platform_named("knative").prices, InstanceSize()) is None
