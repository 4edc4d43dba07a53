"""Sizes of policies: counted without white space, with AWS's limits."""

from __future__ import annotations

import json

from simulator.rules.iam.policy import IamPolicy
from simulator.rules.iam.policy_document import parse_policy
from simulator.rules.iam.policy_size import MANAGED_MAX, SESSION_MAX, characters_of, size_problem

STATEMENT = {"Effect": "Allow", "Action": "apprunner:*", "Resource": "*"}


def test_white_space_between_values_is_not_counted() -> None:
    text = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"apprunner:*","Resource":"*"}]}'
    document = json.loads(json.dumps(json.loads(text), indent=8))
    assert characters_of(document) == len(text) == parse_policy(document, "a.json").characters


def test_the_limit_applies_to_all_policies_together_and_may_be_reached() -> None:
    half = IamPolicy("half", (), characters=SESSION_MAX // 2)
    assert size_problem([half, half], SESSION_MAX) == ""
    more = IamPolicy("more", (), characters=SESSION_MAX // 2 + 1)
    assert size_problem([half, more], SESSION_MAX) == "at most 2,048 characters without white space, not 2,049"


def test_a_policy_of_many_statements_is_too_large() -> None:
    document = {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Sid": f"s{number}"} for number in range(100)]}
    assert size_problem([parse_policy(document, "a.json")], MANAGED_MAX).startswith("at most 6,144 characters")
