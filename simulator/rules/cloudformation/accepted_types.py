"""Resource types of other AWS services that a stack may contain without effect: they get names, ARNs and attributes
only.

Templates that contain App Runner services usually also contain roles, repositories and log groups. The simulator does
not simulate those services; a stack with such a type fails unless the type is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from simulator.rules.cloudformation.template_error import TemplateError


class Owner(NamedTuple):
    """The account and the Region of a stack."""

    account: str
    region: str


@dataclass(frozen=True, slots=True)
class _Form:
    """How the values of a resource type are formed.

    `name` is the property with the resource's name, `ref` the value of Ref, `attributes` the values of Fn::GetAtt.
    `ref` and `attributes` may contain {name}, {path}, {account}, {region} and the names of properties.
    """

    name: str = ""
    ref: str = "{name}"
    attributes: Mapping[str, str] = field(default_factory=dict)


_FORMS: Final[Mapping[str, _Form]] = MappingProxyType(
    {
        "AWS::IAM::Role": _Form(
            "RoleName", attributes={"Arn": "arn:aws:iam::{account}:role{path}{name}", "RoleId": "AROA{name}"}
        ),
        "AWS::IAM::Policy": _Form("PolicyName"),
        "AWS::IAM::ManagedPolicy": _Form(
            "ManagedPolicyName",
            ref="arn:aws:iam::{account}:policy{path}{name}",
            attributes={"PolicyArn": "arn:aws:iam::{account}:policy{path}{name}"},
        ),
        "AWS::ECR::Repository": _Form(
            "RepositoryName",
            attributes={
                "Arn": "arn:aws:ecr:{region}:{account}:repository/{name}",
                "RepositoryUri": "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
            },
        ),
        "AWS::Logs::LogGroup": _Form(
            "LogGroupName", attributes={"Arn": "arn:aws:logs:{region}:{account}:log-group:{name}:*"}
        ),
        "AWS::SSM::Parameter": _Form("Name", attributes={"Type": "{Type}", "Value": "{Value}"}),
        "AWS::SecretsManager::Secret": _Form(
            "Name",
            ref="arn:aws:secretsmanager:{region}:{account}:secret:{name}",
            attributes={"Id": "arn:aws:secretsmanager:{region}:{account}:secret:{name}"},
        ),
        "AWS::EC2::SecurityGroup": _Form("GroupName", attributes={"GroupId": "{name}"}),
        "AWS::CDK::Metadata": _Form(),
        "AWS::CloudFormation::WaitConditionHandle": _Form(),
    }
)

# App Runner's API uses only the names of roles and policies, and the last two types have no effect on AWS either.
ALWAYS_ACCEPTED: Final = frozenset(
    {
        "AWS::CDK::Metadata",
        "AWS::CloudFormation::WaitConditionHandle",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
    }
)


def accepted_name(kind: str, properties: Mapping[str, Any]) -> str:
    """Return the name that the properties give to a resource; empty if it must be generated."""
    member = _FORMS.get(kind, _Form()).name
    return str(properties.get(member, "")) if member else ""


def accepted_values(kind: str, name: str, properties: Mapping[str, Any], owner: Owner) -> tuple[str, dict[str, str]]:
    """Return the value of Ref and the attributes of a resource that belongs to the account and Region of `owner`."""
    form = _FORMS.get(kind, _Form())
    given = {each: str(value) for each, value in properties.items() if isinstance(value, str | int | float)}
    values = {"Type": "", "Value": ""} | given | owner._asdict() | {"name": name, "path": given.get("Path", "/")}
    return form.ref.format_map(values), {each: text.format_map(values) for each, text in form.attributes.items()}


def unknown_attribute(kind: str, logical_id: str, name: str) -> TemplateError:
    """Return the error for an Fn::GetAtt of an attribute that the resource type does not have."""
    return TemplateError(f"Template error: resource {logical_id} of type {kind} does not support attribute type {name}")
