"""Observability configurations: four operations (facts 1.3, 1.8)."""

from __future__ import annotations

from typing import Any

from simulator.control.api_context import ApiContext, owner_key
from simulator.control.operations.revisions import built_in_observability
from simulator.control.principal import Principal
from simulator.control.rejections import invalid
from simulator.control.resources.resource_users import users_of
from simulator.control.resources.revision_catalog import RevisionCatalog
from simulator.model.resources.api_resources import ObservabilityResource
from simulator.model.resources.arn import DEFAULT_CONFIGURATION, OBSERVABILITY

Request = dict[str, Any]
Answer = dict[str, Any]

_ARN = "ObservabilityConfigurationArn"


class ObservabilityConfigurations:
    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self.book = RevisionCatalog(
            context,
            ObservabilityResource,
            kind=OBSERVABILITY,
            what="observability configuration",
            member=_ARN,
            built_in=built_in_observability,
        )

    def create(self, principal: Principal, request: Request) -> Answer:
        name, quotas, registry = request["ObservabilityConfigurationName"], self._context.quotas, self._context.registry
        if name == DEFAULT_CONFIGURATION:
            raise invalid(f"ObservabilityConfigurationName = {name}, must be another one: this name is reserved.")
        arn = self.book.new_revision(
            principal, name, names_max=quotas.observability_names, revisions_max=quotas.observability_revisions
        )
        revision = ObservabilityResource(
            str(arn),
            registry.next_number(),
            self._context.now(),
            tags=self._context.tags(request.get("Tags")),
            vendor=request.get("TraceConfiguration", {}).get("Vendor"),
        )
        registry.put(revision)
        return self._answer(principal, revision)

    def describe(self, principal: Principal, request: Request) -> Answer:
        return self._answer(principal, self.book.find(principal, request[_ARN]))

    def list_page(self, principal: Principal, request: Request) -> Answer:
        name = request.get("ObservabilityConfigurationName")
        page, more = self.book.page(principal, "ListObservabilityConfigurations", request, name)
        return {"ObservabilityConfigurationSummaryList": [_summary(each) for each in page], **more}

    def delete(self, principal: Principal, request: Request) -> Answer:
        revision = self.book.find_active(principal, request[_ARN])
        self.book.reject_built_in(principal, revision)
        registry = self._context.registry
        users = users_of(
            registry, owner_key(principal), revision.arn, lambda configuration: configuration.observability_arn
        )
        if users:
            raise self.book.in_use(users)
        return self._answer(principal, self.book.deleted(revision))

    def default(self, principal: Principal) -> ObservabilityResource:
        """Return the configuration of a service that enables observability without naming one."""
        return built_in_observability(principal.account, principal.region)

    def _answer(self, principal: Principal, revision: ObservabilityResource) -> Answer:
        view = _summary(revision) | {
            "Latest": self.book.is_latest(principal, revision),
            "Status": "INACTIVE" if revision.is_deleted else "ACTIVE",
            "CreatedAt": revision.created_at,
        }
        if revision.vendor is not None:
            view["TraceConfiguration"] = {"Vendor": revision.vendor}
        if revision.deleted_at is not None:
            view["DeletedAt"] = revision.deleted_at
        return {"ObservabilityConfiguration": view}


def _summary(revision: ObservabilityResource) -> Answer:
    return {
        _ARN: revision.arn,
        "ObservabilityConfigurationName": revision.name,
        "ObservabilityConfigurationRevision": revision.revision,
    }
