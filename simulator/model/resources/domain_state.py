"""The state machine of a custom domain, and the domain names that can be associated (facts 10.3)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class DomainStatus(StrEnum):
    """The status of a domain in lower case, as the API returns it. Terraform and Copilot depend on the lower case
    (facts 1.7).
    """

    CREATING = "creating"
    CREATE_FAILED = "create_failed"
    PENDING_CERTIFICATE_DNS_VALIDATION = "pending_certificate_dns_validation"
    BINDING_CERTIFICATE = "binding_certificate"
    ACTIVE = "active"
    DELETING = "deleting"
    DELETE_FAILED = "delete_failed"


class RecordStatus(StrEnum):
    """Status of a certificate validation record (facts 1.7)."""

    PENDING_VALIDATION = "PENDING_VALIDATION"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


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
    DomainStatus.PENDING_CERTIFICATE_DNS_VALIDATION: DomainStatus.CREATE_FAILED,
    DomainStatus.BINDING_CERTIFICATE: DomainStatus.CREATE_FAILED,
    DomainStatus.DELETING: DomainStatus.DELETE_FAILED,
}

# Reserved names, whose ownership cannot be validated in DNS (RFC 2606, RFC 6761). For example.com App Runner's
# association ends in create_failed (facts 19.2).
# ASSUMPTION: the other names end in create_failed too. Associating one of them would settle it.
_RESERVED: Final = ("example.com", "example.net", "example.org", "example", "invalid", "localhost", "test")

# Amazon's names in CAA records. Facts 10.3 have the first.
# ASSUMPTION: the other three, which ACM accepts for its own certificates, are accepted here too. A domain with one of
# them would settle it.
_AUTHORITIES: Final = frozenset({"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"})
_CAA: Final = re.compile(r'^\d+ (issue|issuewild) "([^";]*)', re.IGNORECASE)

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


def record_status(expected: str, found: frozenset[str]) -> RecordStatus:
    """Return the status of a validation record, given the values that DNS has for its name.

    ASSUMPTION: a wrong value counts as a missing record, which can still be corrected, and not as FAILED. An
    association with a wrong record would settle it.
    """
    matches = any(_plain(value) == _plain(expected) for value in found)
    return RecordStatus.SUCCESS if matches else RecordStatus.PENDING_VALIDATION


def caa_permits(found: frozenset[str], *, is_wildcard: bool) -> bool:
    """Return True if CAA records, in the form of a zone file, let Amazon issue a certificate (RFC 8659, section 4)."""
    properties = [(match[1].lower(), match[2].strip().lower()) for each in found if (match := _CAA.match(each))]
    wild = [value for tag, value in properties if tag == "issuewild"]
    relevant = wild if is_wildcard and wild else [value for tag, value in properties if tag == "issue"]
    return not relevant or not _AUTHORITIES.isdisjoint(relevant)


def _plain(name: str) -> str:
    return name.lower().removesuffix(".")
