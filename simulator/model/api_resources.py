"""The resources of the control-plane API as they are kept. Times are seconds since 1970 to the millisecond.

Every resource has a `key`, unique among its kind; a `shelf`, what lists go through (an account in a Region, or the
service that it belongs to); and a number `born`, which grows over all resources and gives lists their order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.model.arn import Arn, shelf_of
from simulator.model.domain_state import DomainStatus, names_of
from simulator.model.ingress_state import IngressStatus
from simulator.model.operation import ENDED, OperationStatus, OperationType
from simulator.model.service_configuration import Block, ServiceConfiguration
from simulator.model.service_state import ServiceStatus


@dataclass(frozen=True, slots=True)
class ArnResource:
    """What every resource with an ARN of its own has. `deleted_at`: it stays to be described for a while."""

    arn: str
    born: int
    created_at: float
    deleted_at: float | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.arn

    @property
    def place(self) -> Arn:
        return Arn.parse(self.arn)

    @property
    def shelf(self) -> str:
        return self.place.shelf

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def resource_id(self) -> str:
        return self.place.resource_id or ""

    @property
    def revision(self) -> int:
        return self.place.revision or 0

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a service ran last with success: what it goes back to, and comes back with after a pause or a restart."""

    revision: int
    configuration: ServiceConfiguration
    version: str  # the image digest or commit that the workload found, in its own words


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceResource(ArnResource):
    """`configuration` shows what is wanted, the values of an update in progress included (facts 1.3)."""

    host: str  # of its URL: also private services have one, though they do not show it
    status: ServiceStatus
    updated_at: float
    configuration: ServiceConfiguration
    revision_number: int = 1  # one more with every update and deployment
    deployed: Deployed | None = None
    kms_key: str | None = None

    @property
    def url(self) -> str:
        """Empty for private services (facts 10.2)."""
        return self.host if self.configuration.is_public else ""


@dataclass(frozen=True, slots=True)
class OperationResource:
    """One operation on a service, and how far it has come."""

    operation_id: str
    service_arn: str
    born: int
    type: OperationType
    status: OperationStatus
    started_at: float
    updated_at: float
    began_in: ServiceStatus
    new_application: bool = False  # an update that brought a source configuration
    ended_at: float | None = None
    phase: int = 0  # the last `Phase` that was told of

    @property
    def key(self) -> str:
        return self.operation_id

    @property
    def shelf(self) -> str:
        return self.service_arn

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoScalingResource(ArnResource):
    """One revision of an auto scaling configuration."""

    max_concurrency: int
    min_size: int
    max_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservabilityResource(ArnResource):
    """One revision of an observability configuration. `vendor` None: tracing is off."""

    vendor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionResource(ArnResource):
    """`status`: PENDING_HANDSHAKE, AVAILABLE, ERROR; one that is deleted is gone at once."""

    provider: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcConnectorResource(ArnResource):
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcIngressResource(ArnResource):
    """`changed_at`: when it came into its status."""

    service_arn: str
    host: str
    status: IngressStatus
    changed_at: float
    vpc: Block  # IngressVpcConfiguration


@dataclass(frozen=True, slots=True)
class CustomDomainResource:
    """The association of a domain with a service. `records`: CertificateValidationRecords without their status."""

    service_arn: str
    domain: str
    born: int
    www: bool
    status: DomainStatus
    changed_at: float
    records: tuple[dict[str, str], ...]

    @property
    def key(self) -> str:
        return f"{self.service_arn} {self.domain}"

    @property
    def shelf(self) -> str:
        return self.service_arn

    @property
    def names(self) -> tuple[str, ...]:
        return names_of(self.domain, www=self.www)


@dataclass(frozen=True, slots=True)
class AccountResource:
    """What an account has set in a Region."""

    account: str
    region: str
    born: int
    default_auto_scaling_arn: str

    @property
    def key(self) -> str:
        return self.shelf

    @property
    def shelf(self) -> str:
        return shelf_of(self.account, self.region)


Resource = (
    ServiceResource
    | OperationResource
    | AutoScalingResource
    | ObservabilityResource
    | ConnectionResource
    | VpcConnectorResource
    | VpcIngressResource
    | CustomDomainResource
    | AccountResource
)
