"""End-of-support dates of managed runtimes, after which new services cannot use them (facts 6.6)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Final

# Existing services keep a runtime after its end of support and may be updated; new services cannot use it
# (RN/2025-08-28).
END_OF_SUPPORT: Final = MappingProxyType(
    {
        "PYTHON_3": date(2025, 12, 1),
        "NODEJS_12": date(2025, 12, 1),
        "NODEJS_14": date(2025, 12, 1),
        "NODEJS_16": date(2025, 12, 1),
        "NODEJS_18": date(2025, 12, 1),
        "DOTNET_6": date(2025, 12, 1),
        "PHP_81": date(2025, 12, 31),
        "RUBY_31": date(2025, 12, 1),
        "GO_1": date(2025, 12, 1),
    }
)


def is_supported(runtime: str, epoch_s: float) -> bool:
    """Return True if a new service may use `runtime` at `epoch_s`."""
    end = END_OF_SUPPORT.get(runtime)
    return end is None or datetime.fromtimestamp(epoch_s, UTC).date() < end
