"""Auto scaling configurations: seven operations (facts 1.3, 1.8)."""

from __future__ import annotations

from typing import Any

from simulator.control.api_context import ApiContext, owner_key
from simulator.control.operations.revisions import built_in_auto_scaling
from simulator.control.principal import Principal
from simulator.control.rejections import arn_of, invalid
from simulator.control.resources.resource_users import users_of
from simulator.control.resources.revision_catalog import RevisionCatalog
from simulator.model.resources.api_resources import AccountResource, AutoScalingResource, ServiceResource
from simulator.model.resources.arn import AUTO_SCALING
from simulator.model.scaling import AutoScalingConfiguration

Request = dict[str, Any]
Answer = dict[str, Any]

_ARN = "AutoScalingConfigurationArn"


class AutoScalingConfigurations:
    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self.book = RevisionCatalog(
            context,
            AutoScalingResource,
            kind=AUTO_SCALING,
            what="auto scaling configuration",
            member=_ARN,
            built_in=built_in_auto_scaling,
        )

    # --- operations ------------------------------------------------------------------------------------------------

    def create(self, principal: Principal, request: Request) -> Answer:
        defaults, quotas, registry = AutoScalingConfiguration(), self._context.quotas, self._context.registry
        min_size, max_size = request.get("MinSize", defaults.min_size), request.get("MaxSize", defaults.max_size)
        if min_size > max_size:
            raise invalid(f"MinSize = {min_size}, must not exceed MaxSize = {max_size}.")
        arn = self.book.new_revision(
            principal,
            request["AutoScalingConfigurationName"],
            names_max=quotas.auto_scaling_names,
            revisions_max=quotas.auto_scaling_revisions,
        )
        revision = AutoScalingResource(
            str(arn),
            registry.next_number(),
            self._context.now(),
            tags=self._context.tags(request.get("Tags")),
            max_concurrency=request.get("MaxConcurrency", defaults.max_concurrency),
            min_size=min_size,
            max_size=max_size,
        )
        registry.put(revision)
        return self._answer(principal, revision)

    def describe(self, principal: Principal, request: Request) -> Answer:
        return self._answer(principal, self.book.find(principal, request[_ARN]))

    def list_page(self, principal: Principal, request: Request) -> Answer:
        name = request.get("AutoScalingConfigurationName")
        page, more = self.book.page(principal, "ListAutoScalingConfigurations", request, name)
        return {"AutoScalingConfigurationSummaryList": [self.summary(principal, each) for each in page], **more}

    def delete(self, principal: Principal, request: Request) -> Answer:
        revision = self.book.find_active(principal, request[_ARN])
        doomed = [revision]
        if request.get("DeleteAllRevisions", False):
            if arn_of(request[_ARN], _ARN, AUTO_SCALING).revision is not None:
                raise invalid(f"{_ARN} = {request[_ARN]}, must end with the name when DeleteAllRevisions is true.")
            doomed = self.book.active(principal, revision.name)
        for each in doomed:
            self._reject_deletion(principal, each)
        deleted = {each.arn: self.book.deleted(each) for each in doomed}
        return self._answer(principal, deleted[revision.arn])

    def update_default(self, principal: Principal, request: Request) -> Answer:
        revision = self.book.find_active(principal, request[_ARN])
        registry = self._context.registry
        registry.put(AccountResource(principal.account, principal.region, registry.next_number(), revision.arn))
        return self._answer(principal, revision)

    def list_services(self, principal: Principal, request: Request) -> Answer:
        revision = self.book.find(principal, request[_ARN])
        operation = "ListServicesForAutoScalingConfiguration"
        page, more = self._context.pages.page(self._users(principal, revision), principal, operation, request)
        return {"ServiceArnList": [service.arn for service in page], **more}

    # --- for services ----------------------------------------------------------------------------------------------

    def default(self, principal: Principal) -> AutoScalingResource:
        """Return the configuration of a new service whose request names none."""
        account = self._context.registry.get(AccountResource, owner_key(principal))
        if account is None:
            return built_in_auto_scaling(principal.account, principal.region)
        return self.book.find_active(principal, account.default_auto_scaling_arn)

    def summary(self, principal: Principal, revision: AutoScalingResource) -> Answer:
        return {
            _ARN: revision.arn,
            "AutoScalingConfigurationName": revision.name,
            "AutoScalingConfigurationRevision": revision.revision,
            "Status": "inactive" if revision.is_deleted else "active",  # in lower case (facts 1.7)
            "CreatedAt": revision.created_at,
            "HasAssociatedService": bool(self._users(principal, revision)),
            "IsDefault": self._is_default(principal, revision),
        }

    # --- internals -------------------------------------------------------------------------------------------------

    def _answer(self, principal: Principal, revision: AutoScalingResource) -> Answer:
        view = self.summary(principal, revision) | {
            "Latest": self.book.is_latest(principal, revision),
            "MaxConcurrency": revision.max_concurrency,
            "MinSize": revision.min_size,
            "MaxSize": revision.max_size,
        }
        if revision.deleted_at is not None:
            view["DeletedAt"] = revision.deleted_at
        return {"AutoScalingConfiguration": view}

    def _users(self, principal: Principal, revision: AutoScalingResource) -> list[ServiceResource]:
        registry = self._context.registry
        return users_of(
            registry, owner_key(principal), revision.arn, lambda configuration: configuration.auto_scaling_arn
        )

    def _is_default(self, principal: Principal, revision: AutoScalingResource) -> bool:
        return self.default(principal).arn == revision.arn

    def _reject_deletion(self, principal: Principal, revision: AutoScalingResource) -> None:
        if self._is_default(principal, revision):
            raise self.book.reserved(revision)
        users = self._users(principal, revision)
        if users:
            raise self.book.in_use(users)
        self.book.reject_built_in(principal, revision)
