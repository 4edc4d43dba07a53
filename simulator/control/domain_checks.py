"""Settings of the validation of custom domains by DNS records. Without them, validation always succeeds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

# Arguments: name and type of records. Returns their values in the format of a zone file, empty if there are none; None
# if no DNS server has answered.
Lookup = Callable[[str, str], Awaitable[frozenset[str] | None]]

_DAY_S: Final = 86400.0
# ASSUMPTION: one minute; the interval at which ACM looks up records is not published. Timing a record that is created
# late would settle it.
CHECK_EVERY_S: Final = 60.0
GIVE_UP_S: Final = 72 * 3600.0  # ACM's time-out of a validation (facts 10.3)
# ACM begins to look up the records again 60 days before a certificate expires (facts 10.3)
RENEWAL_S: Final = (395 - 60) * _DAY_S
VALID_S: Final = 395 * _DAY_S


@dataclass(frozen=True, slots=True)
class DomainChecks:
    """Settings of the validation.

    `lookup` finds records. Times are in seconds and are multiplied by the factor of the time profile.

    `every_s`: interval between lookups of missing records. `give_up_s`: from the start of the validation to its
    failure. `renewal_s`: from the issue of the certificate until its records are looked up again; `valid_s`: until it
    expires.

    Raises:
        ValueError: if a certificate would expire before its renewal.
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
