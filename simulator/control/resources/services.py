"""Services: eight operations and the list of their operations (facts 1.3, 1.4, 2.1)."""

from __future__ import annotations

from typing import Any, Final

from simulator.control.api_context import ApiContext, owner_key
from simulator.control.operations.operations import Operations
from simulator.control.operations.revisions import auto_scaling_of
from simulator.control.principal import Principal
from simulator.control.rejections import invalid, invalid_state, quota_exceeded
from simulator.control.resources.auto_scaling_configurations import AutoScalingConfigurations
from simulator.control.resources.configuration_rules import ConfigurationRules
from simulator.control.resources.resource_users import living_services
from simulator.control.resources.service_lookup import find_service
from simulator.control.resources.vpc_ingress_connections import VpcIngressConnections
from simulator.model.resources.api_resources import OperationResource, ServiceResource
from simulator.model.resources.arn import SERVICE
from simulator.model.resources.operation import OperationType
from simulator.model.resources.service_state import OperationDecision, ServiceStatus, verdict

Request = dict[str, Any]
Answer = dict[str, Any]

# "Service cannot be updated in the current state: OPERATION_IN_PROGRESS." is AWS's own text (facts 1.2).
# ASSUMPTION: the texts for the other operations have the same form; a rejected call of each would settle it.
_DONE: Final = {
    OperationType.UPDATE_SERVICE: "updated",
    OperationType.START_DEPLOYMENT: "deployed",
    OperationType.PAUSE_SERVICE: "paused",
    OperationType.RESUME_SERVICE: "resumed",
    OperationType.DELETE_SERVICE: "deleted",
}


