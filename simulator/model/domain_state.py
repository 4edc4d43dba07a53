"""The life of a custom domain on a service, and which domain names may be linked (facts 10.3)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class DomainStatus(StrEnum):
    """In lower case, as the live API answers; Terraform and Copilot compare it literally (facts 1.7)."""

    CREATING = "creating"
    CREATE_FAILED = "create_failed"
    PENDING_CERTIFICATE_DNS_VALIDATION = "pending_certificate_dns_validation"
    BINDING_CERTIFICATE = "binding_certificate"
    ACTIVE = "active"
    DELETING = "deleting"
    DELETE_FAILED = "delete_failed"


# One step of the walk at a time; None: the association is gone.
WALK: Final[dict[DomainStatus, DomainStatus | None]] = {
    DomainStatus.CREATING: DomainStatus.PENDING_CERTIFICATE_DNS_VALIDATION,
    DomainStatus.PENDING_CERTIFICATE_DNS_VALIDATION: DomainStatus.BINDING_CERTIFICATE,
    DomainStatus.BINDING_CERTIFICATE: DomainStatus.ACTIVE,
    DomainStatus.DELETING: None,
}
# A step that fails.
FAILED: Final = {
    DomainStatus.CREATING: DomainStatus.CREATE_FAILED,
    DomainStatus.BINDING_CERTIFICATE: DomainStatus.CREATE_FAILED,
    DomainStatus.DELETING: DomainStatus.DELETE_FAILED,
}

# Names that belong to nobody who could prove it in DNS (RFC 2606, RFC 6761). For example.com App Runner's association
# ends in create_failed (facts 19.2).
# ASSUMPTION: so it does for the others. Associating one would settle it.
_RESERVED: Final = ("example.com", "example.net", "example.org", "example", "invalid", "localhost", "test")

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN: Final = re.compile(rf"^(?:\*\.)?(?:{_LABEL}\.)+{_LABEL}\Z")


def names_of(domain: str, *, www: bool) -> tuple[str, ...]:
    """The host names that an association serves.

    Raises:
        ValueError: when `domain` is no root, subdomain or wildcard, or a wildcard is to have a www subdomain.
    """
    if not _DOMAIN.match(domain):
        msg = (
            f"DomainName = {domain!r}, must be a root domain, a subdomain, or a wildcard such as *.example.com; "
            "the * stands alone as the first label"
        )
        raise ValueError(msg)
    if not www:
        return (domain.lower(),)
    if domain.startswith("*."):
        msg = f"EnableWWWSubdomain = true, must be false for the wildcard domain {domain}"
        raise ValueError(msg)
    return (domain.lower(), f"www.{domain.lower()}")


def is_reserved(domain: str) -> bool:
    """True if no certificate can be issued for `domain`, because it is reserved or below a reserved name."""
    return any(f".{domain}".endswith(f".{name}") for name in _RESERVED)
