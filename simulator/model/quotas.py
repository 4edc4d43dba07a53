"""Quotas of an account in one Region (facts 14)."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Quotas:
    """How many of each there may be. CREATE_FAILED services count, DELETED ones do not.

    Raises:
        ValueError: when one is less than 1.
    """

    services: int = 30
    connections: int = 10
    auto_scaling_names: int = 10
    auto_scaling_revisions: int = 5  # of one name
    observability_names: int = 10
    observability_revisions: int = 10  # of one name
    vpc_connectors: int = 10
    vpc_ingress_connections: int = 1  # of one service
    custom_domains: int = 5  # of one service
    # ASSUMPTION: AWS's usual bound on a resource's tags; the App Runner documents do not state theirs.
    tags: int = 50

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value < 1:
                msg = f"quota {field.name} = {value}, must be at least 1"
                raise ValueError(msg)
