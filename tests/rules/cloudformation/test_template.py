"""Templates: sections, references and the order of resources; errors with AWS's text."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.cloudformation.stack_plan import StackValues, changes, evaluation_of, output_values
from simulator.rules.cloudformation.template import PSEUDO_PARAMETERS, Template, TemplateResource, in_order
from simulator.rules.cloudformation.template_error import TemplateError

GOOD = """
AWSTemplateFormatVersion: 2010-09-09
Description: a shop
Parameters:
  Level: {Type: String, Default: info}
Mappings: {Sizes: {small: {cpu: 256}}}
Conditions:
  IsDebug: !Equals [!Ref Level, debug]
Resources:
  Service:
    Type: AWS::AppRunner::Service
    DependsOn: Network
    Condition: IsDebug
    DeletionPolicy: Retain
    Properties:
      ServiceName: !Sub '${AWS::StackName}-${Level}'
      AutoScalingConfigurationArn: !GetAtt Scaling.AutoScalingConfigurationArn
  Scaling: {Type: AWS::AppRunner::AutoScalingConfiguration}
  Network: {Type: AWS::AppRunner::VpcConnector}
Outputs:
  Url: {Value: !Sub 'https://${Service.ServiceUrl}', Export: {Name: !Sub '${AWS::StackName}-url'}}
