"""The identity of a caller and its condition keys."""

from __future__ import annotations

import pytest

from simulator.rules.iam.identity import IamIdentity
from simulator.rules.iam.managed_policies import MANAGED_POLICIES


def test_a_user_has_the_condition_keys_of_a_user() -> None:
    identity = IamIdentity("arn:aws:iam::123456789012:user/team/alice", tags={"team": "blue"})
    assert identity.keys("AKIA1") == {
        "aws:PrincipalTag/team": "blue",
        "aws:PrincipalAccount": "123456789012",
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalArn": "arn:aws:iam::123456789012:user/team/alice",
        "aws:PrincipalType": "User",
        "aws:username": "alice",
        "aws:userid": "AKIA1",
    }
    assert (identity.account, identity.user) == ("123456789012", "alice")


def test_a_session_of_a_role_has_no_user_name_and_the_arn_of_the_role() -> None:
    identity = IamIdentity("arn:aws:sts::123456789012:assumed-role/deploy/ci")
    keys = identity.keys("ASIA1")
    assert keys["aws:PrincipalArn"] == "arn:aws:iam::123456789012:role/deploy"
    assert keys["aws:PrincipalType"] == "AssumedRole"
    assert keys["aws:userid"] == "ASIA1:ci"
    assert "aws:username" not in keys


@pytest.mark.parametrize(
    "arn",
    ["alice", "arn:aws:iam::123456789012:role/deploy", "arn:aws:iam::1:user/alice", "arn:aws:iam::123456789012:user/"],
)
def test_an_arn_of_neither_a_user_nor_a_session_is_an_error(arn: str) -> None:
    with pytest.raises(ValueError, match=r"must be the ARN of a user or of a role's session, such as"):
        IamIdentity(arn)


def test_an_identity_is_limited_by_any_kind_of_policy() -> None:
    arn, policy = "arn:aws:iam::123456789012:user/alice", MANAGED_POLICIES["AWSAppRunnerFullAccess"]
    assert not IamIdentity(arn).is_limited
    assert IamIdentity(arn, (policy,)).is_limited
    assert IamIdentity(arn, boundary=policy).is_limited
    assert IamIdentity(arn, session_policies=(policy,)).is_limited
