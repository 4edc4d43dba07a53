"""The table of actions, compared with the service model: every operation has its action, level and keys."""

from __future__ import annotations

import pytest

from simulator.api.service_model import Schema
from simulator.rules.iam.actions import ACTIONS, KNOWN_KEYS, AccessLevel

OPERATIONS = sorted(name for name, facts in ACTIONS.items() if facts.is_operation)


def test_every_operation_of_the_service_model_has_an_action() -> None:
    schema = Schema()
    assert len(OPERATIONS) == 37
    assert all(schema.knows(name) for name in OPERATIONS)
    assert not any(schema.knows(name) for name in set(ACTIONS) - set(OPERATIONS))


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_access_level_follows_from_the_name_except_for_tags(name: str) -> None:
    level = ACTIONS[name].level
    by_name = {"List": AccessLevel.LIST, "Describe": AccessLevel.READ}
    expected = next((each for start, each in by_name.items() if name.startswith(start)), AccessLevel.WRITE)
    expected = {
        "ListTagsForResource": AccessLevel.READ,
        "TagResource": AccessLevel.TAGGING,
        "UntagResource": AccessLevel.TAGGING,
    }.get(name, expected)
    assert level is expected


def test_an_action_without_a_resource_takes_no_key_of_a_resource() -> None:
    without = {name for name, facts in ACTIONS.items() if not facts.resource}
    assert without == {
        "ListAutoScalingConfigurations",
        "ListConnections",
        "ListObservabilityConfigurations",
        "ListServices",
        "ListVpcConnectors",
        "ListVpcIngressConnections",
    }
    assert all(ACTIONS[name].keys == () for name in without)


def test_the_keys_of_the_service_are_those_of_the_reference() -> None:
    assert [key for key in KNOWN_KEYS if key.startswith("apprunner:")] == [
        "apprunner:AutoScalingConfigurationArn",
        "apprunner:ConnectionArn",
        "apprunner:ObservabilityConfigurationArn",
        "apprunner:ServiceArn",
        "apprunner:VpcConnectorArn",
        "apprunner:VpcEndpointId",
        "apprunner:VpcId",
    ]
