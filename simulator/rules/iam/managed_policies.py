"""AWS's managed policies for App Runner, by name (facts 12.1)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from simulator.rules.iam.policy import IamPolicy
from simulator.rules.iam.policy_document import parse_policy

_ROLE: Final = "arn:aws:iam::*:role/aws-service-role/"
_DOCUMENTS: Final[Mapping[str, Any]] = {
    "AWSAppRunnerFullAccess": {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "iam:CreateServiceLinkedRole",
                "Resource": [
                    f"{_ROLE}apprunner.amazonaws.com/AWSServiceRoleForAppRunner",
                    f"{_ROLE}networking.apprunner.amazonaws.com/AWSServiceRoleForAppRunnerNetworking",
                ],
                "Condition": {
                    "StringLike": {
                        "iam:AWSServiceName": ["apprunner.amazonaws.com", "networking.apprunner.amazonaws.com"]
                    }
                },
            },
            {
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": "*",
                "Condition": {"StringLike": {"iam:PassedToService": "apprunner.amazonaws.com"}},
            },
            {"Sid": "AppRunnerAdminAccess", "Effect": "Allow", "Action": "apprunner:*", "Resource": "*"},
        ],
    },
    "AWSAppRunnerReadOnlyAccess": {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["apprunner:List*", "apprunner:Describe*"], "Resource": "*"},
        ],
    },
}

MANAGED_POLICIES: Final[Mapping[str, IamPolicy]] = MappingProxyType(
    {name: parse_policy(document, name) for name, document in _DOCUMENTS.items()}
)
