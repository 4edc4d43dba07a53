"""The control-plane API: 37 operations on one registry, and four of AWS WAF.

`handle` is synchronous: the change is committed when it returns. Long-running work continues in tasks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from simulator.control.api_context import ApiContext, ApiSettings
from simulator.control.audit import Audit, EventSource, is_read
from simulator.control.operations.operations import Operations
from simulator.control.operations.service_events import ServiceEvents
from simulator.control.operations.service_log import ServiceLog
from simulator.control.operations.time_profile import INSTANT, TimeProfile
from simulator.control.operations.workload import Workload
from simulator.control.pagination import Pages
from simulator.control.principal import Principal
from simulator.control.resources.auto_scaling_configurations import AutoScalingConfigurations
from simulator.control.resources.configuration_rules import ConfigurationRules
from simulator.control.resources.connections import Connections
from simulator.control.resources.domains.custom_domains import CustomDomains
from simulator.control.resources.domains.domain_validation import DomainValidation
from simulator.control.resources.observability_configurations import ObservabilityConfigurations
from simulator.control.resources.retention import Retention
from simulator.control.resources.services import Services
from simulator.control.resources.tags import Tags
from simulator.control.resources.vpc_connectors import VpcConnectors
from simulator.control.resources.vpc_ingress_connections import VpcIngressConnections
from simulator.control.resources.web_acl_associations import WebAclAssociations
from simulator.control.state.identifiers import Identifiers
from simulator.control.state.registry import Registry
from simulator.control.wall_clock import WallClock
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.api_resources import ConnectionResource
from simulator.world.tasks import Tasks

if TYPE_CHECKING:
    from simulator.control.authorization import Authorization

Request = dict[str, Any]
Answer = dict[str, Any]
Operation = Callable[[Principal, Request], Answer]

_DEFAULTS: Final = ApiSettings()


# Calls of AWS WAF require permissions of App Runner that have no operation in its API (facts 10.4).
_ACTIONS_OF_WAF: Final = {
    "AssociateWebACL": "AssociateWebAcl",
    "DisassociateWebACL": "DisassociateWebAcl",
    "GetWebACLForResource": "DescribeWebAclForService",
    "ListResourcesForWebACL": "ListAssociatedServicesForWebAcl",
    # ASSUMPTION: the same permission; on AWS it is wafv2:GetSampledRequests, which policies here do not know.
    "GetSampledRequests": "ListAssociatedServicesForWebAcl",
}


class ServiceApi:
    """The API. `tasks`: all background work; close it before the registry's store."""

    def __init__(
        self,
        registry: Registry,
        workload: Workload,
        *,
        now: WallClock,
        tasks: Tasks,
        profile: TimeProfile = INSTANT,
        settings: ApiSettings = _DEFAULTS,
    ) -> None:
        identifiers = Identifiers(registry)
        self._registry = registry
        self.audit = Audit(registry, identifiers, now)
        context = ApiContext(registry, identifiers, now, settings, Pages(identifiers.secret("pages")))
        self.context = self._context = context
        self.profile = profile
        self.tasks = tasks
        self._retention = Retention(context)
        self._log = ServiceLog(registry, now)
        workload.attach(self._log)
        self._auto_scaling = AutoScalingConfigurations(context)
        self._observability = ObservabilityConfigurations(context)
        self._connections = Connections(context)
        self._connectors = VpcConnectors(context)
        self._ingress = VpcIngressConnections(context, workload, profile, tasks)
        self._tags = Tags(context)
        self._walk = DomainValidation(context, workload, profile, tasks)
        self._domains = CustomDomains(context, self._walk, self._ingress)
        self.operations = Operations(
            registry=registry,
            workload=workload,
            events=ServiceEvents(registry, identifiers, now),
            identifiers=identifiers,
            profile=profile,
            now=now,
            tasks=tasks,
            on_deleted=self._domains.service_deleted,
            dashed=settings.dashed_operation_ids,
        )
        self._services = Services(
            context,
            operations=self.operations,
            rules=ConfigurationRules(
                context,
                auto_scaling=self._auto_scaling,
                observability=self._observability,
                connections=self._connections,
                connectors=self._connectors,
            ),
            auto_scaling=self._auto_scaling,
            ingress=self._ingress,
        )
        self._web_acls = WebAclAssociations(context, workload)
        self._by_name = MappingProxyType(self._named())
        self._of_waf = MappingProxyType(self._named_of_waf())

    def start(self) -> None:
        """Restore services and continue interrupted operations. Call once, before the first call."""
        self.operations.start()
        self._walk.start()
        self._ingress.start()
        self._web_acls.start()

    # --- calls -----------------------------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all operations of App Runner."""
        return tuple(self._by_name)

    def handle(self, principal: Principal, operation: str, request: Request) -> Answer:
        """Return the response to a validated request. Callers must not modify it.

        Raises:
            ApiError: the rejection; the call has changed nothing.
        """
        carry_out = self._by_name.get(operation) or self._of_waf.get(operation)
        if carry_out is None:
            raise ApiError("UnknownOperationException", f"There is no operation {operation}.")
        try:
            return self._audited(carry_out, principal, operation, request)
        except sqlite3.Error as error:
            raise ApiError("InternalServiceErrorException", f"The state could not be written: {error}.") from error

    def rejected(self, principal: Principal, operation: str, request: Request, error: ApiError) -> None:
        """Record a rejected call in the audit log. It was rejected here, or before by validation."""
        self.audit.gather(principal, operation, request, error, self._source(operation))

    def flush(self) -> None:
        """Write what the audit log and the service logs have collected; what cannot be written is kept."""
        self.audit.flush()
        self._log.flush()

    def close(self) -> None:
        """Write the remaining collected entries and unsaved changes."""
        self._registry.save()
        self.audit.close()
        self._log.close()

    def web_acls_changed(self, arns: Collection[str]) -> None:
        """Evaluate the present version of changed web ACLs on the services that are associated with them."""
        self._web_acls.changed(arns)

    # --- actions without an AWS API --------------------------------------------------------------------------------

    def approve_connection(self, account: str, region: str, name: str) -> ConnectionResource:
        """Complete the handshake with the provider, as AWS's console does. Raises ApiError for an unknown name."""
        with self._registry.change():
            return self._connections.approve(account, region, name)

    def deploy_automatically(self, service_arn: str) -> str | None:
        """Deploy after a push to the service's branch or tag. Return the operation's id; None if it is ignored."""
        with self._registry.change(background=True):
            return self._services.deploy_automatically(service_arn)

    # --- internals -------------------------------------------------------------------------------------------------

    def _audited(self, carry_out: Operation, principal: Principal, operation: str, request: Request) -> Answer:
        try:
            if principal.identity is not None and principal.identity.is_limited:
                self._authorization.check(principal, principal.identity, *_action(operation, request))
            if not is_read(operation):
                return self._change(carry_out, principal, operation, request)
            answer = carry_out(principal, request)
        except ApiError as error:
            self.rejected(principal, operation, request, error)
            raise
        self.audit.gather(principal, operation, request, source=self._source(operation))
        return answer

    @cached_property
    def _authorization(self) -> Authorization:
        from simulator.control.authorization import (  # noqa: PLC0415 only for callers with policies
            Authorization,
        )

        return Authorization(
            self._context,
            find_auto_scaling=self._auto_scaling.book.find,
            find_observability=self._observability.book.find,
        )

    def _change(self, carry_out: Operation, principal: Principal, operation: str, request: Request) -> Answer:
        with self._registry.change():
            self._retention.sweep()
            answer = carry_out(principal, request)
            self.audit.record_change(principal, operation, request, answer, self._source(operation))
        return answer

    def _source(self, operation: str) -> EventSource:
        return EventSource.WAF if operation in self._of_waf else EventSource.APP_RUNNER

    def _named_of_waf(self) -> dict[str, Operation]:
        return {
            "AssociateWebACL": self._web_acls.associate,
            "DisassociateWebACL": self._web_acls.disassociate,
            "GetWebACLForResource": self._web_acls.get_for_resource,
            "ListResourcesForWebACL": self._web_acls.list_resources,
            "GetSampledRequests": self._web_acls.get_sampled_requests,
        }

    def _named(self) -> dict[str, Operation]:
        return {
            "CreateService": self._services.create,
            "DescribeService": self._services.describe,
            "ListServices": self._services.list_page,
            "UpdateService": self._services.update,
            "DeleteService": self._services.delete,
            "PauseService": self._services.pause,
            "ResumeService": self._services.resume,
            "StartDeployment": self._services.start_deployment,
            "ListOperations": self._services.list_operations,
            "AssociateCustomDomain": self._domains.associate,
            "DescribeCustomDomains": self._domains.describe,
            "DisassociateCustomDomain": self._domains.disassociate,
            "CreateAutoScalingConfiguration": self._auto_scaling.create,
            "DescribeAutoScalingConfiguration": self._auto_scaling.describe,
            "ListAutoScalingConfigurations": self._auto_scaling.list_page,
            "DeleteAutoScalingConfiguration": self._auto_scaling.delete,
            "UpdateDefaultAutoScalingConfiguration": self._auto_scaling.update_default,
            "ListServicesForAutoScalingConfiguration": self._auto_scaling.list_services,
            "CreateConnection": self._connections.create,
            "ListConnections": self._connections.list_page,
            "DeleteConnection": self._connections.delete,
            "CreateVpcConnector": self._connectors.create,
            "DescribeVpcConnector": self._connectors.describe,
            "ListVpcConnectors": self._connectors.list_page,
            "DeleteVpcConnector": self._connectors.delete,
            "CreateObservabilityConfiguration": self._observability.create,
            "DescribeObservabilityConfiguration": self._observability.describe,
            "ListObservabilityConfigurations": self._observability.list_page,
            "DeleteObservabilityConfiguration": self._observability.delete,
            "CreateVpcIngressConnection": self._ingress.create,
            "DescribeVpcIngressConnection": self._ingress.describe,
            "ListVpcIngressConnections": self._ingress.list_page,
            "UpdateVpcIngressConnection": self._ingress.update,
            "DeleteVpcIngressConnection": self._ingress.delete,
            "TagResource": self._tags.tag,
            "UntagResource": self._tags.untag,
            "ListTagsForResource": self._tags.list_all,
        }


def _action(operation: str, request: Request) -> tuple[str, Request]:
    """Return the App Runner action that the caller needs, and the request members that are checked."""
    action = _ACTIONS_OF_WAF.get(operation)
    if action is None:
        return operation, request
    web_acl = request.get("WebACLArn") or request.get("WebAclArn") or ""
    return action, {"ServiceArn": str(request.get("ResourceArn", "")), "WebACLArn": str(web_acl)}
