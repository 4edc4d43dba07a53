"""Revisions as the workload needs them, and the built-in configurations of every account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

from simulator.control.operations.workload import ServiceRevision
from simulator.control.state.registry import Registry
from simulator.model.resources.api_resources import (
    AutoScalingResource,
    Deployed,
    ObservabilityResource,
    ServiceResource,
    VpcConnectorResource,
)
from simulator.model.resources.arn import (
    AUTO_SCALING,
    DEFAULT_CONFIGURATION,
    DEFAULT_CONFIGURATION_ID,
    OBSERVABILITY,
    Arn,
)
from simulator.model.scaling import AutoScalingConfiguration

# date of App Runner's launch: built-in configurations are older than any simulated account
_LAUNCH_S: Final = datetime(2021, 5, 18, tzinfo=UTC).timestamp()
_NUMBERS: Final = AutoScalingConfiguration()

_BuiltIn = TypeVar("_BuiltIn", AutoScalingResource, ObservabilityResource)


def default_arn(kind: str, account: str, region: str) -> Arn:
    return Arn(region, account, kind, DEFAULT_CONFIGURATION, 1, DEFAULT_CONFIGURATION_ID)


def built_in_auto_scaling(account: str, region: str) -> AutoScalingResource:
    return AutoScalingResource(
        str(default_arn(AUTO_SCALING, account, region)),
        born=0,
        created_at=_LAUNCH_S,
        max_concurrency=_NUMBERS.max_concurrency,
        min_size=_NUMBERS.min_size,
        max_size=_NUMBERS.max_size,
    )


def built_in_observability(account: str, region: str) -> ObservabilityResource:
    """Return the default observability configuration, with X-Ray on (facts 1.5)."""
    arn = str(default_arn(OBSERVABILITY, account, region))
    return ObservabilityResource(arn, born=0, created_at=_LAUNCH_S, vendor="AWSXRAY")


def auto_scaling_of(registry: Registry, arn: str) -> AutoScalingResource | None:
    """Return the configuration with a full ARN, even if it is deleted."""
    return registry.get(AutoScalingResource, arn) or _if_built_in(built_in_auto_scaling, arn)


def observability_of(registry: Registry, arn: str) -> ObservabilityResource | None:
    """Return the configuration with a full ARN, even if it is deleted."""
    return registry.get(ObservabilityResource, arn) or _if_built_in(built_in_observability, arn)


def _if_built_in(make: Callable[[str, str], _BuiltIn], arn: str) -> _BuiltIn | None:
    place = Arn.parse(arn)
    built_in = make(place.account, place.region)
    return built_in if built_in.arn == arn else None


def wanted_revision(registry: Registry, service: ServiceResource) -> ServiceRevision:
    """Return the revision that the service should run."""
    return _revision(registry, service, Deployed(service.revision_number, service.configuration, ""))


def deployed_revision(registry: Registry, service: ServiceResource) -> ServiceRevision:
    """Return the last successfully deployed revision."""
    assert service.deployed is not None, service.arn
    return _revision(registry, service, service.deployed)


def _revision(registry: Registry, service: ServiceResource, what: Deployed) -> ServiceRevision:
    configuration, place = what.configuration, service.place
    scaling = auto_scaling_of(registry, configuration.auto_scaling_arn)
    assert scaling is not None, f"{service.arn} uses {configuration.auto_scaling_arn}, which cannot have been deleted"
    connector = registry.get(VpcConnectorResource, configuration.vpc_connector_arn or "")
    tracing = observability_of(registry, configuration.observability_arn) if configuration.observability_arn else None
    return ServiceRevision(
        service_arn=service.arn,
        service_id=service.resource_id,
        name=service.name,
        account=place.account,
        region=place.region,
        host=service.host,
        number=what.revision,
        configuration=configuration,
        scaling=AutoScalingConfiguration(scaling.max_concurrency, scaling.min_size, scaling.max_size),
        subnets=connector.subnets if connector is not None else (),
        security_groups=connector.security_groups if connector is not None else (),
        tracing=tracing.vendor if tracing is not None else None,
        version=what.version,
        kms_key=service.kms_key,
    )
