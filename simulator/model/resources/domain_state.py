"""The state machine of a custom domain, and the domain names that can be associated (facts 10.3)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class DomainStatus(StrEnum):
    """Domain status in lower case, as the real API returns it. Terraform and Copilot depend on that (facts 1.7)."""

    CREATING = "creating"
    CREATE_FAILED = "create_failed"
    PENDING_CERTIFICATE_DNS_VALIDATION = "pending_certificate_dns_validation"
    BINDING_CERTIFICATE = "binding_certificate"
    ACTIVE = "active"
    DELETING = "deleting"
    DELETE_FAILED = "delete_failed"


# The next status after each successful step; None: the association no longer exists.
WALK: Final[dict[DomainStatus, DomainStatus | None]] = {
    DomainStatus.CREATING: DomainStatus.PENDING_CERTIFICATE_DNS_VALIDATION,
    DomainStatus.PENDING_CERTIFICATE_DNS_VALIDATION: DomainStatus.BINDING_CERTIFICATE,
    DomainStatus.BINDING_CERTIFICATE: DomainStatus.ACTIVE,
    DomainStatus.DELETING: None,
}
# The next status after a failed step.
FAILED: Final = {
    DomainStatus.CREATING: DomainStatus.CREATE_FAILED,
    DomainStatus.BINDING_CERTIFICATE: DomainStatus.CREATE_FAILED,
    DomainStatus.DELETING: DomainStatus.DELETE_FAILED,
}

# Reserved names, whose ownership cannot be proved in DNS (RFC 2606, RFC 6761). For example.com App Runner's
# association ends in create_failed (facts 19.2).
# ASSUMPTION: the other names end in create_failed too. Associating one of them would settle it.
_RESERVED: Final = ("example.com", "example.net", "example.org", "example", "invalid", "localhost", "test")

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN: Final = re.compile(rf"^(?:\*\.)?(?:{_LABEL}\.)+{_LABEL}\Z")


def names_of(domain: str, *, www: bool) -> tuple[str, ...]:
    """Return the host names that an association serves.

    Raises:
        ValueError: if `domain` is not a root domain, a subdomain or a wildcard, or if `www` is set for a wildcard.
    """
    if not _DOMAIN.match(domain):
        msg = (
            f"DomainName = {domain!r}, must be a root domain, a subdomain, or a wildcard such as *.example.com; "
            "the * must be the whole first label"
        )
        raise ValueError(msg)
    if not www:
        return (domain.lower(),)
    if domain.startswith("*."):
        msg = f"EnableWWWSubdomain = true, must be false for the wildcard domain {domain}"
        raise ValueError(msg)
    return (domain.lower(), f"www.{domain.lower()}")


def is_reserved(domain: str) -> bool:
    """Return True if no certificate can be issued for `domain`, because it is reserved or below a reserved name."""
    return any(f".{domain}".endswith(f".{name}") for name in _RESERVED)
