"""App Runner's actions: the resource that each is checked on, and its condition keys (facts 12.1)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from simulator.model.resources.arn import (
    AUTO_SCALING,
    CONNECTION,
    OBSERVABILITY,
    SERVICE,
    VPC_CONNECTOR,
    VPC_INGRESS,
)

PREFIX: Final = "apprunner:"
PASS_ROLE: Final = "iam:PassRole"  # noqa: S105 an action, not a password
PASSED_TO: Final = "iam:PassedToService"
TAG_RESOURCE: Final = "TagResource"

ANY_KIND: Final = "any"  # the resource of TagResource, UntagResource and ListTagsForResource
RESOURCE_TAG: Final = "aws:ResourceTag/${TagKey}"
REQUEST_TAG: Final = "aws:RequestTag/${TagKey}"
TAG_KEYS: Final = "aws:TagKeys"
AUTO_SCALING_KEY: Final = "apprunner:AutoScalingConfigurationArn"
CONNECTION_KEY: Final = "apprunner:ConnectionArn"
OBSERVABILITY_KEY: Final = "apprunner:ObservabilityConfigurationArn"
VPC_CONNECTOR_KEY: Final = "apprunner:VpcConnectorArn"
SERVICE_KEY: Final = "apprunner:ServiceArn"
VPC_ID_KEY: Final = "apprunner:VpcId"
VPC_ENDPOINT_KEY: Final = "apprunner:VpcEndpointId"


class AccessLevel(StrEnum):
    """The access level of an action, as in AWS's service authorization reference."""

    LIST = "List"
    READ = "Read"
    WRITE = "Write"
    TAGGING = "Tagging"


class ActionFacts(NamedTuple):
    """The properties of an action.

    `resource` is the kind of its required resource; it is empty if the action has none and is checked on `*`. `keys`
    are its condition keys in addition to the global ones. `is_operation` is False if the API has no operation of that
    name. `creates` is True if the action creates the resource, whose ARN then has no id yet.
    """

    level: AccessLevel
    resource: str = ""
    keys: tuple[str, ...] = ()
    creates: bool = False
    is_operation: bool = True


_TAGGED: Final = (RESOURCE_TAG, REQUEST_TAG, TAG_KEYS)
_OF_SERVICE: Final = (AUTO_SCALING_KEY, CONNECTION_KEY, OBSERVABILITY_KEY, VPC_CONNECTOR_KEY)


def _on(level: AccessLevel, resource: str, *keys: str, is_operation: bool = True) -> ActionFacts:
    return ActionFacts(level, resource, (RESOURCE_TAG, *keys), is_operation=is_operation)


def _creates(resource: str, *keys: str) -> ActionFacts:
    return ActionFacts(AccessLevel.WRITE, resource, (*_TAGGED, *keys), creates=True)


_LIST, _READ, _WRITE, _TAGGING = AccessLevel
_LIST_ALL: Final = ActionFacts(AccessLevel.LIST)

ACTIONS: Final[Mapping[str, ActionFacts]] = MappingProxyType(
    {
        "AssociateCustomDomain": _on(_WRITE, SERVICE),
        "AssociateWebAcl": _on(_WRITE, SERVICE, is_operation=False),
        "CreateAutoScalingConfiguration": _creates(AUTO_SCALING),
        "CreateConnection": _creates(CONNECTION),
        "CreateObservabilityConfiguration": _creates(OBSERVABILITY),
        "CreateService": _creates(SERVICE, *_OF_SERVICE),
        "CreateVpcConnector": _creates(VPC_CONNECTOR),
        "CreateVpcIngressConnection": _creates(VPC_INGRESS, SERVICE_KEY, VPC_ENDPOINT_KEY, VPC_ID_KEY),
        "DeleteAutoScalingConfiguration": _on(_WRITE, AUTO_SCALING),
        "DeleteConnection": _on(_WRITE, CONNECTION),
        "DeleteObservabilityConfiguration": _on(_WRITE, OBSERVABILITY),
        "DeleteService": _on(_WRITE, SERVICE),
        "DeleteVpcConnector": _on(_WRITE, VPC_CONNECTOR),
        "DeleteVpcIngressConnection": _on(_WRITE, VPC_INGRESS),
        "DescribeAutoScalingConfiguration": _on(_READ, AUTO_SCALING),
        "DescribeCustomDomains": _on(_READ, SERVICE),
        "DescribeObservabilityConfiguration": _on(_READ, OBSERVABILITY),
        "DescribeOperation": _on(_READ, SERVICE, is_operation=False),
        "DescribeService": _on(_READ, SERVICE),
        "DescribeVpcConnector": _on(_READ, VPC_CONNECTOR),
        "DescribeVpcIngressConnection": _on(_READ, VPC_INGRESS),
        "DescribeWebAclForService": _on(_READ, SERVICE, is_operation=False),
        "DisassociateCustomDomain": _on(_WRITE, SERVICE),
        "DisassociateWebAcl": _on(_WRITE, SERVICE, is_operation=False),
        "ListAssociatedServicesForWebAcl": ActionFacts(_LIST, "webacl", is_operation=False),
        "ListAutoScalingConfigurations": _LIST_ALL,
        "ListConnections": _LIST_ALL,
        "ListObservabilityConfigurations": _LIST_ALL,
        "ListOperations": _on(_LIST, SERVICE),
        "ListServices": _LIST_ALL,
        "ListServicesForAutoScalingConfiguration": _on(_LIST, AUTO_SCALING),
        "ListTagsForResource": _on(_READ, ANY_KIND),
        "ListVpcConnectors": _LIST_ALL,
        "ListVpcIngressConnections": _LIST_ALL,
        "PauseService": _on(_WRITE, SERVICE),
        "ResumeService": _on(_WRITE, SERVICE),
        "StartDeployment": _on(_WRITE, SERVICE),
        TAG_RESOURCE: _on(_TAGGING, ANY_KIND, REQUEST_TAG, TAG_KEYS),
        "UntagResource": _on(_TAGGING, ANY_KIND, TAG_KEYS),
        "UpdateDefaultAutoScalingConfiguration": _on(_WRITE, AUTO_SCALING),
        "UpdateService": _on(_WRITE, SERVICE, *_OF_SERVICE),
        "UpdateVpcIngressConnection": _on(_WRITE, VPC_INGRESS, VPC_ENDPOINT_KEY, VPC_ID_KEY),
    }
)

# Global condition keys that requests to the simulator have (IAM User Guide, "AWS global condition context keys").
PRESENT_GLOBAL_KEYS: Final = (
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalTag/${TagKey}",
    "aws:PrincipalType",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:SecureTransport",
    "aws:SourceIp",
    "aws:UserAgent",
    "aws:ViaAWSService",
    "aws:userid",
    "aws:username",
)
# Global condition keys of AWS that no request to the simulator has.
ABSENT_GLOBAL_KEYS: Final = (
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:Referer",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIdentity",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:TokenIssueTime",
    "aws:VpcSourceIp",
)
KNOWN_KEYS: Final = tuple(
    sorted({key for facts in ACTIONS.values() for key in facts.keys} | {*PRESENT_GLOBAL_KEYS, *ABSENT_GLOBAL_KEYS})
)
