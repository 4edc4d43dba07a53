"""Names of the Availability Zones of a Region."""

from __future__ import annotations

from string import ascii_lowercase
from typing import Final

ZONES_MAX: Final = 6  # us-east-1 has the most


def zone_names(count: int) -> tuple[str, ...]:
    """Return the names of `count` zones: a, b, c and so on."""
    assert 0 <= count <= ZONES_MAX, count
    return tuple(ascii_lowercase[:count])
