"""Objects that all resources of the API share: registry, identifiers, time, settings, pagination."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from simulator.control.domain_checks import DomainChecks
from simulator.control.pagination import Pages
from simulator.control.principal import Principal
from simulator.control.rejections import invalid
from simulator.control.state.identifiers import Identifiers
from simulator.control.state.registry import Registry
from simulator.control.wall_clock import WallClock
from simulator.model.resources.api_resources import ArnResource
from simulator.model.resources.arn import Arn, owner_key_of
from simulator.model.resources.quotas import Quotas
from simulator.model.sizes import InstanceSize, supported

if TYPE_CHECKING:
    from simulator.fleet.network.vpc_book import VpcBook
    from simulator.rules.network.vpc import Vpcs
    from simulator.rules.waf.web_acl import WebAcl

# ASSUMPTION: one hour; AWS describes deleted resources "for a time" (facts 2.2, 18). Polling AWS would settle it.
RETENTION_S: Final = 3600.0
# ASSUMPTION: the value in AWS's managed policy; the Service Authorization Reference has bullet.amazonaws.com (facts
# 12.1). A policy with only one of them on AWS would settle it.
PASSED_TO_SERVICE: Final = "apprunner.amazonaws.com"


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Settings of the API.

    `may_assume`: returns whether App Runner can assume a role, which fails for some time for new IAM roles (facts 12).

    `needs_connection`: a code repository requires a connection; AWS's documents disagree about this (facts 6.1).
    `passed_to_service`: the value of iam:PassedToService, on which they also disagree (facts 12.1). `has_linked_roles`:
    the account's service-linked roles exist. `vpcs`: the VPCs in which VPC connectors can be created; None: any subnets
    and security groups are accepted. `size_of`: returns the size with these CPU units and MB of memory; raises
    ValueError for a size that is not offered. `domain_checks`: how custom domains are validated in DNS; None:
    validation always succeeds.
    """

    quotas: Quotas = field(default_factory=Quotas)
    retention_s: float = RETENTION_S  # seconds for which a deleted resource can be described
    dashed_operation_ids: bool = False
    needs_connection: bool = False
    may_assume: Callable[[str], bool] = lambda _role_arn: True
    size_of: Callable[[int, int], InstanceSize] = supported
    passed_to_service: str = PASSED_TO_SERVICE
    has_linked_roles: bool = True
    domain_checks: DomainChecks | None = None
    web_acls: Mapping[str, WebAcl] = field(default_factory=dict)  # key: ARN
    vpcs: Vpcs | None = None
    vpc_book: VpcBook | None = None  # replaces `vpcs` by VPCs that change
    accepted_types: frozenset[str] = frozenset()  # of other services; ignored in stacks of CloudFormation


@dataclass(frozen=True, slots=True)
class ApiContext:
    registry: Registry
    identifiers: Identifiers
    now: WallClock
    settings: ApiSettings
    pages: Pages

    @property
    def vpcs(self) -> Vpcs | None:
        """The present VPCs; None: any subnets and security groups are accepted."""
        book = self.settings.vpc_book
        return self.settings.vpcs if book is None else book.present

    @property
    def quotas(self) -> Quotas:
        return self.settings.quotas

    def is_there(self, resource: ArnResource) -> bool:
        """Return True if the resource can still be described: it exists, or was deleted recently."""
        return resource.deleted_at is None or self.now() < resource.deleted_at + self.settings.retention_s

    def new_arn(self, principal: Principal, kind: str, name: str, revision: int | None = None) -> Arn:
        """Return the ARN of a new resource. Call inside `registry.change()`."""
        return Arn(principal.region, principal.account, kind, name, revision, self.identifiers.hexadecimal(kind))

    def tags(self, request_tags: list[dict[str, str]] | None) -> dict[str, str]:
        """Convert the API's list of {Key, Value} to a dictionary.

        Raises:
            ApiError: InvalidRequestException for a missing or repeated key, or too many tags.
        """
        return checked_tags(request_tags or [], self.quotas.tags)


def owner_key(principal: Principal) -> str:
    return owner_key_of(principal.account, principal.region)


def checked_tags(tags: list[dict[str, str]], most: int) -> dict[str, str]:
    checked: dict[str, str] = {}
    for tag in tags:
        key = tag.get("Key")
        if key is None:
            raise invalid("Tags: every tag must have a Key.")
        if key in checked:
            raise invalid(f"Tags: the key {key!r} occurs more than once.")
        checked[key] = tag.get("Value", "")
    if len(checked) > most:
        raise invalid(f"Tags: {len(checked)} tags, must be at most {most}.")
    return checked
