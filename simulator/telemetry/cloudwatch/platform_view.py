"""The CloudWatch exporter's view of a platform: the identity of its services, and the resource use of their
instances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from simulator.fleet.ports import ResourceUsage
from simulator.model.sizes import InstanceSize
from simulator.world.tasks import Tasks


@dataclass(frozen=True, slots=True)
class ServiceIdentity:
    """A service's identity in AWS: its name, its id and its Region."""

    name: str
    service_id: str
    region: str


@dataclass(frozen=True, slots=True)
class InstanceReading:
    """One provisioned instance at this moment.

    `instance_id`: 32 hexadecimal digits. `age_s`: since its launch, infinite if that was before the run.
    """

    instance_id: str
    age_s: float
    size: InstanceSize
    usage: ResourceUsage


class PlatformView(Protocol):
    """What the exporter reads. `tasks`: the platform's task group; a bug in the exporter stops the run as any other bug
    does.
    """

    tasks: Tasks

    def identity(self, service: str) -> ServiceIdentity | None:
        """Return the identity of the service with that name on the platform; None if it no longer exists."""

    def readings(self, service: str) -> Sequence[InstanceReading]:
        """Read the service's launched instances in any state, except those that cannot be measured."""