class Services:
    def __init__(
        self,
        context: ApiContext,
        *,
        operations: Operations,
        rules: ConfigurationRules,
        auto_scaling: AutoScalingConfigurations,
        ingress: VpcIngressConnections,
    ) -> None:
        self._context = context
        self._operations = operations
        self._rules = rules
        self._auto_scaling = auto_scaling
        self._ingress = ingress
        # responses of DescribeService, valid until any resource changes
        self._views: dict[str, Answer] = {}
        self._views_version = -1

    # --- operations ------------------------------------------------------------------------------------------------

    def create(self, principal: Principal, request: Request) -> Answer:
        name, registry = request["ServiceName"], self._context.registry
        living = living_services(registry, owner_key(principal))
        if any(each.name == name for each in living):
            raise invalid(f"Service with the provided name already exists: {name}")
        if len(living) >= self._context.quotas.services:
            raise quota_exceeded("services", self._context.quotas.services)
        now = self._context.now()
        service = ServiceResource(
            str(self._context.new_arn(principal, SERVICE, name)),
            registry.next_number(),
            now,
            tags=self._context.tags(request.get("Tags")),
            host=f"{self._context.identifiers.host_label()}.{principal.region}.awsapprunner.com",
            status=ServiceStatus.OPERATION_IN_PROGRESS,
            updated_at=now,
            configuration=self._rules.completed(principal, request),
            kms_key=request.get("EncryptionConfiguration", {}).get("KmsKey"),
        )
        return self._begun(principal, self._operations.create(service))

    def describe(self, principal: Principal, request: Request) -> Answer:
        service = find_service(self._context, principal, request["ServiceArn"])
        return {"Service": self._view(principal, service)}

    def list_page(self, principal: Principal, request: Request) -> Answer:
        living = living_services(self._context.registry, owner_key(principal))
        page, more = self._context.pages.page(living, principal, "ListServices", request)
        return {"ServiceSummaryList": [_summary(each) for each in page], **more}

    def update(self, principal: Principal, request: Request) -> Answer:
        service = self._ready_for(OperationType.UPDATE_SERVICE, principal, request)
        # ASSUMPTION: an empty block counts as none. An update with `InstanceConfiguration={}` would settle it.
        if not any(value != {} for member, value in request.items() if member != "ServiceArn"):
            raise invalid("No configurations provided in the UpdateService request.")
        configuration = self._rules.completed(principal, request, service.configuration)
        if configuration.is_public and not service.configuration.is_public and self._ingress.of_service(service):
            raise invalid("IsPubliclyAccessible = true, must be false while the service has a VPC ingress connection.")
        new_application = "SourceConfiguration" in request
        return self._begun(principal, self._operations.update(service, configuration, new_application=new_application))

    def start_deployment(self, principal: Principal, request: Request) -> Answer:
        service = self._ready_for(OperationType.START_DEPLOYMENT, principal, request)
        return {"OperationId": self._operations.begin(service, OperationType.START_DEPLOYMENT).operation_id}

    def pause(self, principal: Principal, request: Request) -> Answer:
        return self._switched(OperationType.PAUSE_SERVICE, principal, request)

    def resume(self, principal: Principal, request: Request) -> Answer:
        return self._switched(OperationType.RESUME_SERVICE, principal, request)

    def delete(self, principal: Principal, request: Request) -> Answer:
        service = self._ready_for(OperationType.DELETE_SERVICE, principal, request)
        if self._ingress.of_service(service) is not None:
            # ASSUMPTION: InvalidStateException; it is documented that the connection must be deleted first, but not the
            # error (facts 1.8).
            raise invalid_state(f"Service cannot be deleted while it has a VPC ingress connection: {service.arn}")
        return self._begun(principal, self._operations.begin(service, OperationType.DELETE_SERVICE))

    def list_operations(self, principal: Principal, request: Request) -> Answer:
        service = find_service(self._context, principal, request["ServiceArn"])
        operations = self._context.registry.owned_by(OperationResource, service.arn)
        page, more = self._context.pages.page(operations, principal, "ListOperations", request)
        return {"OperationSummaryList": [_operation_summary(each) for each in page], **more}

    # --- without an AWS API ----------------------------------------------------------------------------------------

    def deploy_automatically(self, service_arn: str) -> str | None:
        """Deploy after a push to the service's branch or tag. Return the operation's id. Call inside a change.

        Return None if no deployment begins: while the service cannot be deployed, pushes are ignored, and not deployed
        later (facts 6.7).
        """
        service = self._context.registry.get(ServiceResource, service_arn)
        kind = OperationType.START_DEPLOYMENT
        if service is None or not service.configuration.deploys_automatically:
            return None
        if verdict(kind, service.status) is not OperationDecision.BEGINS:
            return None
        return self._operations.begin(service, kind).operation_id

    # --- internals -------------------------------------------------------------------------------------------------

    def _switched(self, kind: OperationType, principal: Principal, request: Request) -> Answer:
        """Pause or resume a service; respond without an operation if it already is in that state (facts 1.4)."""
        service = find_service(self._context, principal, request["ServiceArn"])
        if verdict(kind, service.status) is OperationDecision.ALREADY_THERE:
            return {"Service": self._view(principal, service)}
        self._ready_for(kind, principal, request)
        return self._begun(principal, self._operations.begin(service, kind))

    def _ready_for(self, kind: OperationType, principal: Principal, request: Request) -> ServiceResource:
        service = find_service(self._context, principal, request["ServiceArn"])
        if verdict(kind, service.status) is not OperationDecision.BEGINS:
            message = f"Service cannot be {_DONE[kind]} in the current state: {service.status}."
            # ASSUMPTION: InvalidRequestException for StartDeployment, because the model lists no InvalidStateException
            # for it (facts 19.5). A deployment of a paused service would settle it.
            raise invalid(message) if kind is OperationType.START_DEPLOYMENT else invalid_state(message)
        return service

    def _begun(self, principal: Principal, operation: OperationResource) -> Answer:
        service = find_service(self._context, principal, operation.service_arn)
        return {"Service": self._view(principal, service), "OperationId": operation.operation_id}

    def _view(self, principal: Principal, service: ServiceResource) -> Answer:
        if self._views_version != self._context.registry.version:
            self._views.clear()
            self._views_version = self._context.registry.version
        view = self._views.get(service.arn)
        if view is None:
            view = self._views[service.arn] = self._rendered(principal, service)
        return view

    def _rendered(self, principal: Principal, service: ServiceResource) -> Answer:
        configuration = service.configuration
        scaling = auto_scaling_of(self._context.registry, configuration.auto_scaling_arn)
        assert scaling is not None, configuration.auto_scaling_arn
        view = _summary(service) | {
            "SourceConfiguration": configuration.source,
            "InstanceConfiguration": configuration.instance,
            "HealthCheckConfiguration": configuration.health_check,
            "AutoScalingConfigurationSummary": self._auto_scaling.summary(principal, scaling),
            "NetworkConfiguration": configuration.network,
        }
        if configuration.observability:
            view["ObservabilityConfiguration"] = configuration.observability
        if service.kms_key is not None:
            view["EncryptionConfiguration"] = {"KmsKey": service.kms_key}
        if service.deleted_at is not None:
            view["DeletedAt"] = service.deleted_at
        return view


def _summary(service: ServiceResource) -> Answer:
    return {
        "ServiceName": service.name,
        "ServiceId": service.resource_id,
        "ServiceArn": service.arn,
        "ServiceUrl": service.url,
        "CreatedAt": service.created_at,
        "UpdatedAt": service.updated_at,
        "Status": str(service.status),
    }


def _operation_summary(operation: OperationResource) -> Answer:
    view = {
        "Id": operation.operation_id,
        "Type": str(operation.type),
        "Status": str(operation.status),
        "TargetArn": operation.service_arn,
        "StartedAt": operation.started_at,
        "UpdatedAt": operation.updated_at,
    }
    return view if operation.ended_at is None else view | {"EndedAt": operation.ended_at}
