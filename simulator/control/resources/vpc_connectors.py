"""VPC connectors: four operations (facts 1.3, 1.8, 10.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simulator.control.api_context import ApiContext, owner_key
from simulator.control.principal import Principal
from simulator.control.rejections import arn_of, invalid, named, not_found, quota_exceeded
from simulator.control.resources.resource_users import users_of
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.api_resources import VpcConnectorResource
from simulator.model.resources.arn import VPC_CONNECTOR
from simulator.model.text.problems import did_you_mean

if TYPE_CHECKING:
    from simulator.rules.network.vpc import Vpc, Vpcs

Request = dict[str, Any]
Answer = dict[str, Any]

_ARN = "VpcConnectorArn"
_REVISION = 1  # App Runner supports only one revision per name today (facts 1.5)


class VpcConnectors:
    def __init__(self, context: ApiContext) -> None:
        self._context = context

    # --- operations ------------------------------------------------------------------------------------------------

    def create(self, principal: Principal, request: Request) -> Answer:
        name, registry = request["VpcConnectorName"], self._context.registry
        active = self._active(principal)
        if any(each.name == name for each in active):
            raise invalid(f"VPC connector with the provided name already exists: {name}")
        if len(active) >= self._context.quotas.vpc_connectors:
            raise quota_exceeded("VPC connectors", self._context.quotas.vpc_connectors)
        subnets = _ids(request["Subnets"], "Subnets", "subnet-")
        groups = _ids(request["SecurityGroups"], "SecurityGroups", "sg-") if request.get("SecurityGroups") else ()
        vpc = None if (vpcs := self._context.vpcs) is None else _vpc_of(vpcs, subnets, groups)
        connector = VpcConnectorResource(
            str(self._context.new_arn(principal, VPC_CONNECTOR, name, _REVISION)),
            registry.next_number(),
            self._context.now(),
            tags=self._context.tags(request.get("Tags")),
            subnets=subnets,
            security_groups=groups or (self._default_group(vpc),),
        )
        registry.put(connector)
        return {"VpcConnector": _view(connector)}

    def describe(self, principal: Principal, request: Request) -> Answer:
        return {"VpcConnector": _view(self._find(principal, request[_ARN]))}

    def list_page(self, principal: Principal, request: Request) -> Answer:
        page, more = self._context.pages.page(self._active(principal), principal, "ListVpcConnectors", request)
        return {"VpcConnectors": [_view(each) for each in page], **more}

    def delete(self, principal: Principal, request: Request) -> Answer:
        connector = self._find(principal, request[_ARN])
        if connector.is_deleted:
            raise invalid(f"The VPC connector you specified has been deleted: {connector.arn}")
        registry = self._context.registry
        users = users_of(
            registry, owner_key(principal), connector.arn, lambda configuration: configuration.vpc_connector_arn
        )
        if users:
            # ASSUMPTION: InvalidRequestException; the operation declares no other suitable error (facts 10.1).
            message = f"Provided VPC connector arn is being used by other services. ARN: {connector.arn}"
            raise invalid(message, hint=named("Used by", users))
        deleted = replace(connector, deleted_at=self._context.now())
        registry.put(deleted)
        return {"VpcConnector": _view(deleted)}

    # --- for services ----------------------------------------------------------------------------------------------

    def find_for_service(self, principal: Principal, text: str) -> VpcConnectorResource:
        """Return a connector for use by a service. Raises InvalidRequestException."""
        try:
            connector = self._find(principal, text)
        except ApiError as error:
            raise invalid(error.message, error.hint) from error
        if connector.is_deleted:
            raise invalid(f"The VPC connector you specified has been deleted: {connector.arn}")
        return connector

    # --- internals -------------------------------------------------------------------------------------------------

    def _active(self, principal: Principal) -> list[VpcConnectorResource]:
        stored = self._context.registry.owned_by(VpcConnectorResource, owner_key(principal))
        return [each for each in stored if not each.is_deleted]

    def _find(self, principal: Principal, text: str) -> VpcConnectorResource:
        """Return a connector by its full ARN; partial ARNs are not allowed (facts 1.5)."""
        arn = arn_of(text, _ARN, VPC_CONNECTOR)
        found = (
            self._context.registry.get(VpcConnectorResource, str(arn))
            if arn.owner_key == owner_key(principal)
            else None
        )
        if found is None or not self._context.is_there(found):
            raise not_found("VPC connector", text)
        return found

    def _default_group(self, vpc: Vpc | None) -> str:
        """Return the VPC's default security group, for requests without one (facts 10.1).

        If no VPCs are configured, it is a generated id.
        """
        return self._context.identifiers.security_group() if vpc is None else vpc.default_group


def _vpc_of(vpcs: Vpcs, subnets: tuple[str, ...], groups: tuple[str, ...]) -> Vpc:
    """Return the VPC of the connector.

    Raises InvalidRequestException for unknown ids, ids of several VPCs, and an unsupported Availability Zone.

    ASSUMPTION: the texts for ids that do not exist are EC2's. It is known that subnets must be in one VPC, and that the
    message about an Availability Zone names subnet and zone (facts 10.1). Calls with such ids on AWS would settle the
    texts.
    """
    found = vpcs.of_subnet(subnets[0])
    for name in subnets:
        vpc = vpcs.of_subnet(name)
        if vpc is None:
            near = did_you_mean(name, vpcs.subnets).removeprefix("; ")
            raise invalid(f"The subnet ID '{name}' does not exist", hint=near)
        if vpc is not found:
            raise invalid(f"Subnets = {', '.join(subnets)}, must be subnets of a single VPC.")
        zone = vpc.subnets[name].zone
        if zone in vpcs.unsupported_zones:
            raise invalid(f"The subnet {name} is in the Availability Zone {zone}, which App Runner doesn't support.")
    assert found is not None
    for name in groups:
        vpc = vpcs.of_group(name)
        if vpc is None:
            near = did_you_mean(name, vpcs.groups).removeprefix("; ")
            raise invalid(f"The security group '{name}' does not exist", hint=near)
        if vpc is not found:
            raise invalid(f"SecurityGroups = {', '.join(groups)}, must be security groups of {found.id}.")
    return found


def _ids(given: list[str], member: str, prefix: str) -> tuple[str, ...]:
    if not given:
        raise invalid(f"{member} must name at least one.")
    for each in given:
        if not each.startswith(prefix):
            raise invalid(f"{member} = {each!r}, must be an id such as {prefix}0123456789abcdef0.")
    if len(set(given)) < len(given):
        raise invalid(f"{member} = {', '.join(given)}, must not repeat any.")
    return tuple(given)


def _view(connector: VpcConnectorResource) -> Answer:
    view = {
        "VpcConnectorName": connector.name,
        _ARN: connector.arn,
        "VpcConnectorRevision": connector.revision,
        "Subnets": list(connector.subnets),
        "SecurityGroups": list(connector.security_groups),
        "Status": "INACTIVE" if connector.is_deleted else "ACTIVE",
        "CreatedAt": connector.created_at,
    }
    return view if connector.deleted_at is None else view | {"DeletedAt": connector.deleted_at}
