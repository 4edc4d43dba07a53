"""The managed policies by name; their decisions are in the table of cases."""

from __future__ import annotations

from simulator.rules.iam.managed_policies import MANAGED_POLICIES


def test_managed_policies_have_their_names_and_no_warnings() -> None:
    assert sorted(MANAGED_POLICIES) == ["AWSAppRunnerFullAccess", "AWSAppRunnerReadOnlyAccess"]
    assert all(policy.name == name and not policy.warnings for name, policy in MANAGED_POLICIES.items())
