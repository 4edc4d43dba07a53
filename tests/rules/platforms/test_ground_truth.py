"""The table of platforms and policies that a case compares with measurements, which must agree with the cases."""

from __future__ import annotations

from simulator.lab.validate.case import OBSERVED
from simulator.lab.validate.validate import all_cases
from simulator.rules.platforms.ground_truth import (
    PLATFORM_CASES,
    POLICY_CASES,
    has_ground_truth,
    without_ground_truth,
)
from simulator.rules.platforms.presets import PLATFORMS
from simulator.rules.policies.registry import POLICIES

# Policies that represent no platform, so there is nothing to measure.
GENERIC = {"fixed", "scheduled", "holt-winters", "mpc", "oracle"}


def test_every_platform_and_every_policy_of_a_platform_is_in_the_table() -> None:
    assert set(PLATFORM_CASES) == set(PLATFORMS)
    assert set(POLICY_CASES) == set(POLICIES) - GENERIC


def test_the_table_has_exactly_the_observed_cases() -> None:
    named = {number for numbers in (*PLATFORM_CASES.values(), *POLICY_CASES.values()) for number in numbers}
    assert named == {case.number for case in all_cases() if case.evidence in OBSERVED}


def test_a_platform_without_a_case_has_no_ground_truth_and_a_baseline_needs_none() -> None:
    platforms, policies = without_ground_truth()
    assert platforms == [name for name, cases in PLATFORM_CASES.items() if not cases]
    assert "fly" in policies
    assert not GENERIC & set(policies)
    assert has_ground_truth(POLICY_CASES, "fixed")
    assert has_ground_truth(PLATFORM_CASES, "app-runner")
