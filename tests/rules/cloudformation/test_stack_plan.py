"""Plans: the changes that a template makes to the resources of a stack."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from simulator.rules.cloudformation.stack_plan import (
    ChangeAction,
    ResourceChange,
    StackValues,
    changes,
    evaluation_of,
    output_values,
    unsupported,
)
from simulator.rules.cloudformation.template import Template
from simulator.rules.cloudformation.template_error import TemplateError

TEMPLATE = """
Parameters: {{Size: {{Type: Number, Default: 3}}, Live: {{Type: String, Default: 'yes'}}}}
Conditions: {{IsLive: !Equals [!Ref Live, 'yes']}}
Resources:
  Scaling:
    Type: AWS::AppRunner::AutoScalingConfiguration
    Properties: {{AutoScalingConfigurationName: busy, MaxSize: !Ref Size}}
  Service:
    Type: AWS::AppRunner::Service
    Condition: IsLive
    Properties:
      ServiceName: shop
      AutoScalingConfigurationArn: !Ref Scaling
      InstanceConfiguration: {{Cpu: {cpu}}}
      SourceConfiguration: {{AutoDeploymentsEnabled: false}}
Outputs:
  Url: {{Condition: IsLive, Value: !GetAtt Service.ServiceUrl, Export: {{Name: !Sub '${{Size}}-url'}}}}
"""


@dataclass(frozen=True)
class Had:
    type: str
    physical_id: str
    request: dict[str, Any]
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        return self.physical_id


SCALING = Had(
    "AWS::AppRunner::AutoScalingConfiguration", "arn:scaling", {"AutoScalingConfigurationName": "busy", "MaxSize": 3}
)
SERVICE = Had(
    "AWS::AppRunner::Service",
    "arn:service",
    {
        "ServiceName": "shop",
        "AutoScalingConfigurationArn": "arn:scaling",
        "InstanceConfiguration": {"Cpu": "1024"},
        "SourceConfiguration": {"AutoDeploymentsEnabled": False},
    },
    {"ServiceUrl": "x.awsapprunner.com"},
)
BOTH = {"Scaling": SCALING, "Service": SERVICE}


def planned(present: dict[str, Had], *, cpu: str = "1024", **parameters: str) -> list[ResourceChange]:
    template = Template.parse(TEMPLATE.format(cpu=cpu))
    values = StackValues(present, template, set())
    given = {"Size": "3", "Live": "yes"} | parameters
    evaluation = evaluation_of(template, given, {}, values, lambda name: name)
    return changes(template, evaluation, values, present)


def short(found: list[ResourceChange]) -> list[tuple[str, str, bool]]:
    return [(str(each.action), each.logical_id, each.replaces) for each in found]


def test_a_new_stack_adds_its_resources_in_the_order_of_their_dependencies() -> None:
    assert short(planned({})) == [("Add", "Scaling", False), ("Add", "Service", False)]


def test_the_same_template_has_no_changes() -> None:
    assert planned(BOTH) == []


def test_a_changed_property_modifies_its_resource_in_place() -> None:
    (change,) = planned(BOTH, cpu="2048")
    assert (change.action, change.logical_id, change.replaces) == (ChangeAction.MODIFY, "Service", False)
    assert change.properties == ("InstanceConfiguration",)
    assert change.physical_id == "arn:service"


def test_a_replacement_modifies_the_resources_that_refer_to_it() -> None:
    found = planned(BOTH, Size="5")
    assert short(found) == [("Modify", "Scaling", True), ("Modify", "Service", False)]
    assert found[0].properties == ("MaxSize",)
    assert found[1].properties == ("AutoScalingConfigurationArn",)


def test_a_resource_whose_condition_is_false_is_removed() -> None:
    assert short(planned(BOTH, Live="no")) == [("Remove", "Service", False)]


def test_a_changed_type_of_a_resource_is_an_error() -> None:
    with pytest.raises(TemplateError, match=r"Update of resource type is not permitted.*\[Scaling\]"):
        planned({"Scaling": SERVICE})


@pytest.mark.parametrize(("live", "outputs"), [("yes", [("Url", "x.awsapprunner.com", "3-url")]), ("no", [])])
def test_only_outputs_whose_condition_is_true_have_values(live: str, outputs: list[tuple[str, str, str]]) -> None:
    template = Template.parse(TEMPLATE.format(cpu=256))
    values = StackValues(BOTH, template)
    evaluation = evaluation_of(template, {"Size": "3", "Live": live}, {}, values, lambda name: name)
    assert [(each.name, each.value, each.export) for each in output_values(template, evaluation)] == outputs


@pytest.mark.parametrize("name", ["Url", "Arn", "serviceUrl"])
def test_an_attribute_that_the_type_lacks_is_an_error(name: str) -> None:
    template = Template.parse(TEMPLATE.format(cpu=256))
    with pytest.raises(TemplateError, match=f"does not support attribute type {name}"):
        StackValues(BOTH, template).attribute("Service", name)


def test_types_that_are_neither_simulated_nor_accepted_are_unsupported() -> None:
    text = "Resources: {A: {Type: AWS::S3::Bucket}, B: {Type: AWS::IAM::Role}, C: {Type: AWS::AppRunner::Service}}"
    assert unsupported(Template.parse(text), {"AWS::IAM::Role"}) == ["AWS::S3::Bucket"]
