"""A service's complete configuration from a create or update request: validated, with defaults and references."""

from __future__ import annotations

from typing import Any, Final

from simulator.control.api_context import ApiContext
from simulator.control.principal import Principal
from simulator.control.rejections import SECRETS_WITHOUT_ROLE, invalid
from simulator.control.resources.auto_scaling_configurations import AutoScalingConfigurations
from simulator.control.resources.connections import Connections
from simulator.control.resources.observability_configurations import ObservabilityConfigurations
from simulator.control.resources.source_rules import completed_source
from simulator.control.resources.vpc_connectors import VpcConnectors
from simulator.model.health import HealthCheck
from simulator.model.resources.service_configuration import Block, ServiceConfiguration
from simulator.model.sizes import InstanceSize, parse_cpu, parse_memory

Request = dict[str, Any]

_CHECK: Final = HealthCheck()
_INSTANCE: Final[Block] = {"Cpu": str(InstanceSize().cpu_units), "Memory": str(InstanceSize().memory_mb)}
_HEALTH_CHECK: Final[Block] = {
    "Protocol": str(_CHECK.protocol),
    "Path": _CHECK.path,
    "Interval": _CHECK.interval_s,
    "Timeout": _CHECK.timeout_s,
    "HealthyThreshold": _CHECK.healthy_threshold,
    "UnhealthyThreshold": _CHECK.unhealthy_threshold,
}
_NETWORK: Final[Block] = {
    "IpAddressType": "IPV4",
    "EgressConfiguration": {"EgressType": "DEFAULT"},
    "IngressConfiguration": {"IsPubliclyAccessible": True},
}