"""


def test_a_template_is_parsed_into_its_sections_and_the_order_of_its_resources() -> None:
    template = Template.parse(GOOD)
    assert template.description == "a shop"
    assert template.resources["Service"].needs == {"Network", "Scaling"}
    assert template.resources["Service"].deletion_policy == "Retain"
    assert template.resources["Service"].condition == "IsDebug"
    assert in_order(template.resources)[-1] == "Service"
    assert in_order(template.resources, {"Service", "Network"}) == ["Network", "Service"]
    assert [each.name for each in template.outputs] == ["Url"]
    assert template.capabilities() == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Description: a shop", "Descripton: a", "Invalid template property or properties [Descripton]"),
        ("2010-09-09", "2011-01-01", "2011-01-01 is not a supported value."),
        ("Description: a shop", "Transform: AWS::Serverless-2016-10-31", "Transform is not supported here"),
        ("DependsOn: Network", "DependsOn: Net", "Unresolved resource dependencies [Net] in the Resources block"),
        ("!GetAtt Scaling.", "!GetAtt Scalin.", "Unresolved resource dependencies [Scalin] in the Resources block"),
        ("${Service.ServiceUrl}", "${Servic.Url}", "Unresolved resource dependencies [Servic] in the Outputs block"),
        ("${Level}", "${Leve}", "Unresolved resource dependencies [Leve] in the Resources block of the template"),
        ("Condition: IsDebug", "Condition: IsLive", "Unresolved condition IsLive in the template"),
        ("!Ref Level, debug", "!Ref Service, debug", "Unresolved dependencies [Service]. Cannot reference resources"),
        ("{Type: AWS::AppRunner::VpcConnector}", "{Typ: a}", "Invalid template resource property 'Typ'"),
        ("{Type: AWS::AppRunner::VpcConnector}", "{}", "Every Resources object must contain a Type member."),
        ("{Type: AWS::AppRunner::VpcConnector}", "a", "[/Resources/Network] resource definition is malformed"),
        ("  Network: {", "  Net-work: {", "Resource name Net-work is non alphanumeric."),
        ("DeletionPolicy: Retain", "DeletionPolicy: Keep", "DeletionPolicy of Service must be one of"),
        ("DependsOn: Network", "DependsOn: Service", "Circular dependency between resources: [Service]"),
        (
            "{Type: AWS::AppRunner::VpcConnector}",
            "{Type: AWS::AppRunner::VpcConnector, DependsOn: [Service]}",
            "Circular dependency between resources: [Service, Network]",
        ),
        ("Value: !Sub", "Valu: !Sub", "Every Outputs member must contain a Value object"),
        ("{Name: !Sub '${AWS::StackName}-url'}", "{}", "Export of output Url must contain a Name."),
        ("Mappings: {Sizes: {small: {cpu: 256}}}", "Mappings: [a]", "Mappings must be a mapping."),
        ("{Type: String, Default: info}", "{Type: Strin}", "Unrecognized parameter type: Strin"),
        ("{Type: String, Default: info}", "{Default: info}", "Every Parameters object must contain a Type member."),
        ("{Type: String, Default: info}", "{Type: String, Defalt: a}", "Invalid template parameter property 'Defalt'"),
    ],
)
def test_an_invalid_template_is_an_error_with_the_text_of_aws(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(TemplateError) as caught:
        Template.parse(GOOD.replace(old, new))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("properties", "capabilities"),
    [({}, ("CAPABILITY_IAM",)), ({"RoleName": "shop"}, ("CAPABILITY_NAMED_IAM",))],
)
def test_resources_of_iam_need_a_capability(properties: dict[str, Any], capabilities: tuple[str, ...]) -> None:
    text = f"Resources: {{Role: {{Type: AWS::IAM::Role, Properties: {properties}}}}}"
    assert Template.parse(text).capabilities() == capabilities


@given(st.dictionaries(st.integers(0, 12), st.sets(st.integers(0, 12), max_size=4), min_size=1))
def test_an_order_puts_each_resource_after_those_that_it_needs(graph: dict[int, set[int]]) -> None:
    resources = {
        f"R{name}": TemplateResource(f"R{name}", "T", {}, frozenset(f"R{each}" for each in needs if each in graph))
        for name, needs in graph.items()
    }
    try:
        order = in_order(resources)
    except TemplateError as error:
        circle = str(error).partition("[")[2].rstrip("]").split(", ")
        assert all(after in resources[name].needs for name, after in zip(circle, [*circle[1:], circle[0]], strict=True))
    else:
        assert sorted(order) == sorted(resources)
        assert all(order.index(each) < order.index(name) for name in order for each in resources[name].needs)


SCALING = {"Type": "AWS::AppRunner::AutoScalingConfiguration"}


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"AWSTemplateFormatVersion": ["2010-09-09"]}, "is not a supported value"),
        ({"Parameters": {"P": {"Type": "String", "AllowedValues": 1.5}}}, "AllowedValues must be a list"),
        ({"Parameters": {"P": {"Type": "String", "MaxLength": "inf"}}}, "MaxLength must be an integer"),
        ({"Parameters": {"P": {"Type": ["String"]}}}, "Unrecognized parameter type"),
        ({"Metadata": 10**30}, "is out of the range of integers"),
        ({"Metadata": {"a": [float("inf")]}}, "is not a number of JSON"),
        ({"Metadata": {"\ud800": 1}}, "not valid Unicode"),
        ({"Metadata": nested(101)}, "nested too deep"),
        ({"Resources": {"A": SCALING | {"Properties": nested(900)}}}, "nested too deep"),
    ],
)
def test_values_that_no_template_has_are_errors(content: dict[str, Any], told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        Template.parse(json.dumps({"Resources": {"A": SCALING}} | content))


FUNCTIONS = (
    "Ref",
    "Fn::GetAtt",
    "Fn::Sub",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::FindInMap",
    "Fn::If",
    "Fn::Cidr",
)
SCALARS = st.sampled_from([None, True, 0, 1.5, "", "A", "P", "A.Latest", "${A}", "${", "AWS::NoValue", "AWS::Region"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*FUNCTIONS, "Condition", "x"]), inner, max_size=2)
    ),
    max_leaves=8,
)


@given(VALUES, VALUES, VALUES, VALUES)
def test_any_values_are_a_plan_or_a_template_error(one: Any, two: Any, three: Any, four: Any) -> None:
    properties = one if isinstance(one, dict) else {"MaxSize": one, "Tags": two}
    content = {
        "Parameters": {"P": {"Type": "CommaDelimitedList", "Default": "1,2"}},
        "Conditions": {"C": {"Fn::Equals": [two, three]}, "D": three},
        "Resources": {
            "A": SCALING | {"Properties": properties},
            "B": {"Type": "AWS::AppRunner::Service", "Properties": {"SourceConfiguration": four}, "DependsOn": two},
        },
        "Outputs": {"O": {"Value": four, "Export": three}},
    }
    with contextlib.suppress(TemplateError):
        template = Template.parse(json.dumps(content))
        values = StackValues({}, template, set())
        pseudo = dict.fromkeys(PSEUDO_PARAMETERS, "x")
        evaluation = evaluation_of(template, {"P": "1,2"}, pseudo, values, lambda name: name)
        changes(template, evaluation, values, {})
        output_values(template, evaluation)
