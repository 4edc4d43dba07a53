"""The access requests of an API call that policies decide: action, resource, condition keys (facts 12.1).

A call may require several actions: tags of a new resource require TagResource, roles require iam:PassRole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from simulator.control.api_context import ApiContext, owner_key
from simulator.control.principal import Principal
from simulator.control.resources.arn_lookup import ArnTagged, resource_of
from simulator.control.wall_clock import iso_text
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.api_resources import CustomDomainResource, ServiceResource, VpcConnectorResource
from simulator.model.resources.arn import (
    AUTO_SCALING,
    CONNECTION,
    OBSERVABILITY,
    SERVICE,
    VPC_CONNECTOR,
    VPC_INGRESS,
)
from simulator.rules.iam.access_request import EVERY_RESOURCE, AccessRequest
from simulator.rules.iam.actions import (
    ACTIONS,
    ANY_KIND,
    AUTO_SCALING_KEY,
    CONNECTION_KEY,
    OBSERVABILITY_KEY,
    PASS_ROLE,
    PASSED_TO,
    PREFIX,
    SERVICE_KEY,
    TAG_RESOURCE,
    VPC_CONNECTOR_KEY,
    VPC_ENDPOINT_KEY,
    VPC_ID_KEY,
    AccessLevel,
    ActionFacts,
)
from simulator.rules.iam.identity import IamIdentity

Request = dict[str, Any]
Keys = dict[str, str | list[str]]
Find = Callable[[Principal, str], ArnTagged]

_ARN_MEMBER: Final[Mapping[str, str]] = {
    SERVICE: "ServiceArn",
    CONNECTION: "ConnectionArn",
    AUTO_SCALING: "AutoScalingConfigurationArn",
    OBSERVABILITY: "ObservabilityConfigurationArn",
    VPC_CONNECTOR: "VpcConnectorArn",
    VPC_INGRESS: "VpcIngressConnectionArn",
    ANY_KIND: "ResourceArn",
    "webacl": "WebACLArn",
}
_NAME_MEMBER: Final[Mapping[str, str]] = {
    SERVICE: "ServiceName",
    CONNECTION: "ConnectionName",
    AUTO_SCALING: "AutoScalingConfigurationName",
    OBSERVABILITY: "ObservabilityConfigurationName",
    VPC_CONNECTOR: "VpcConnectorName",
    VPC_INGRESS: "VpcIngressConnectionName",
}
# condition key, to the path of its value in the request
_KEY_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    AUTO_SCALING_KEY: ("AutoScalingConfigurationArn",),
    CONNECTION_KEY: ("SourceConfiguration", "AuthenticationConfiguration", "ConnectionArn"),
    OBSERVABILITY_KEY: ("ObservabilityConfiguration", "ObservabilityConfigurationArn"),
    VPC_CONNECTOR_KEY: ("NetworkConfiguration", "EgressConfiguration", "VpcConnectorArn"),
    SERVICE_KEY: ("ServiceArn",),
    VPC_ID_KEY: ("IngressVpcConfiguration", "VpcId"),
    VPC_ENDPOINT_KEY: ("IngressVpcConfiguration", "VpcEndpointId"),
}
_ROLES: Final = (
    ("SourceConfiguration", "AuthenticationConfiguration", "AccessRoleArn"),
    ("InstanceConfiguration", "InstanceRoleArn"),
)
# operation: the resource whose first creation creates the role, the role's service and its name (facts 12)
_LINKED_ROLES: Final = {
    "CreateService": (ServiceResource, "apprunner.amazonaws.com", "AWSServiceRoleForAppRunner"),
    "CreateVpcConnector": (
        VpcConnectorResource,
        "networking.apprunner.amazonaws.com",
        "AWSServiceRoleForAppRunnerNetworking",
    ),
}
_UNLISTED: Final = ActionFacts(AccessLevel.WRITE)


class AccessRequests:
    """Creates the access requests of calls. `find_auto_scaling` and `find_observability` resolve partial ARNs."""

    def __init__(self, context: ApiContext, *, find_auto_scaling: Find, find_observability: Find) -> None:
        self._context = context
        self._find: dict[str, Find] = {AUTO_SCALING: find_auto_scaling, OBSERVABILITY: find_observability}

    def of(
        self, principal: Principal, identity: IamIdentity, operation: str, request: Request
    ) -> Iterator[AccessRequest]:
        """Yield the access requests of a call in the order in which they are decided; each must be allowed.

        ASSUMPTION: the action itself comes first, then TagResource, then iam:PassRole. A call of a user without any
        permission that has tags and roles would settle it.
        """
        facts = ACTIONS.get(operation, _UNLISTED)
        resource = self._resource(principal, facts, request)
        general = self._general(principal, identity, resource)
        keys = general | self._of_request(principal, facts, request)
        yield AccessRequest.of(PREFIX + operation, resource, keys)
        if operation == "DeleteService" and self._has_domains(principal, resource):
            # ASSUMPTION: only if the service has custom domains, because an example of the guide allows DeleteService
            # alone. A deletion with a domain on AWS would settle it.
            yield AccessRequest.of(f"{PREFIX}DisassociateCustomDomain", resource, keys)
        if facts.creates and request.get("Tags"):
            yield AccessRequest.of(PREFIX + TAG_RESOURCE, resource, general | _tags(request))
        yield from self._linked_roles(principal, operation, general)
        for path in _ROLES if operation in {"CreateService", "UpdateService"} else ():
            if role := _member(request, path):
                service = self._context.settings.passed_to_service
                passed: Keys = {PASSED_TO: service, "iam:AssociatedResourceArn": resource}
                yield AccessRequest.of(PASS_ROLE, role, general | passed)

    # --- the resource ----------------------------------------------------------------------------------------------

    def _resource(self, principal: Principal, facts: ActionFacts, request: Request) -> str:
        if not facts.resource:
            return EVERY_RESOURCE
        if facts.creates:
            # ASSUMPTION: `*` stands for the id and the revision, which a new resource does not have yet. The message of
            # a rejected CreateService on AWS would settle it.
            name = request.get(_NAME_MEMBER[facts.resource], "")
            return f"arn:aws:apprunner:{principal.region}:{principal.account}:{facts.resource}/{name}/*"
        text: str = request.get(_ARN_MEMBER[facts.resource], "")
        return self._full(principal, facts.resource, text)

    def _full(self, principal: Principal, kind: str, text: str) -> str:
        """Return the full ARN of a partial one.

        ASSUMPTION: policies are evaluated for the revision to which a partial ARN refers, with its tags. A policy for
        one revision and a call with the name alone would settle it.
        """
        find = self._find.get(kind)
        if find is None:
            return text
        try:
            return find(principal, text).arn
        except ApiError:  # if the policies allow the call, the operation itself rejects it
            return text

    def _has_domains(self, principal: Principal, arn: str) -> bool:
        service = self._stored(principal, arn)
        return service is not None and bool(self._context.registry.owned_by(CustomDomainResource, service.arn))

    def _stored(self, principal: Principal, arn: str) -> ArnTagged | None:
        found = resource_of(self._context.registry, arn)
        return found if found is not None and found.owner_key == owner_key(principal) else None

    def _linked_roles(self, principal: Principal, operation: str, general: Keys) -> Iterator[AccessRequest]:
        if self._context.settings.has_linked_roles or operation not in _LINKED_ROLES:
            return
        kind, service, name = _LINKED_ROLES[operation]
        if not self._context.registry.owned_by(kind, owner_key(principal)):
            role = f"arn:aws:iam::{principal.account}:role/aws-service-role/{service}/{name}"
            yield AccessRequest.of("iam:CreateServiceLinkedRole", role, general | {"iam:AWSServiceName": service})

    # --- condition keys --------------------------------------------------------------------------------------------

    def _general(self, principal: Principal, identity: IamIdentity, resource: str) -> Keys:
        """Return the global keys, and the tags of the stored resource. A new resource has no aws:ResourceTag."""
        keys = general_keys(principal, identity, resource, self._context.now())
        stored = self._stored(principal, resource)
        for name, value in stored.tags.items() if stored is not None else ():
            keys[f"aws:ResourceTag/{name}"] = value
        return keys

    def _of_request(self, principal: Principal, facts: ActionFacts, request: Request) -> Keys:
        """Return the condition keys of the request's members.

        ASSUMPTION: a key of CreateService and UpdateService exists if the request names the resource, and not if the
        service has it already or by default. An update without the member under a policy with Null would settle it.
        """
        keys = _tags(request)
        for key in facts.keys:
            path = _KEY_MEMBERS.get(key)
            if path is None or not (value := _member(request, path)):
                continue
            kind = {AUTO_SCALING_KEY: AUTO_SCALING, OBSERVABILITY_KEY: OBSERVABILITY}.get(key, "")
            keys[key] = self._full(principal, kind, value)
        return keys


def general_keys(principal: Principal, identity: IamIdentity, resource: str, now: float) -> Keys:
    """Return the global condition keys, which calls of all services have."""
    keys: Keys = {
        "aws:CurrentTime": iso_text(now),
        "aws:EpochTime": str(int(now)),
        "aws:RequestedRegion": principal.region,
        "aws:SecureTransport": str(principal.is_secure).lower(),
        "aws:SourceIp": principal.source_ip,
        "aws:UserAgent": principal.user_agent,
        "aws:ViaAWSService": "false",
        **identity.keys(principal.access_key),
    }
    if resource.count(":") >= 5:
        keys["aws:ResourceAccount"] = resource.split(":")[4]
    return keys


def _tags(request: Request) -> Keys:
    """Return aws:RequestTag and aws:TagKeys of a request that contains tags or keys of tags."""
    tags = [each for each in request.get("Tags") or () if "Key" in each]
    keys: Keys = {f"aws:RequestTag/{each['Key']}": each.get("Value", "") for each in tags}
    names = [each["Key"] for each in tags] or list(request.get("TagKeys") or ())
    return keys | ({"aws:TagKeys": names} if names else {})


def _member(request: Request, path: tuple[str, ...]) -> str:
    value: Any = request
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
