"""Access requests created from condition keys in any case."""

from __future__ import annotations

from simulator.rules.iam.access_request import EVERY_RESOURCE, AccessRequest


def test_keys_are_case_insensitive_and_a_text_is_one_value() -> None:
    request = AccessRequest.of("apprunner:TagResource", "arn", {"aws:TagKeys": ["a", "B"], "AWS:UserName": "Alice"})
    assert request.context == {"aws:tagkeys": ("a", "B"), "aws:username": ("Alice",)}


def test_a_request_without_a_resource_has_the_resource_star() -> None:
    assert AccessRequest("apprunner:ListServices").resource == EVERY_RESOURCE == "*"
