"""What `simulator serve` puts together: the platform with its front, and the control plane on it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Final, Self

from simulator.assembly.applications import Applications, ApplicationSettings
from simulator.assembly.control_plane import ControlPlane, ControlPlaneSettings
from simulator.assembly.front import LiveSettings
from simulator.assembly.platform import Platform
from simulator.assembly.service_workload import PlatformWorkload, WorkloadSettings
from simulator.world.chance import Chance
from simulator.world.tasks import first_of

FACTS_KEPT: Final = 10_000  # of a platform that runs for ever; some megabytes
_SEED_BITS: Final = 63


@dataclass(frozen=True, slots=True)
class ServingSettings:
    """Of the three parts, and what runs behind image identifiers."""

    control: ControlPlaneSettings
    front: LiveSettings
    workload: WorkloadSettings = field(default_factory=WorkloadSettings)
    applications: ApplicationSettings = field(default_factory=ApplicationSettings)


class Serving:
    """Open and answering. Close it in every case."""

    def __init__(self, platform: Platform, workload: PlatformWorkload, plane: ControlPlane) -> None:
        self.platform = platform
        self.workload = workload
        self.plane = plane

    async def until_broken(self) -> None:
        """Raises what broke behind the answers. Nothing does, unless there is a bug."""
        failures = (self.plane.tasks.failed, self.platform.tasks.failed)
        failures[await first_of(*failures)].result()

    async def close(self) -> None:
        """No call any more, then no operation, then no instance."""
        await self.plane.close()
        await self.platform.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def open_serving(settings: ServingSettings) -> Serving:
    """Raises what `open_control_plane` raises, and OSError when a port of the front cannot be had."""
    # Drawn anew: the instances of this start are others than those of the one before.
    platform = Platform((), Chance(secrets.randbits(_SEED_BITS)), live=settings.front, facts_max=FACTS_KEPT)
    try:
        workload = PlatformWorkload(platform, Applications(settings.applications), settings.workload)
        plane = ControlPlane(settings.control, workload)  # from here on the state folder is ours
        try:
            await platform.open()
            platform.start()
            await plane.open()
        except BaseException:
            await plane.close()
            raise
    except BaseException:
        await platform.close()
        raise
    return Serving(platform, workload, plane)
