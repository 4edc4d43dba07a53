"""The resource usage of the observed instance at a moment."""

from __future__ import annotations

import math
from typing import Final

from simulator.fleet.ports import ResourceUsage
from simulator.platform.platform import Platform

UNKNOWN_USAGE: Final = ResourceUsage(math.nan, math.nan)


def instance_usage(platform: Platform, service: str) -> ResourceUsage:
    """Return the usage of the service's instance now; NaN where it is unknown."""
    living = platform.services[service].living()
    usage = living[-1].backend.usage() if living and living[-1].is_ready else None
    if usage is None:
        return UNKNOWN_USAGE
    return usage if usage.memory_bytes else usage._replace(memory_bytes=math.nan)  # of a simulated one: not given
