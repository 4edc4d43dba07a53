"""The `instances` section of serve's configuration as settings of the workload."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from simulator.cli.front.scaling_section import ScalingSection
from simulator.cli.platform.instances_section import InstancesSection
from simulator.fleet.credentials.secrets import SecretsPlace
from simulator.fleet.process.throttling import Throttling
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.platform.service_workload import WorkloadSettings


def workload(profile: str, **given: Any) -> WorkloadSettings:
    return InstancesSection.model_validate(given).workload(
        profile, SecretsPlace(), ScalingSection(), "round-robin", {"shop": "random"}
    )


@pytest.mark.parametrize(("profile", "allowance_s"), [("instant", 60.0), ("app-runner", 300.0)])
def test_the_start_up_allowance_is_the_profiles_unless_given(profile: str, allowance_s: float) -> None:
    assert workload(profile).startup_allowance_s == allowance_s
    assert workload(profile, startup_allowance="90s").startup_allowance_s == 90.0


def test_an_instant_profile_probes_often_and_starts_without_delay() -> None:
    instant, real = workload("instant"), workload("app-runner")
    lags_s = [
        each.policy.build(InstanceSize(), AutoScalingConfiguration()).actuator.start_lag_s for each in (instant, real)
    ]
    assert (instant.startup_probe_s, lags_s[0]) == (0.02, 0.0)
    assert (real.startup_probe_s, lags_s[1]) == (None, 32.0)


def test_durations_and_throttling_are_passed_on() -> None:
    made = workload("instant", throttling="freeze", settle="3s", drain_timeout="7s", stop_grace="9s")
    assert made.throttling is Throttling.FREEZE
    assert (made.settle_s, made.drain_timeout_s, made.stop_grace_s) == (3.0, 7.0, 9.0)


def test_a_service_may_have_a_balancing_of_its_own() -> None:
    made = workload("instant")
    assert (made.balancing, made.balancing_of) == ("round-robin", {"shop": "random"})


def test_an_unknown_throttling_is_rejected() -> None:
    with pytest.raises(ValidationError, match="throttling"):
        workload("instant", throttling="half")
