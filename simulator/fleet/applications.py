"""The closed union of the applications that instances can run: one kind per driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # a run in virtual time imports none of the real kinds
    from simulator.fleet.docker.config import DockerApplication
    from simulator.fleet.process.environment import ProcessApplication
    from simulator.fleet.running.running_application import RunningApplication
    from simulator.fleet.simulated.application import SimulatedApplication

Application: TypeAlias = "SimulatedApplication | ProcessApplication | DockerApplication | RunningApplication"
