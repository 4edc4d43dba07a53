"""Tags of resources with an ARN: three operations (facts 1.3, 1.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulator.control.api_context import ApiContext, checked_tags, owner_key
from simulator.control.principal import Principal
from simulator.control.rejections import invalid, invalid_state, not_found
from simulator.control.resources.arn_lookup import ArnTagged, resource_of
from simulator.model.resources.arn import Arn

Request = dict[str, Any]
Answer = dict[str, Any]


class Tags:
    def __init__(self, context: ApiContext) -> None:
        self._context = context

    def tag(self, principal: Principal, request: Request) -> Answer:
        """Add or overwrite tags. Allowed during an operation: the GitHub Action tags, then updates (facts 15.5)."""
        resource = self._find(principal, request["ResourceArn"])
        most = self._context.quotas.tags
        tags = resource.tags | checked_tags(request["Tags"], most)
        if len(tags) > most:
            raise invalid(f"Tags: the resource would have {len(tags)} tags, must be at most {most}.")
        self._context.registry.put(replace(resource, tags=tags))
        return {}

    def untag(self, principal: Principal, request: Request) -> Answer:
        resource = self._find(principal, request["ResourceArn"])
        gone = set(request["TagKeys"])
        tags = {key: value for key, value in resource.tags.items() if key not in gone}
        self._context.registry.put(replace(resource, tags=tags))
        return {}

    def list_all(self, principal: Principal, request: Request) -> Answer:
        tags = self._find(principal, request["ResourceArn"]).tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _find(self, principal: Principal, text: str) -> ArnTagged:
        try:
            arn = Arn.parse(text)
        except ValueError as error:
            raise invalid(f"ResourceArn = {error}") from error
        found = resource_of(self._context.registry, text) if arn.owner_key == owner_key(principal) else None
        if found is None or not self._context.is_there(found):
            raise not_found("Resource", text)
        if found.is_deleted:
            # ASSUMPTION: tags of a deleted resource that can still be described cannot be changed; a call would settle
            # it.
            raise invalid_state(f"The resource has been deleted: {text}")
        return found
