"""Settings of the validation of custom domains by records in DNS, in place of validation that always succeeds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

# Name and type of records -> their values in a zone file's form, empty if there are none; None if no DNS has answered.
Lookup = Callable[[str, str], Awaitable[frozenset[str] | None]]

_DAY_S: Final = 86400.0
# ASSUMPTION: a minute; nothing is published on how often ACM looks. Timing a record that comes late would settle it.
CHECK_EVERY_S: Final = 60.0
GIVE_UP_S: Final = 72 * 3600.0  # ACM's time-out of a validation (facts 10.3)
RENEWAL_S: Final = (395 - 60) * _DAY_S  # ACM looks again 60 days before a certificate ends (facts 10.3)
VALID_S: Final = 395 * _DAY_S


@dataclass(frozen=True, slots=True)
class DomainChecks:
    """`lookup` finds records. Times in seconds; the factor of the time profile applies to them.

    `every_s`: between lookups of what is missing. `give_up_s`: from the start of the validation to its failure.
    `renewal_s`: from the certificate's issue until its records are looked up again; `valid_s`: until it ends.

    Raises:
        ValueError: if a certificate would end before its renewal.
    """

    lookup: Lookup
    every_s: float = CHECK_EVERY_S
    give_up_s: float = GIVE_UP_S
    renewal_s: float = RENEWAL_S
    valid_s: float = VALID_S

    def __post_init__(self) -> None:
        if self.renewal_s >= self.valid_s:
            msg = f"renewal = {self.renewal_s:g}s, must be less than the validity of a certificate, {self.valid_s:g}s"
            raise ValueError(msg)
