"""The resources of the control-plane API as they are stored. Times are seconds since 1970 to the millisecond.

Every resource has three attributes for storage and lists:

- `key`: unique among the resources of its kind.
- `owner_key`: the owner by which lists are selected, an account in a Region or the service that the resource belongs
to.
- `born`: a number that increases with each new resource of any kind; lists are in its order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from simulator.model.resources.arn import Arn, owner_key_of
from simulator.model.resources.domain_state import DomainStatus, RecordStatus, names_of
from simulator.model.resources.ingress_state import IngressStatus
from simulator.model.resources.operation import ENDED, OperationStatus, OperationType
from simulator.model.resources.service_configuration import Block, ServiceConfiguration
from simulator.model.resources.service_state import ServiceStatus


@dataclass(frozen=True, slots=True)
class ArnResource:
    """The common attributes of resources with an ARN. A deleted resource can still be described for some time."""

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
    def owner_key(self) -> str:
        return self.place.owner_key

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
    """The last successful deployment of a service, to which a rollback, a resume or a restart returns."""

    revision: int
    configuration: ServiceConfiguration
    version: str  # the image digest or commit, as the workload names it


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceResource(ArnResource):
    """A service. `configuration` is the requested one, including the values of an update in progress (facts 1.3)."""

    host: str  # host name of the URL; a private service has one too, although the API does not return it
    status: ServiceStatus
    updated_at: float
    configuration: ServiceConfiguration
    revision_number: int = 1  # increases by 1 with every update and deployment
    deployed: Deployed | None = None
    kms_key: str | None = None
    web_acl_arn: str | None = None

    @property
    def url(self) -> str:
        """The host name of the service's URL; empty for private services (facts 10.2)."""
        return self.host if self.configuration.is_public else ""


@dataclass(frozen=True, slots=True)
class OperationResource:
    """One operation on a service, and its progress."""

    operation_id: str
    service_arn: str
    born: int
    type: OperationType
    status: OperationStatus
    started_at: float
    updated_at: float
    began_in: ServiceStatus
    new_application: bool = False  # True for an update that contains a source configuration
    ended_at: float | None = None
    phase: int = 0  # the last `Phase` that was written to the event log

    @property
    def key(self) -> str:
        return self.operation_id

    @property
    def owner_key(self) -> str:
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
    """One revision of an observability configuration. Tracing is off if `vendor` is None."""

    vendor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionResource(ArnResource):
    """A connection to a source code provider.

    `status` is PENDING_HANDSHAKE, AVAILABLE or ERROR. A deleted connection disappears immediately.
    """

    provider: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcConnectorResource(ArnResource):
    """One revision of a VPC connector: the ids of its subnets and security groups."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcIngressResource(ArnResource):
    """A VPC ingress connection. `changed_at` is the time at which it entered its status."""

    service_arn: str
    host: str
    status: IngressStatus
    changed_at: float
    vpc: Block  # IngressVpcConfiguration


@dataclass(frozen=True, slots=True)
class CustomDomainResource:
    """The association of a domain with a service. `records` are CertificateValidationRecords without their status.

    `record_statuses` has the statuses of the records, in the same order, if they are looked up in DNS. Otherwise it is
    empty, and `status` determines them.
    """

    service_arn: str
    domain: str
    born: int
    www: bool
    status: DomainStatus
    changed_at: float
    records: tuple[dict[str, str], ...]
    record_statuses: tuple[RecordStatus, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.service_arn} {self.domain}"

    @property
    def has_expired(self) -> bool:
        """Return True if the certificate was not renewed in time."""
        return self.status is DomainStatus.ACTIVE and RecordStatus.FAILED in self.record_statuses

    @property
    def owner_key(self) -> str:
        return self.service_arn

    @property
    def names(self) -> tuple[str, ...]:
        return names_of(self.domain, www=self.www)


@dataclass(frozen=True, slots=True)
class AccountResource:
    """The settings of an account in a Region."""

    account: str
    region: str
    born: int
    default_auto_scaling_arn: str

    @property
    def key(self) -> str:
        return self.owner_key

    @property
    def owner_key(self) -> str:
        return owner_key_of(self.account, self.region)


class Resource(Protocol):
    """The resources that the registry stores: those above, and those of CloudFormation (`stack`)."""

    @property
    def key(self) -> str: ...

    @property
    def owner_key(self) -> str: ...

    @property
    def born(self) -> int: ...
