"""What CloudWatch's exporter sees of a platform: who its services are, and what their instances use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from simulator.fleet.driver import Usage
from simulator.model.sizes import InstanceSize
from simulator.world.tasks import Tasks


@dataclass(frozen=True, slots=True)
class ServiceIdentity:
    """As AWS names it: the service's name and id, and its Region."""

    name: str
    service_id: str
    region: str


@dataclass(frozen=True, slots=True)
class InstanceReading:
    """One launched instance at this moment. `instance_id`: 32 hexadecimal digits; `age_s`: since its launch,
    infinite when that was before the run.
    """

    instance_id: str
    age_s: float
    size: InstanceSize
    usage: Usage


class PlatformView(Protocol):
    """`tasks`: the platform's, which a bug in the exporter breaks like any other."""

    tasks: Tasks

    def identity(self, service: str) -> ServiceIdentity | None:
        """`service`: its name on the platform; None when it is not there any more."""

    def readings(self, service: str) -> Sequence[InstanceReading]:
        """Of its launched instances, whatever they do; without those that nobody can measure."""
