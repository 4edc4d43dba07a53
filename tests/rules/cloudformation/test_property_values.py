"""Properties of App Runner's types, converted to requests of its API. Every property is a member of the API."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.api.service_model import service_model
from simulator.rules.cloudformation.functions import KNOWN_LATER
from simulator.rules.cloudformation.property_values import changed_properties, request_of
from simulator.rules.cloudformation.resource_types import RESOURCE_TYPES, Leaf, PropertyBlock, ResourceType
from simulator.rules.cloudformation.template_error import TemplateError

SERVICE = RESOURCE_TYPES["AWS::AppRunner::Service"]
SCALING = RESOURCE_TYPES["AWS::AppRunner::AutoScalingConfiguration"]
CONNECTOR = RESOURCE_TYPES["AWS::AppRunner::VpcConnector"]
IMAGE = {"ImageIdentifier": "public.ecr.aws/a/b:c", "ImageRepositoryType": "ECR_PUBLIC"}


def test_texts_numbers_pairs_and_tags_are_converted_to_those_of_the_api() -> None:
    configuration = {
        "Port": 8000,
        "RuntimeEnvironmentVariables": [{"Name": "A", "Value": 1}, {"Name": "B", "Value": True}],
    }
    request = request_of(
        SERVICE,
        "Service",
        {
            "SourceConfiguration": {
                "AutoDeploymentsEnabled": "false",
                "ImageRepository": IMAGE | {"ImageConfiguration": configuration},
            },
            "HealthCheckConfiguration": {"Interval": "5", "Timeout": 2.0},
            "Tags": [{"Key": "team", "Value": 7}],
        },
    )
    assert request == {
        "SourceConfiguration": {
            "AutoDeploymentsEnabled": False,
            "ImageRepository": IMAGE
            | {"ImageConfiguration": {"Port": "8000", "RuntimeEnvironmentVariables": {"A": "1", "B": "true"}}},
        },
        "HealthCheckConfiguration": {"Interval": 5, "Timeout": 2},
        "Tags": [{"Key": "team", "Value": "7"}],
    }


@pytest.mark.parametrize(
    ("kind", "properties", "message"),
    [
        (SERVICE, {}, "#: required key [SourceConfiguration] not found"),
        (CONNECTOR, {"Subnet": ["a"]}, "#: extraneous key [Subnet] is not permitted; did you mean `Subnets`?"),
        (SCALING, {"MaxSize": "many"}, "#/MaxSize: expected type: Integer, found: String"),
        (SCALING, {"MaxSize": True}, "#/MaxSize: expected type: Integer, found: Boolean"),
        (SCALING, {"MaxSize": None}, "#/MaxSize: expected type: Integer, found: Null"),
        (SCALING, {"Tags": {"a": "b"}}, "#/Tags: expected type: a list of Key and Value, found: JSONObject"),
        (SERVICE, {"SourceConfiguration": []}, "#/SourceConfiguration: expected type: JSONObject, found: JSONArray"),
        (
            SERVICE,
            {"SourceConfiguration": {"ImageRepository": {"ImageIdentifier": "a"}}},
            "#/SourceConfiguration/ImageRepository: required key [ImageRepositoryType] not found",
        ),
    ],
)
def test_an_invalid_property_is_an_error_with_the_text_of_aws(
    kind: ResourceType, properties: dict[str, Any], message: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        request_of(kind, "One", properties)
    head, *violations = str(caught.value).split("\n")
    assert head == "Properties validation failed for resource One with message:"
    assert message in violations


def test_a_value_known_later_is_accepted_for_any_type() -> None:
    assert request_of(SCALING, "One", {"MaxSize": KNOWN_LATER}) == {"MaxSize": KNOWN_LATER}


def test_changed_properties_are_those_that_differ() -> None:
    assert changed_properties(SCALING, {"MaxSize": 1, "MinSize": 1}, {"MaxSize": 2, "MinSize": 1}) == ("MaxSize",)
    assert changed_properties(SCALING, {"MaxSize": 1}, {}) == ("MaxSize",)


def mismatches(block: PropertyBlock, shape: str, path: str) -> list[str]:
    """Return the places at which the type's properties and the API's model differ."""
    shapes = service_model()["shapes"]
    members = shapes[shape]["members"]
    wrong = [f"{path}/{name}" for name in sorted(set(block.members) ^ set(members))]
    for name, member in block.members.items():
        below = shapes[members[name]["shape"]]
        if isinstance(member, PropertyBlock):
            wrong += mismatches(member, members[name]["shape"], f"{path}/{name}")
        else:
            kinds = {
                Leaf.STRING: "string",
                Leaf.INTEGER: "integer",
                Leaf.BOOLEAN: "boolean",
                Leaf.PAIRS: "map",
                Leaf.STRINGS: "list",
                Leaf.TAGS: "list",
            }
            wrong += [] if kinds[member] == below["type"] else [f"{path}/{name}: {below['type']}"]
    return wrong


@pytest.mark.parametrize("kind", RESOURCE_TYPES.values(), ids=lambda kind: kind.noun)
def test_the_properties_of_a_type_are_the_members_of_its_create_operation(kind: ResourceType) -> None:
    assert mismatches(kind.properties, f"Create{kind.noun}Request", "#") == []
    shapes = service_model()["shapes"]
    assert set(kind.create_only) <= set(kind.properties.members)
    assert set(kind.properties.required) <= set(kind.properties.members)
    assert set(kind.attributes) <= set(shapes[kind.noun]["members"])
    assert (f"Update{kind.noun}" in service_model()["operations"]) == kind.is_updatable
    if kind.is_updatable:
        updatable = set(shapes[f"Update{kind.noun}Request"]["members"])
        assert set(kind.properties.members) - kind.create_only == updatable - {kind.arn}