class ConfigurationRules:
    """Computes a service's configuration from a request. Each kind of resource looks up its own references."""

    # ASSUMPTION: in the blocks beside the source, an update changes the members that it contains and keeps the others.
    # An update of Memory alone on AWS would settle it.

    def __init__(
        self,
        context: ApiContext,
        *,
        auto_scaling: AutoScalingConfigurations,
        observability: ObservabilityConfigurations,
        connections: Connections,
        connectors: VpcConnectors,
    ) -> None:
        self._context = context
        self._size_of = context.settings.size_of
        self._auto_scaling = auto_scaling
        self._observability = observability
        self._connections = connections
        self._connectors = connectors

    def completed(
        self, principal: Principal, request: Request, before: ServiceConfiguration | None = None
    ) -> ServiceConfiguration:
        """Return the new configuration. `before`: the current one; None for a new service.

        Raises:
            ApiError: InvalidRequestException with the first violation.
        """
        configuration = ServiceConfiguration(
            source=self._source(principal, request.get("SourceConfiguration", {}), before),
            instance=self._instance(request.get("InstanceConfiguration", {}), before),
            health_check=_health_check(request.get("HealthCheckConfiguration", {}), before),
            network=self._network(principal, request.get("NetworkConfiguration", {}), before),
            observability=self._tracing(principal, request.get("ObservabilityConfiguration"), before),
            auto_scaling_arn=self._auto_scaling_arn(principal, request.get("AutoScalingConfigurationArn"), before),
        )
        if configuration.secrets and configuration.instance_role_arn is None:
            raise invalid(SECRETS_WITHOUT_ROLE, hint="Give InstanceConfiguration.InstanceRoleArn")
        return configuration

    def _source(self, principal: Principal, given: Block, before: ServiceConfiguration | None) -> Block:
        source = completed_source(
            given, before.source if before else None, account=principal.account, now=self._context.now()
        )
        authentication = source.get("AuthenticationConfiguration", {})
        role = given.get("AuthenticationConfiguration", {}).get("AccessRoleArn")
        if role is not None and not self._context.settings.may_assume(role):
            raise invalid(f"Error in assuming access role {role}")  # AWS's wording (pulumi-aws#2411)
        connection = authentication.get("ConnectionArn")
        if connection is not None and "AuthenticationConfiguration" in given:
            found = self._connections.find_for_service(principal, connection)
            source["AuthenticationConfiguration"] = authentication | {"ConnectionArn": found.arn}
        if connection is None and "CodeRepository" in source and self._context.settings.needs_connection:
            raise invalid("AuthenticationConfiguration.ConnectionArn must be given for a code repository.")
        return source

    def _instance(self, given: Block, before: ServiceConfiguration | None) -> Block:
        block = (before.instance if before else _INSTANCE) | given
        # A service of another platform keeps a size that App Runner does not offer.
        size_of = InstanceSize if before is not None and given.keys().isdisjoint(_INSTANCE) else self._size_of
        try:
            size = size_of(parse_cpu(block["Cpu"]), parse_memory(block["Memory"]))
        except ValueError as error:
            raise invalid(f"InstanceConfiguration: {error}.") from error
        role = given.get("InstanceRoleArn")
        if role is not None and not self._context.settings.may_assume(role):
            raise invalid(f"Error in assuming instance role {role}")  # Terraform retries after this text (facts 1.2)
        # the response has plain units, whatever the form of the request (facts 1.6)
        return block | {"Cpu": str(size.cpu_units), "Memory": str(size.memory_mb)}

    def _network(self, principal: Principal, given: Block, before: ServiceConfiguration | None) -> Block:
        own = before.network if before else _NETWORK
        egress = own["EgressConfiguration"] | given.get("EgressConfiguration", {})
        if egress["EgressType"] == "VPC":
            if "VpcConnectorArn" not in egress:
                raise invalid("EgressConfiguration.VpcConnectorArn must be given when EgressType is VPC.")
            if "EgressConfiguration" in given:
                egress["VpcConnectorArn"] = self._connectors.find_for_service(principal, egress["VpcConnectorArn"]).arn
        elif "VpcConnectorArn" in given.get("EgressConfiguration", {}):
            raise invalid("EgressConfiguration.VpcConnectorArn must be given only when EgressType is VPC.")
        else:
            egress = {"EgressType": egress["EgressType"]}
        return {
            "IpAddressType": given.get("IpAddressType", own["IpAddressType"]),
            "EgressConfiguration": egress,
            "IngressConfiguration": _ingress(given.get("IngressConfiguration"), own["IngressConfiguration"]),
        }

    def _tracing(self, principal: Principal, given: Block | None, before: ServiceConfiguration | None) -> Block:
        if given is None:
            return before.observability if before else {}  # responses omit it until it is set (facts 19.5)
        arn = given.get("ObservabilityConfigurationArn")
        if not given["ObservabilityEnabled"]:
            if arn is not None:
                raise invalid("ObservabilityConfigurationArn must be given only when ObservabilityEnabled is true.")
            return {"ObservabilityEnabled": False}
        book = self._observability.book
        found = book.find_for_service(principal, arn) if arn is not None else self._observability.default(principal)
        return {"ObservabilityEnabled": True, "ObservabilityConfigurationArn": found.arn}

    def _auto_scaling_arn(self, principal: Principal, given: str | None, before: ServiceConfiguration | None) -> str:
        if given is not None:
            return self._auto_scaling.book.find_for_service(principal, given).arn
        return before.auto_scaling_arn if before else self._auto_scaling.default(principal).arn


def _ingress(given: Block | None, own: Block) -> Block:
    """Return the ingress block: a block without its member means a private service; no block means the default.

    The member is a plain boolean in the model, which some SDKs, such as Go's (and so Terraform), omit if it is false.
    """
    return own if given is None else {"IsPubliclyAccessible": given.get("IsPubliclyAccessible", False)}


def _health_check(given: Block, before: ServiceConfiguration | None) -> Block:
    block = (before.health_check if before else _HEALTH_CHECK) | given
    if not block["Path"].startswith("/"):
        raise invalid(f"HealthCheckConfiguration.Path = {block['Path']!r}, must start with /.")
    return block
