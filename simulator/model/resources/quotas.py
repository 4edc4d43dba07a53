"""Quotas of an account in one Region (facts 14)."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Quotas:
    """The maximum number of resources of each kind. Services in CREATE_FAILED count, those in DELETED do not.

    Raises:
        ValueError: if a quota is less than 1.
    """

    services: int = 30
    connections: int = 10
    auto_scaling_names: int = 10
    auto_scaling_revisions: int = 5  # for each name
    observability_names: int = 10
    observability_revisions: int = 10  # for each name
    vpc_connectors: int = 10
    vpc_ingress_connections: int = 1  # for each service
    custom_domains: int = 5  # for each service
    # ASSUMPTION: AWS's usual limit for the tags of a resource; App Runner's documentation states none.
    tags: int = 50

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value < 1:
                msg = f"quota {field.name} = {value}, must be at least 1"
                raise ValueError(msg)
