"""The closed union of what instances can run: an application of each kind of driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # a virtual run needs none of the real kinds
    from simulator.fleet.docker.config import DockerApplication
    from simulator.fleet.process.environment import ProcessApplication
    from simulator.fleet.simulated.application import SimulatedApplication

Application: TypeAlias = "SimulatedApplication | ProcessApplication | DockerApplication"
