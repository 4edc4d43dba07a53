"""Lookup of a resource of any kind by its full ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simulator.control.operations.revisions import auto_scaling_of, observability_of
from simulator.control.state.registry import Registry
from simulator.model.resources.api_resources import (
    AutoScalingResource,
    ConnectionResource,
    ObservabilityResource,
    ServiceResource,
    VpcConnectorResource,
    VpcIngressResource,
)
from simulator.model.resources.arn import (
    AUTO_SCALING,
    CONNECTION,
    OBSERVABILITY,
    SERVICE,
    VPC_CONNECTOR,
    VPC_INGRESS,
    Arn,
)

ArnTagged = (
    ServiceResource
    | ConnectionResource
    | AutoScalingResource
    | ObservabilityResource
    | VpcConnectorResource
    | VpcIngressResource
)

_OF_KIND: Final[Mapping[str, type[ArnTagged]]] = {
    SERVICE: ServiceResource,
    CONNECTION: ConnectionResource,
    VPC_CONNECTOR: VpcConnectorResource,
    VPC_INGRESS: VpcIngressResource,
}


def resource_of(registry: Registry, text: str) -> ArnTagged | None:
    """Return the resource with a full ARN, even if it is deleted; None if there is none or `text` is not a full ARN."""
    try:
        arn = Arn.parse(text)
    except ValueError:
        return None
    if arn.is_partial:
        return None
    if arn.kind == AUTO_SCALING:
        return auto_scaling_of(registry, text)
    if arn.kind == OBSERVABILITY:
        return observability_of(registry, text)
    return registry.get(_OF_KIND[arn.kind], text)
