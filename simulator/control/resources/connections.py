"""Connections to source code providers: three operations (facts 1.8), and the handshake, for which AWS has no API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulator.control.api_context import ApiContext, owner_key
from simulator.control.principal import Principal
from simulator.control.rejections import arn_of, invalid, named, not_found, quota_exceeded
from simulator.control.resources.resource_users import living_services
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.api_resources import ConnectionResource
from simulator.model.resources.arn import CONNECTION, Arn
from simulator.model.resources.service_configuration import ServiceConfiguration

Request = dict[str, Any]
Answer = dict[str, Any]

PENDING = "PENDING_HANDSHAKE"
AVAILABLE = "AVAILABLE"


class Connections:
    def __init__(self, context: ApiContext) -> None:
        self._context = context

    # --- operations ------------------------------------------------------------------------------------------------

    def create(self, principal: Principal, request: Request) -> Answer:
        name, registry = request["ConnectionName"], self._context.registry
        there = registry.owned_by(ConnectionResource, owner_key(principal))
        if any(each.name == name for each in there):
            raise invalid(f"Connection with the provided name already exists: {name}")
        if len(there) >= self._context.quotas.connections:
            raise quota_exceeded("connections", self._context.quotas.connections)
        connection = ConnectionResource(
            str(self._context.new_arn(principal, CONNECTION, name)),
            registry.next_number(),
            self._context.now(),
            tags=self._context.tags(request.get("Tags")),
            provider=request["ProviderType"],
            status=PENDING,
        )
        registry.put(connection)
        return {"Connection": _view(connection)}

    def list_page(self, principal: Principal, request: Request) -> Answer:
        name = request.get("ConnectionName")
        there = self._context.registry.owned_by(ConnectionResource, owner_key(principal))
        wanted = [each for each in there if name in {None, each.name}]
        page, more = self._context.pages.page(wanted, principal, "ListConnections", request)
        return {"ConnectionSummaryList": [_view(each) for each in page], **more}

    def delete(self, principal: Principal, request: Request) -> Answer:
        connection = self._find(principal, request["ConnectionArn"])
        services = living_services(self._context.registry, owner_key(principal))
        users = [each for each in services if _uses(connection, each.configuration)]
        if users:
            # ASSUMPTION: this text; AWS's is not public. Deleting a connection in use would settle it.
            raise invalid(f"{connection.arn} is in use by a service.", hint=named("Delete first", users))
        self._context.registry.remove(connection)
        return {"Connection": _view(replace(connection, status="DELETED"))}

    # --- without an AWS API ----------------------------------------------------------------------------------------

    def approve(self, account: str, region: str, name: str) -> ConnectionResource:
        """Complete the console's handshake: the connection becomes AVAILABLE. Call inside `registry.change()`.

        Raises:
            ApiError: ResourceNotFoundException if there is no connection of that name.
        """
        arn = Arn(region, account, CONNECTION, name)
        connection = self._named(arn)
        if connection is None:
            raise not_found("Connection", str(arn))
        approved = replace(connection, status=AVAILABLE)
        self._context.registry.put(approved)
        return approved

    def find_for_service(self, principal: Principal, text: str) -> ConnectionResource:
        """Return a connection for use by a service. Raises InvalidRequestException."""
        try:
            connection = self._find(principal, text)
        except ApiError as error:
            raise invalid(error.message, error.hint) from error
        if connection.status != AVAILABLE:
            raise invalid(f"ConnectionArn = {text}, must be AVAILABLE, but its status is {connection.status}.")
        return connection

    # --- internals -------------------------------------------------------------------------------------------------

    def _find(self, principal: Principal, text: str) -> ConnectionResource:
        """Return a connection by its ARN, with or without the id at the end: AWS uses both forms (facts 1.5)."""
        arn = arn_of(text, "ConnectionArn", CONNECTION)
        found = self._named(arn) if arn.owner_key == owner_key(principal) else None
        if found is None or (arn.resource_id is not None and found.arn != str(arn)):
            raise not_found("Connection", text)
        return found

    def _named(self, arn: Arn) -> ConnectionResource | None:
        there = self._context.registry.owned_by(ConnectionResource, arn.owner_key)
        return next((each for each in there if each.name == arn.name), None)


def _uses(connection: ConnectionResource, configuration: ServiceConfiguration) -> bool:
    return configuration.connection_arn == connection.arn


def _view(connection: ConnectionResource) -> Answer:
    return {
        "ConnectionName": connection.name,
        "ConnectionArn": connection.arn,
        "ProviderType": connection.provider,
        "Status": connection.status,
        "CreatedAt": connection.created_at,
    }
