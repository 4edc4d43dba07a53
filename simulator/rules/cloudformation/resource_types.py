"""App Runner's resource types: properties, attributes, and which changed properties replace the resource (facts 15.2).

CloudFormation has no type for connections and custom domains. Types of other services are in `accepted_types`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final


class Leaf(Enum):
    """The type of a property without members. CloudFormation converts strings to numbers and booleans, and back."""

    STRING = "String"
    INTEGER = "Integer"
    BOOLEAN = "Boolean"
    STRINGS = "a list of Strings"
    TAGS = "a list of Key and Value"
    PAIRS = "a list of Name and Value"  # in the API an object with these names as keys


@dataclass(frozen=True, slots=True)
class PropertyBlock:
    """A property with members: their types by name, and the names of the required ones."""

    members: Mapping[str, Leaf | PropertyBlock]
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type.

    `noun` is the object of the API's operations, such as Service in CreateService, and its key in the responses. `arn`
    is the member with the ARN, which is the physical id and the value of Ref; `name_length` is the greatest length of a
    generated name. `attributes` are those of Fn::GetAtt; each is also a member of the API's object.
    """

    name: str
    noun: str
    arn: str
    name_member: str
    name_length: int
    properties: PropertyBlock
    create_only: frozenset[str]
    attributes: tuple[str, ...]
    ready: frozenset[str] = field(default_factory=lambda: frozenset({"ACTIVE"}))
    pending: frozenset[str] = frozenset()
    gone: frozenset[str] = field(default_factory=lambda: frozenset({"INACTIVE"}))

    @property
    def is_updatable(self) -> bool:
        """Return True if the API has an operation that updates this type."""
        return not set(self.properties.members) <= self.create_only


def _block(required: str = "", /, **members: Leaf | PropertyBlock) -> PropertyBlock:
    return PropertyBlock(MappingProxyType(members), frozenset(required.split()))


_S, _I, _B = Leaf.STRING, Leaf.INTEGER, Leaf.BOOLEAN
_VARIABLES = {"RuntimeEnvironmentVariables": Leaf.PAIRS, "RuntimeEnvironmentSecrets": Leaf.PAIRS}

_SOURCE = _block(
    AuthenticationConfiguration=_block(AccessRoleArn=_S, ConnectionArn=_S),
    AutoDeploymentsEnabled=_B,
    CodeRepository=_block(
        "RepositoryUrl SourceCodeVersion",
        CodeConfiguration=_block(
            "ConfigurationSource",
            ConfigurationSource=_S,
            CodeConfigurationValues=_block(
                "Runtime", Runtime=_S, BuildCommand=_S, StartCommand=_S, Port=_S, **_VARIABLES
            ),
        ),
        RepositoryUrl=_S,
        SourceCodeVersion=_block("Type Value", Type=_S, Value=_S),
        SourceDirectory=_S,
    ),
    ImageRepository=_block(
        "ImageIdentifier ImageRepositoryType",
        ImageConfiguration=_block(Port=_S, StartCommand=_S, **_VARIABLES),
        ImageIdentifier=_S,
        ImageRepositoryType=_S,
    ),
)
_SERVICE = _block(
    "SourceConfiguration",
    AutoScalingConfigurationArn=_S,
    EncryptionConfiguration=_block("KmsKey", KmsKey=_S),
    HealthCheckConfiguration=_block(
        HealthyThreshold=_I, Interval=_I, Path=_S, Protocol=_S, Timeout=_I, UnhealthyThreshold=_I
    ),
    InstanceConfiguration=_block(Cpu=_S, Memory=_S, InstanceRoleArn=_S),
    NetworkConfiguration=_block(
        EgressConfiguration=_block("EgressType", EgressType=_S, VpcConnectorArn=_S),
        IngressConfiguration=_block("IsPubliclyAccessible", IsPubliclyAccessible=_B),
        IpAddressType=_S,
    ),
    ObservabilityConfiguration=_block(
        "ObservabilityEnabled", ObservabilityConfigurationArn=_S, ObservabilityEnabled=_B
    ),
    ServiceName=_S,
    SourceConfiguration=_SOURCE,
    Tags=Leaf.TAGS,
)

_ALL: Final = (
    ResourceType(
        "AWS::AppRunner::Service",
        "Service",
        "ServiceArn",
        "ServiceName",
        40,
        _SERVICE,
        frozenset({"ServiceName", "EncryptionConfiguration", "Tags"}),
        ("ServiceArn", "ServiceId", "ServiceUrl", "Status"),
        ready=frozenset({"RUNNING"}),
        pending=frozenset({"OPERATION_IN_PROGRESS"}),
        gone=frozenset({"DELETED"}),
    ),
    ResourceType(
        "AWS::AppRunner::AutoScalingConfiguration",
        "AutoScalingConfiguration",
        "AutoScalingConfigurationArn",
        "AutoScalingConfigurationName",
        32,
        _block(AutoScalingConfigurationName=_S, MaxConcurrency=_I, MaxSize=_I, MinSize=_I, Tags=Leaf.TAGS),
        frozenset({"AutoScalingConfigurationName", "MaxConcurrency", "MaxSize", "MinSize", "Tags"}),
        ("AutoScalingConfigurationArn", "AutoScalingConfigurationRevision", "Latest"),
        ready=frozenset({"active"}),
        gone=frozenset({"inactive"}),
    ),
    ResourceType(
        "AWS::AppRunner::ObservabilityConfiguration",
        "ObservabilityConfiguration",
        "ObservabilityConfigurationArn",
        "ObservabilityConfigurationName",
        32,
        _block(ObservabilityConfigurationName=_S, TraceConfiguration=_block("Vendor", Vendor=_S), Tags=Leaf.TAGS),
        frozenset({"ObservabilityConfigurationName", "TraceConfiguration", "Tags"}),
        ("ObservabilityConfigurationArn", "ObservabilityConfigurationRevision", "Latest"),
    ),
    ResourceType(
        "AWS::AppRunner::VpcConnector",
        "VpcConnector",
        "VpcConnectorArn",
        "VpcConnectorName",
        40,
        _block("Subnets", VpcConnectorName=_S, Subnets=Leaf.STRINGS, SecurityGroups=Leaf.STRINGS, Tags=Leaf.TAGS),
        frozenset({"VpcConnectorName", "Subnets", "SecurityGroups", "Tags"}),
        ("VpcConnectorArn", "VpcConnectorRevision"),
    ),
    ResourceType(
        "AWS::AppRunner::VpcIngressConnection",
        "VpcIngressConnection",
        "VpcIngressConnectionArn",
        "VpcIngressConnectionName",
        40,
        _block(
            "ServiceArn IngressVpcConfiguration",
            VpcIngressConnectionName=_S,
            ServiceArn=_S,
            IngressVpcConfiguration=_block("VpcId VpcEndpointId", VpcId=_S, VpcEndpointId=_S),
            Tags=Leaf.TAGS,
        ),
        frozenset({"VpcIngressConnectionName", "ServiceArn", "Tags"}),
        ("VpcIngressConnectionArn", "DomainName", "Status"),
        ready=frozenset({"AVAILABLE"}),
        pending=frozenset({"PENDING_CREATION", "PENDING_UPDATE", "PENDING_DELETION"}),
        gone=frozenset({"DELETED"}),
    ),
)

RESOURCE_TYPES: Final[Mapping[str, ResourceType]] = MappingProxyType({each.name: each for each in _ALL})
