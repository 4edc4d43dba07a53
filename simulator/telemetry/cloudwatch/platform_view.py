"""The part of a platform that the CloudWatch exporter reads: identities of services, resource use of instances."""

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
    """The resource use of one provisioned instance at this moment.

    `instance_id`: 32 hexadecimal digits. `age_s`: seconds since its start; infinite if it started before the run.
    """

    instance_id: str
    age_s: float
    size: InstanceSize
    usage: ResourceUsage


class PlatformView(Protocol):
    """The part of a platform that the exporter reads.

    `tasks`: the platform's task group; a bug in the exporter stops the run like any other bug.
    """

    tasks: Tasks

    def identity(self, service: str) -> ServiceIdentity | None:
        """Return the identity of the service with that name; None if it no longer exists."""

    def readings(self, service: str) -> Sequence[InstanceReading]:
        """Return readings of the service's started instances in any state, except those that cannot be measured."""
