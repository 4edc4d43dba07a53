"""The phases of a deployment, in the order in which the service's event log reports them (facts 2.4)."""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """The progress of an operation. SOURCE_PULLED and BUILDING apply only to services from source code."""

    BEGUN = 1
    SOURCE_PULLED = 2
    BUILDING = 3
    SOURCE_READY = 4  # the image has been pulled or built
    PROVISIONING = 5
    HEALTH_CHECKING = 6
    HEALTHY = 7
    ROUTED = 8
    DONE = 9
